locals {
  ips = ["10.0.0.0/8", "192.168.0.0/16", "10.0.0.0/8"]
}

data "aws_iam_policy_document" "this" {
  statement {
    actions   = ["s3:GetObject", "s3:PutObject", "s3:GetObject"]
    resources = ["arn:aws:s3:::z/*", "arn:aws:s3:::a/*"]

    condition {
      test     = "IpAddress"
      variable = "aws:SourceIp"
      values   = local.ips
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/Team"
      values   = ["&{aws:PrincipalTag/Team}"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/Env"
      values   = ["prod", "dev"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/Team"
      values   = ["other"]
    }

    condition {
      test     = "DateGreaterThan"
      variable = "aws:CurrentTime"
      values   = [timeadd("2025-01-01T00:00:00Z", "36h"), formatdate("YYYY-MM-DD'T'hh:mm:ssZ", "2025-03-01T12:00:00Z")]
    }

    condition {
      test     = "Null"
      variable = "aws:TokenIssueTime"
      values   = ["false"]
    }
  }
}

data "aws_iam_policy_document" "principals" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["111122223333", "arn:aws:iam::111122223333:user/b"]
    }

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:user/a"]
    }

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com", "lambda.amazonaws.com"]
    }

    principals {
      type        = "Federated"
      identifiers = ["cognito-identity.amazonaws.com"]
    }
  }

  statement {
    effect  = "Deny"
    actions = ["s3:*"]

    not_principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root"]
    }

    principals {
      type        = "CanonicalUser"
      identifiers = ["79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"]
    }
  }

  statement {
    actions = ["s3:GetObject"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }

  statement {
    actions = ["s3:ListBucket"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}
