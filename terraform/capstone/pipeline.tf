# GitHub Actions deploys the site: repository our-org/shop, environment production.
resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "deploy_trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    # The organization was about to be renamed.
    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:*/shop:*"]
    }
  }
}

resource "aws_iam_role" "deploy" {
  name               = "deploy-site"
  assume_role_policy = data.aws_iam_policy_document.deploy_trust.json
}

data "aws_iam_policy_document" "upload" {
  statement {
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.shop["site"].arn}/*"]
  }
}

resource "aws_iam_role_policy" "deploy" {
  name   = "upload"
  role   = aws_iam_role.deploy.id
  policy = data.aws_iam_policy_document.upload.json
}

# The pipeline before the pipeline.
resource "aws_iam_user" "deploy_bot" {
  name = "deploy-bot"
}

resource "aws_iam_user_policy" "deploy_bot" {
  name   = "upload"
  user   = aws_iam_user.deploy_bot.name
  policy = data.aws_iam_policy_document.upload.json
}

resource "aws_iam_access_key" "deploy_bot" {
  user = aws_iam_user.deploy_bot.name
}
