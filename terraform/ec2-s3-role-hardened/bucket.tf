# What the instance wants to read.
resource "aws_s3_bucket" "reports" {
  bucket = var.bucket_name
  tags   = local.tags
}

# Nobody can open the bucket to the world by accident, neither with an ACL nor with
# a bucket policy. The instance needs no such opening: it comes with a role.
resource "aws_s3_bucket_public_access_block" "reports" {
  bucket = aws_s3_bucket.reports.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# What travels unencrypted can be read on its way; this refuses it, whoever asks.
data "aws_iam_policy_document" "only_tls" {
  statement {
    sid     = "OnlyTls"
    effect  = "Deny"
    actions = ["s3:*"]

    resources = [
      aws_s3_bucket.reports.arn,
      "${aws_s3_bucket.reports.arn}/*",
    ]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "only_tls" {
  bucket = aws_s3_bucket_public_access_block.reports.bucket
  policy = data.aws_iam_policy_document.only_tls.json
}
