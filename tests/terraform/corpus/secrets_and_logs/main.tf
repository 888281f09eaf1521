data "aws_caller_identity" "me" {}
data "aws_region" "here" {}

variable "names" {
  type    = list(string)
  default = ["db", "api"]
}

locals {
  secret_arns = [for n in var.names : "arn:aws:secretsmanager:${data.aws_region.here.id}:${data.aws_caller_identity.me.account_id}:secret:corpus/${n}-??????"]
}

resource "aws_cloudwatch_log_group" "g" {
  count             = length(var.names)
  name              = "/corpus/${var.names[count.index]}"
  retention_in_days = 7 * (count.index + 1) == 7 ? 7 : 14
}

resource "aws_ssm_parameter" "p" {
  for_each = toset(var.names)
  name     = "/corpus/${each.key}"
  type     = "String"
  value    = "v"
}

resource "aws_sns_topic" "t" {
  name = "corpus-secrets"
}

resource "aws_iam_policy" "p" {
  name = "corpus-secrets"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = local.secret_arns },
      { Effect = "Allow", Action = "logs:PutLogEvents", Resource = [for g in aws_cloudwatch_log_group.g : "${g.arn}:*"] },
      { Effect = "Allow", Action = "ssm:GetParameter", Resource = [for p in aws_ssm_parameter.p : p.arn] },
      { Effect = "Allow", Action = "sns:Publish", Resource = aws_sns_topic.t.id },
    ]
  })
}
