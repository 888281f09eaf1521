terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

locals {
  parsed = provider::aws::arn_parse("arn:aws:iam::444455556666:role/path/x")
  built  = provider::aws::arn_build("aws", "s3", "", "", "corpus-functions")
  short  = provider::aws::trim_iam_role_path("arn:aws:iam::444455556666:role/path/x")
}

data "aws_arn" "a" {
  arn = "arn:aws:rds:eu-west-1:123456789012:db:mysql-db"
}

resource "aws_iam_policy" "p" {
  name = "corpus-functions"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "sts:AssumeRole", Resource = [local.short, "arn:aws:iam::${local.parsed.account_id}:${local.parsed.resource}"] },
      { Effect = "Allow", Action = "s3:*", Resource = "${local.built}/*" },
      { Effect = "Allow", Action = "${data.aws_arn.a.service}:Describe*", Resource = "arn:aws:rds:*:${data.aws_arn.a.account}:${data.aws_arn.a.resource}" },
    ]
  })
}
