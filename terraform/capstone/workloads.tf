# What AWS services become.
data "aws_iam_policy_document" "service_trust" {
  for_each = {
    thumbnailer = "ecs-tasks.amazonaws.com"
    web         = "ec2.amazonaws.com"
    maintenance = "ec2.amazonaws.com"
  }

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [each.value]
    }
  }
}

# A container that reads pictures from shop-uploads and writes small ones to shop-thumbnails.
resource "aws_iam_role" "thumbnailer" {
  name               = "thumbnailer"
  assume_role_policy = data.aws_iam_policy_document.service_trust["thumbnailer"].json
}

data "aws_iam_policy_document" "thumbnailer" {
  statement {
    actions   = ["s3:*"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "thumbnailer" {
  name   = "pictures"
  role   = aws_iam_role.thumbnailer.id
  policy = data.aws_iam_policy_document.thumbnailer.json
}

# The web servers.
resource "aws_iam_role" "web" {
  name               = "web"
  assume_role_policy = data.aws_iam_policy_document.service_trust["web"].json
}

data "aws_iam_policy_document" "web" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.shop["site"].arn}/*"]
  }
}

resource "aws_iam_role_policy" "web" {
  name   = "site"
  role   = aws_iam_role.web.id
  policy = data.aws_iam_policy_document.web.json
}

resource "aws_iam_instance_profile" "web" {
  name = "web"
  role = aws_iam_role.web.name
}

# One machine that repairs what is broken at night.
resource "aws_iam_role" "maintenance" {
  name               = "maintenance"
  assume_role_policy = data.aws_iam_policy_document.service_trust["maintenance"].json
}

resource "aws_iam_role_policy_attachment" "maintenance" {
  role       = aws_iam_role.maintenance.name
  policy_arn = local.admin
}

resource "aws_iam_instance_profile" "maintenance" {
  name = "maintenance"
  role = aws_iam_role.maintenance.name
}
