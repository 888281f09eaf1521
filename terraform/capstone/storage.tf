resource "aws_s3_bucket" "shop" {
  for_each = toset(["backups", "payroll", "reports", "site", "thumbnails", "tools", "uploads"])
  bucket   = "shop-${each.key}"
}

resource "aws_s3_bucket_public_access_block" "shop" {
  for_each = aws_s3_bucket.shop
  bucket   = each.value.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
