variable "create_role" {
  type    = bool
  default = true
}

variable "role_requires_mfa" {
  type    = bool
  default = true
}

variable "mfa_age" {
  type    = number
  default = 86400
}

variable "trusted_role_arns" {
  type    = list(string)
  default = ["arn:aws:iam::222233334444:root", "arn:aws:iam::222233334444:role/deploy"]
}

variable "trusted_role_services" {
  type    = list(string)
  default = ["codedeploy.amazonaws.com"]
}

variable "trusted_role_actions" {
  type    = list(string)
  default = ["sts:AssumeRole", "sts:TagSession"]
}

variable "role_sts_externalid" {
  type    = any
  default = []
}

variable "allow_self_assume_role" {
  type    = bool
  default = true
}

variable "custom_role_policy_arns" {
  type    = list(string)
  default = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
}

locals {
  account_id          = data.aws_caller_identity.current.account_id
  partition           = data.aws_partition.current.partition
  role_sts_externalid = flatten([var.role_sts_externalid])
  role_name_condition = "corpus-assumable"
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "plain" {
  count = var.role_requires_mfa ? 0 : 1

  statement {
    actions = var.trusted_role_actions
  }
}

data "aws_iam_policy_document" "with_mfa" {
  count = var.role_requires_mfa ? 1 : 0

  dynamic "statement" {
    for_each = var.allow_self_assume_role ? [1] : []

    content {
      sid     = "ExplicitSelfRoleAssumption"
      effect  = "Allow"
      actions = ["sts:AssumeRole"]

      principals {
        type        = "AWS"
        identifiers = ["*"]
      }

      condition {
        test     = "ArnLike"
        variable = "aws:PrincipalArn"
        values   = ["arn:${local.partition}:iam::${local.account_id}:role/${local.role_name_condition}"]
      }
    }
  }

  statement {
    effect  = "Allow"
    actions = var.trusted_role_actions

    principals {
      type        = "AWS"
      identifiers = var.trusted_role_arns
    }

    principals {
      type        = "Service"
      identifiers = var.trusted_role_services
    }

    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }

    condition {
      test     = "NumericLessThan"
      variable = "aws:MultiFactorAuthAge"
      values   = [var.mfa_age]
    }

    dynamic "condition" {
      for_each = length(local.role_sts_externalid) != 0 ? [true] : []
      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = local.role_sts_externalid
      }
    }
  }
}

resource "aws_iam_role" "this" {
  count = var.create_role ? 1 : 0

  name                 = "corpus-assumable"
  max_session_duration = 3600
  assume_role_policy = coalesce(
    try(data.aws_iam_policy_document.with_mfa[0].json, null),
    try(data.aws_iam_policy_document.plain[0].json, null),
  )
}

resource "aws_iam_role_policy_attachment" "custom" {
  count = var.create_role ? length(var.custom_role_policy_arns) : 0

  role       = aws_iam_role.this[0].name
  policy_arn = element(var.custom_role_policy_arns, count.index)
}

output "iam_role_arn" {
  value = try(aws_iam_role.this[0].arn, "")
}
