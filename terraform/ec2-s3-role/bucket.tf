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
