data "aws_caller_identity" "current" {}

locals {
  buckets = ["corpus-templates-a", "corpus-templates-b"]
}

resource "aws_s3_bucket" "b" {
  for_each = toset(local.buckets)
  bucket   = each.key
}

resource "aws_iam_policy" "from_file" {
  name = "corpus-templates-file"
  policy = templatefile("${path.module}/policy.json.tftpl", {
    buckets = [for b in aws_s3_bucket.b : b.arn]
    account = data.aws_caller_identity.current.account_id
    actions = jsonencode(["s3:GetObject", "s3:PutObject"])
    deny    = true
  })
}

resource "aws_iam_policy" "plain_file" {
  name   = "corpus-templates-plain"
  policy = file("${path.module}/plain.json")
}

resource "aws_iam_policy" "decoded" {
  name = "corpus-templates-decoded"
  policy = jsonencode(merge(jsondecode(file("${path.module}/plain.json")), {
    Id = "changed"
  }))
}

resource "aws_iam_policy" "string" {
  name = "corpus-templates-string"
  policy = templatestring(local.inline, {
    name = "x"
  })
}

locals {
  inline = <<-EOT
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::$${name}"}}
  EOT
}
