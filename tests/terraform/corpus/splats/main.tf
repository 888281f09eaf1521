variable "on" {
  default = true
}

resource "aws_iam_role" "maybe" {
  count              = var.on ? 1 : 0
  name               = "corpus-splat"
  assume_role_policy = data.aws_iam_policy_document.t.json
}

resource "aws_iam_role" "never" {
  count              = var.on ? 0 : 1
  name               = "corpus-never"
  assume_role_policy = data.aws_iam_policy_document.t.json
}

resource "aws_iam_role" "single" {
  name               = "corpus-splat-single"
  assume_role_policy = data.aws_iam_policy_document.t.json
}

data "aws_iam_policy_document" "t" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

locals {
  arns = concat(aws_iam_role.maybe.*.arn, aws_iam_role.never.*.arn, aws_iam_role.single[*].arn)
}

data "aws_iam_policy_document" "p" {
  statement {
    actions   = ["iam:PassRole"]
    resources = local.arns
  }

  statement {
    actions = ["iam:GetRole"]
    resources = [
      join("", aws_iam_role.maybe.*.arn),
      element(concat(aws_iam_role.never.*.arn, ["arn:aws:iam::123456789012:role/none"]), 0),
      try(aws_iam_role.never[0].arn, aws_iam_role.maybe[0].arn),
      coalesce(join("", aws_iam_role.never[*].arn), "arn:aws:iam::123456789012:role/fallback"),
      one(aws_iam_role.maybe[*].arn),
    ]
  }

  dynamic "statement" {
    for_each = aws_iam_role.maybe
    content {
      actions   = ["iam:TagRole"]
      resources = [statement.value.arn]
    }
  }
}

resource "aws_iam_policy" "p" {
  name   = "corpus-splat"
  policy = data.aws_iam_policy_document.p.json
}
