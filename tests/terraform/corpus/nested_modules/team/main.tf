variable "name" {
  type = string
}

variable "buckets" {
  type = list(string)
}

variable "extra" {
  type    = list(string)
  default = []
}

resource "aws_s3_bucket" "this" {
  for_each = toset(var.buckets)
  bucket   = "corpus-nested-${var.name}-${each.key}"
}

module "role" {
  source = "../shared/role"
  name   = "corpus-nested-${var.name}"
  statements = [{
    Effect   = "Allow"
    Action   = ["s3:GetObject", "s3:PutObject"]
    Resource = [for b in aws_s3_bucket.this : "${b.arn}/*"]
  }]
}

resource "aws_iam_role_policy_attachment" "extra" {
  count      = length(var.extra)
  role       = module.role.name
  policy_arn = var.extra[count.index]
}

output "role_arn" {
  value = module.role.arn
}

output "bucket_arns" {
  value = values(aws_s3_bucket.this)[*].arn
}
