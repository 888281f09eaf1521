# The ticket desk looks things up and, when a tool hangs, restarts it as ops-tools.
data "aws_iam_policy_document" "ticket_desk_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.people["carol"].arn]
    }
  }
}

resource "aws_iam_role" "ticket_desk" {
  name               = "ticket-desk"
  assume_role_policy = data.aws_iam_policy_document.ticket_desk_trust.json
}

data "aws_iam_policy_document" "ops_tools_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.ticket_desk.arn]
    }
  }
}

resource "aws_iam_role" "ops_tools" {
  name               = "ops-tools"
  assume_role_policy = data.aws_iam_policy_document.ops_tools_trust.json
}

data "aws_iam_policy_document" "ops_tools" {
  statement {
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.shop["tools"].arn}/*"]
  }
}

resource "aws_iam_role_policy" "ops_tools" {
  name   = "tools"
  role   = aws_iam_role.ops_tools.id
  policy = data.aws_iam_policy_document.ops_tools.json
}

# alice looks after the platform. ops-tools was added for the migration last spring.
data "aws_iam_policy_document" "platform_admin_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type = "AWS"
      identifiers = [
        aws_iam_user.people["alice"].arn,
        aws_iam_role.ops_tools.arn,
      ]
    }
  }
}

resource "aws_iam_role" "platform_admin" {
  name               = "platform-admin"
  assume_role_policy = data.aws_iam_policy_document.platform_admin_trust.json
}

resource "aws_iam_role_policy_attachment" "platform_admin" {
  role       = aws_iam_role.platform_admin.name
  policy_arn = local.admin
}
