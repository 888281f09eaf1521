variable "key_administrators" {
  type    = list(string)
  default = ["arn:aws:iam::111122223333:role/admin"]
}

variable "key_users" {
  type    = list(string)
  default = ["arn:aws:iam::111122223333:role/app", "arn:aws:iam::111122223333:role/batch"]
}

variable "key_statements" {
  type = any
  default = [
    {
      sid        = "CloudWatchLogs"
      actions    = ["kms:Encrypt*", "kms:Decrypt*"]
      resources  = ["*"]
      principals = [{ type = "Service", identifiers = ["logs.eu-west-1.amazonaws.com"] }]
      conditions = [
        {
          test     = "ArnLike"
          variable = "kms:EncryptionContext:aws:logs:arn"
          values   = ["arn:aws:logs:eu-west-1:111122223333:log-group:*"]
        }
      ]
    }
  ]
}

variable "enable_default_policy" {
  type    = bool
  default = true
}

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  dns_suffix = data.aws_partition.current.dns_suffix
}

data "aws_iam_policy_document" "this" {
  count = 1

  dynamic "statement" {
    for_each = var.enable_default_policy ? [1] : []

    content {
      sid       = "Default"
      actions   = ["kms:*"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.key_administrators) > 0 ? [1] : []

    content {
      sid       = "KeyAdministration"
      actions   = ["kms:Create*", "kms:Describe*", "kms:Put*", "kms:ScheduleKeyDeletion"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = var.key_administrators
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.key_users) > 0 ? toset(var.key_users) : []
    iterator = user

    content {
      sid       = "KeyUsage${title(element(split("/", user.value), 1))}"
      actions   = ["kms:Encrypt", "kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = [user.key]
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.eu-west-1.${local.dns_suffix}"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.key_statements

    content {
      sid           = try(statement.value.sid, null)
      actions       = try(statement.value.actions, null)
      not_actions   = try(statement.value.not_actions, null)
      effect        = try(statement.value.effect, null)
      resources     = try(statement.value.resources, null)
      not_resources = try(statement.value.not_resources, null)

      dynamic "principals" {
        for_each = try(statement.value.principals, [])

        content {
          type        = principals.value.type
          identifiers = principals.value.identifiers
        }
      }

      dynamic "not_principals" {
        for_each = try(statement.value.not_principals, [])

        content {
          type        = not_principals.value.type
          identifiers = not_principals.value.identifiers
        }
      }

      dynamic "condition" {
        for_each = try(statement.value.conditions, [])

        content {
          test     = condition.value.test
          values   = condition.value.values
          variable = condition.value.variable
        }
      }
    }
  }
}

resource "aws_kms_key" "this" {
  description = "corpus"
  policy      = data.aws_iam_policy_document.this[0].json
}

resource "aws_kms_alias" "this" {
  name          = "alias/corpus"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_iam_policy" "alias" {
  name = "corpus-kms-alias"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "kms:DescribeKey", Resource = aws_kms_alias.this.arn }]
  })
}
