data "aws_partition" "p" {}

variable "inline" {
  type = map(any)
  default = {
    logs = { actions = ["logs:PutLogEvents"], resource = "*" }
    s3   = { actions = ["s3:GetObject", "s3:ListBucket"], resource = "arn:aws:s3:::corpus-inline/*" }
  }
}

resource "aws_iam_policy" "boundary" {
  name = "corpus-inline-boundary"
  path = "/boundaries/"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", NotAction = ["iam:*", "organizations:*"], Resource = "*" }
  })
}

resource "aws_iam_role" "this" {
  name                 = "corpus-inline"
  permissions_boundary = aws_iam_policy.boundary.arn
  assume_role_policy = jsonencode(
    {
      "Version" : "2012-10-17",
      "Statement" : [
        {
          "Effect" : "Allow",
          "Principal" : { "Service" : "lambda.amazonaws.com" },
          "Action" : "sts:AssumeRole"
        }
      ]
    }
  )

  dynamic "inline_policy" {
    for_each = var.inline
    content {
      name = "${inline_policy.key}-policy"
      policy = jsonencode({
        Version = "2012-10-17"
        Statement = [{
          Effect   = "Allow"
          Action   = inline_policy.value.actions
          Resource = inline_policy.value["resource"]
        }]
      })
    }
  }

  managed_policy_arns = [
    "arn:${data.aws_partition.p.partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
  ]
}
