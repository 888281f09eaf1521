data "aws_partition" "current" {}

variable "policies" {
  default = ["AmazonS3ReadOnlyAccess", "job-function/ViewOnlyAccess"]
}

data "aws_iam_policy" "by_arn" {
  for_each = toset(var.policies)
  arn      = "arn:${data.aws_partition.current.partition}:iam::aws:policy/${each.value}"
}

resource "aws_iam_role" "r" {
  name               = "corpus-managed"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}

resource "aws_iam_role_policy_attachment" "a" {
  for_each   = data.aws_iam_policy.by_arn
  role       = aws_iam_role.r.name
  policy_arn = each.value.arn
}

resource "aws_iam_policy" "only_these" {
  name = "corpus-managed-only"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
      Resource  = "*"
      Condition = { ArnEquals = { "iam:PolicyARN" = [for p in data.aws_iam_policy.by_arn : p.arn] } }
    }]
  })
}
