variable "readers" {
  type    = list(string)
  default = []
}

variable "name" {
  type = string
}

resource "aws_iam_policy" "this" {
  name = var.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:ListAllMyBuckets", Resource = "*" }]
  })
}

data "aws_iam_policy_document" "readers" {
  count = length(var.readers) > 0 ? 1 : 0
  statement {
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::corpus-nested-readers/*"]
    principals {
      type        = "AWS"
      identifiers = var.readers
    }
  }
}

resource "aws_s3_bucket" "readers" {
  count  = length(var.readers) > 0 ? 1 : 0
  bucket = "corpus-nested-readers"
}

resource "aws_s3_bucket_policy" "readers" {
  count  = length(var.readers) > 0 ? 1 : 0
  bucket = aws_s3_bucket.readers[0].id
  policy = data.aws_iam_policy_document.readers[0].json
}

output "policy_arn" {
  value = aws_iam_policy.this.arn
}
