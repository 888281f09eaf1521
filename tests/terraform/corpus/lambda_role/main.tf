variable "function_name" {
  default = "corpus-lambda"
}

variable "policy_statements" {
  type = any
  default = {
    dynamodb = {
      effect    = "Allow"
      actions   = ["dynamodb:BatchWriteItem"]
      resources = ["arn:aws:dynamodb:eu-west-1:052212379155:table/Test"]
    }
    s3_read = {
      effect      = "Deny"
      not_actions = ["s3:HeadObject", "s3:GetObject"]
      resources   = ["arn:aws:s3:::my-bucket/*"]
      condition = {
        stringequals_condition = {
          test     = "StringEquals"
          variable = "aws:PrincipalOrgID"
          values   = ["123456789012"]
        }
      }
    }
  }
}

variable "attach_cloudwatch_logs_policy" {
  default = true
}

variable "attach_network_policy" {
  default = false
}

variable "attach_dead_letter_policy" {
  default = false
}

data "aws_region" "current" {}
data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  log_group_arn = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:log-group:/aws/lambda/${var.function_name}"
  trusted_entities_services = distinct(compact(concat(
    ["lambda.amazonaws.com"],
    [for s in ["", "edgelambda.amazonaws.com", "lambda.amazonaws.com"] : s],
  )))
}

data "aws_iam_policy_document" "assume_role" {
  statement {
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = local.trusted_entities_services
    }
  }
}

resource "aws_iam_role" "lambda" {
  name               = var.function_name
  assume_role_policy = data.aws_iam_policy_document.assume_role.json
}

resource "aws_cloudwatch_log_group" "lambda" {
  count = var.attach_cloudwatch_logs_policy ? 1 : 0
  name  = "/aws/lambda/${var.function_name}"
}

data "aws_iam_policy_document" "logs" {
  count = var.attach_cloudwatch_logs_policy ? 1 : 0

  statement {
    effect = "Allow"

    actions = compact([
      !var.attach_network_policy ? "logs:CreateLogGroup" : "",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ])

    resources = flatten([for _ in ["%v:*", "%v:*:*"] : format(_, aws_cloudwatch_log_group.lambda[0].arn)])
  }
}

resource "aws_iam_policy" "logs" {
  count  = var.attach_cloudwatch_logs_policy ? 1 : 0
  name   = "${var.function_name}-logs"
  policy = data.aws_iam_policy_document.logs[0].json
}

data "aws_iam_policy_document" "additional_inline" {
  count = length(var.policy_statements) > 0 ? 1 : 0

  dynamic "statement" {
    for_each = var.policy_statements

    content {
      sid           = try(statement.value.sid, replace(statement.key, "/[^0-9A-Za-z]*/", ""))
      effect        = try(statement.value.effect, null)
      actions       = try(statement.value.actions, null)
      not_actions   = try(statement.value.not_actions, null)
      resources     = try(statement.value.resources, null)
      not_resources = try(statement.value.not_resources, null)

      dynamic "principals" {
        for_each = try(statement.value.principals, [])
        content {
          type        = principals.value.type
          identifiers = principals.value.identifiers
        }
      }

      dynamic "condition" {
        for_each = try(statement.value.condition, [])
        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_iam_role_policy" "additional_inline" {
  count  = length(var.policy_statements) > 0 ? 1 : 0
  name   = "${var.function_name}-inline"
  role   = aws_iam_role.lambda.name
  policy = data.aws_iam_policy_document.additional_inline[0].json
}

output "log_group_arn" {
  value = element(concat(aws_cloudwatch_log_group.lambda[*].arn, [""]), 0)
}
