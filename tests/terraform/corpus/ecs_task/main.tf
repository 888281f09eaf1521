variable "name" {
  default = "corpus-ecs"
}

variable "secrets" {
  type    = map(string)
  default = { DB = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf", KEY = "arn:aws:ssm:eu-west-1:123456789012:parameter/key" }
}

variable "tasks_iam_role_statements" {
  type    = any
  default = [{ actions = ["s3:List*"], resources = ["arn:aws:s3:::*"] }]
}

data "aws_region" "current" {}
data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

locals {
  account_id = try(data.aws_caller_identity.current.account_id, "")
  parameters = [for k, v in var.secrets : v if can(regex(":ssm:", v))]
  secrets    = [for k, v in var.secrets : v if !can(regex(":ssm:", v))]
}

data "aws_iam_policy_document" "tasks_assume" {
  statement {
    sid     = "ECSTasksAssumeRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:ecs:${data.aws_region.current.name}:${local.account_id}:*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_iam_role" "task" {
  name                 = format("%s-%s", var.name, "task")
  assume_role_policy   = data.aws_iam_policy_document.tasks_assume.json
  permissions_boundary = null
}

data "aws_iam_policy_document" "execution" {
  dynamic "statement" {
    for_each = length(local.parameters) > 0 ? [1] : []
    content {
      sid       = "GetSSMParams"
      actions   = ["ssm:GetParameters"]
      resources = local.parameters
    }
  }

  dynamic "statement" {
    for_each = length(local.secrets) > 0 ? [1] : []
    content {
      sid       = "GetSecrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = local.secrets
    }
  }

  dynamic "statement" {
    for_each = { for k, v in var.tasks_iam_role_statements : k => v }
    content {
      sid       = lookup(statement.value, "sid", null)
      actions   = lookup(statement.value, "actions", null)
      effect    = lookup(statement.value, "effect", null)
      resources = lookup(statement.value, "resources", null)

      dynamic "condition" {
        for_each = lookup(statement.value, "conditions", [])
        content {
          test     = condition.value.test
          values   = condition.value.values
          variable = condition.value.variable
        }
      }
    }
  }
}

resource "aws_ecs_cluster" "this" {
  name = var.name
}

resource "aws_iam_role_policy" "execution" {
  name   = "execution"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.execution.json
}

resource "aws_iam_policy" "run" {
  name = "${var.name}-run"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iam:PassRole", Resource = aws_iam_role.task.arn, Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } } },
      { Effect = "Allow", Action = "ecs:RunTask", Resource = "*", Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.this.arn } } },
    ]
  })
}
