# alice is on call, bob is a developer, carol sits at the ticket desk.
resource "aws_iam_user" "people" {
  for_each = toset(["alice", "bob", "carol"])
  name     = each.key
}

# bob starts the servers of the shop.
data "aws_iam_policy_document" "launch" {
  statement {
    sid       = "Launch"
    actions   = ["ec2:RunInstances", "ec2:CreateTags", "ec2:Describe*"]
    resources = ["*"]
  }

  # A launch with an instance profile fails without this.
  statement {
    sid       = "PassTheRole"
    actions   = ["iam:PassRole"]
    resources = ["*"]
  }
}

resource "aws_iam_user_policy" "launch" {
  name   = "launch"
  user   = aws_iam_user.people["bob"].name
  policy = data.aws_iam_policy_document.launch.json
}

# Payroll, once a month. It takes less than an hour.
data "aws_iam_policy_document" "payroll_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.people["alice"].arn]
    }
  }
}

resource "aws_iam_role" "payroll" {
  name                 = "payroll"
  assume_role_policy   = data.aws_iam_policy_document.payroll_trust.json
  max_session_duration = 43200 # so that nobody has to sign in twice a day
}

data "aws_iam_policy_document" "payroll" {
  statement {
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.shop["payroll"].arn}/*"]
  }
}

resource "aws_iam_role_policy" "payroll" {
  name   = "payroll"
  role   = aws_iam_role.payroll.id
  policy = data.aws_iam_policy_document.payroll.json
}

# For emergencies: everything, after MFA.
data "aws_iam_policy_document" "break_glass_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.people["alice"].arn]
    }

    condition {
      test     = "BoolIfExists"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }
  }
}

resource "aws_iam_role" "break_glass" {
  name               = "break-glass"
  assume_role_policy = data.aws_iam_policy_document.break_glass_trust.json
}

resource "aws_iam_role_policy_attachment" "break_glass" {
  role       = aws_iam_role.break_glass.name
  policy_arn = local.admin
}
