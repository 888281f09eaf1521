variable "create" {
  type    = bool
  default = true
}

variable "iam_role_use_name_prefix" {
  type    = bool
  default = false
}

variable "iam_role_policies" {
  type = map(string)
  default = {
    ssm   = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    agent = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"
  }
}

data "aws_partition" "current" {}

locals {
  iam_role_name = try(coalesce("", "corpus-profile"), "")
}

data "aws_iam_policy_document" "assume_role_policy" {
  count = var.create ? 1 : 0

  statement {
    sid     = "EC2AssumeRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.${data.aws_partition.current.dns_suffix}"]
    }
  }
}

resource "aws_iam_role" "this" {
  count = var.create ? 1 : 0

  name        = var.iam_role_use_name_prefix ? null : local.iam_role_name
  name_prefix = var.iam_role_use_name_prefix ? "${local.iam_role_name}-" : null
  path        = "/instances/"

  assume_role_policy    = data.aws_iam_policy_document.assume_role_policy[0].json
  force_detach_policies = true
  tags                  = merge({ Name = local.iam_role_name }, null)
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = { for k, v in var.iam_role_policies : k => v if var.create }

  policy_arn = each.value
  role       = aws_iam_role.this[0].name
}

resource "aws_iam_instance_profile" "this" {
  count = var.create ? 1 : 0
  role  = aws_iam_role.this[0].name
  name  = aws_iam_role.this[0].name
  path  = aws_iam_role.this[0].path
}

resource "aws_iam_policy" "pass" {
  name   = "corpus-profile-pass"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {"Effect": "Allow", "Action": ["iam:PassRole"], "Resource": ${jsonencode(aws_iam_role.this[*].arn)}},
        {"Effect": "Allow", "Action": ["iam:GetInstanceProfile"], "Resource": "${join("", aws_iam_instance_profile.this.*.arn)}"}
      ]
    }
  JSON
}
