variable "users" {
  default = ["anna", "bela", "cem"]
}

resource "aws_iam_user" "u" {
  for_each = toset(var.users)
  name     = "corpus-${each.value}"
  path     = "/people/"
}

resource "aws_iam_group" "g" {
  name = "corpus-people"
  path = "/groups/"
}

resource "aws_iam_group_membership" "g" {
  name  = "members"
  group = aws_iam_group.g.name
  users = [for u in aws_iam_user.u : u.name]
}

data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "self" {
  statement {
    sid       = "ManageOwnKeys"
    actions   = ["iam:*AccessKey*", "iam:GetUser", "iam:GetUser"]
    resources = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:user/people/$${aws:username}"]
  }

  statement {
    sid         = "DenyWithoutMfa"
    effect      = "Deny"
    not_actions = ["iam:EnableMFADevice", "sts:GetSessionToken", "iam:ListMFADevices"]
    resources   = ["*"]

    condition {
      test     = "BoolIfExists"
      variable = "aws:MultiFactorAuthPresent"
      values   = [false]
    }
  }

  statement {
    actions       = ["s3:*"]
    not_resources = [for name in var.users : "arn:aws:s3:::home/&{aws:userid}/${name}/*"]
  }
}

resource "aws_iam_group_policy" "self" {
  name   = "self"
  group  = aws_iam_group.g.id
  policy = data.aws_iam_policy_document.self.json
}

resource "aws_iam_user_policy_attachment" "read" {
  for_each   = aws_iam_user.u
  user       = each.value.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_policy" "assume" {
  name   = "corpus-people-list"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "iam:GetUser", Resource = values(aws_iam_user.u)[*].arn }] })
}
