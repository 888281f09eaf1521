variable "create_bucket" {
  default = true
}

variable "bucket" {
  type    = string
  default = "corpus-s3-bucket"
}

variable "bucket_prefix" {
  type    = string
  default = null
}

variable "attach_elb_log_delivery_policy" {
  default = true
}

variable "attach_deny_insecure_transport_policy" {
  default = true
}

variable "attach_require_latest_tls_policy" {
  default = true
}

variable "attach_policy" {
  default = true
}

variable "policy" {
  type    = string
  default = null
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  create_bucket = var.create_bucket && !(var.bucket == null && var.bucket_prefix == null)
  attach_policy = (
    var.attach_elb_log_delivery_policy || var.attach_require_latest_tls_policy
    || var.attach_deny_insecure_transport_policy || var.attach_policy
  )
}

resource "aws_s3_bucket" "this" {
  count = local.create_bucket ? 1 : 0

  bucket        = var.bucket
  bucket_prefix = var.bucket_prefix
}

resource "aws_s3_bucket_policy" "this" {
  count = local.create_bucket && local.attach_policy ? 1 : 0

  bucket = aws_s3_bucket.this[0].id
  policy = data.aws_iam_policy_document.combined[0].json
}

data "aws_iam_policy_document" "combined" {
  count = local.create_bucket && local.attach_policy ? 1 : 0

  source_policy_documents = compact([
    var.attach_elb_log_delivery_policy ? data.aws_iam_policy_document.elb_log_delivery[0].json : "",
    var.attach_require_latest_tls_policy ? data.aws_iam_policy_document.require_latest_tls[0].json : "",
    var.attach_deny_insecure_transport_policy ? data.aws_iam_policy_document.deny_insecure_transport[0].json : "",
    var.attach_policy ? var.policy : "",
  ])
}

locals {
  elb_service_accounts = {
    us-east-1 = "127311923021"
    eu-west-1 = "156460612806"
  }
}

data "aws_region" "current" {}

data "aws_iam_policy_document" "elb_log_delivery" {
  count = local.create_bucket && var.attach_elb_log_delivery_policy ? 1 : 0

  dynamic "statement" {
    for_each = { for k, v in local.elb_service_accounts : k => v if k == data.aws_region.current.name }

    content {
      sid = format("ELBRegion%s", title(replace(statement.key, "-", "")))

      principals {
        type        = "AWS"
        identifiers = [format("arn:%s:iam::%s:root", data.aws_partition.current.partition, statement.value)]
      }

      effect  = "Allow"
      actions = ["s3:PutObject"]

      resources = [
        "${aws_s3_bucket.this[0].arn}/*",
      ]
    }
  }

  statement {
    sid     = ""
    effect  = "Allow"
    actions = ["s3:PutObject"]

    principals {
      type        = "Service"
      identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
    }

    resources = ["${aws_s3_bucket.this[0].arn}/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.id]
    }
  }
}

data "aws_iam_policy_document" "deny_insecure_transport" {
  count = local.create_bucket && var.attach_deny_insecure_transport_policy ? 1 : 0

  statement {
    sid     = "denyInsecureTransport"
    effect  = "Deny"
    actions = ["s3:*"]

    resources = [
      aws_s3_bucket.this[0].arn,
      "${aws_s3_bucket.this[0].arn}/*",
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

data "aws_iam_policy_document" "require_latest_tls" {
  count = local.create_bucket && var.attach_require_latest_tls_policy ? 1 : 0

  statement {
    sid       = "denyOutdatedTLS"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [for suffix in ["", "/*"] : "${aws_s3_bucket.this[0].arn}${suffix}"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "NumericLessThan"
      variable = "s3:TlsVersion"
      values   = ["1.2"]
    }
  }
}

output "s3_bucket_arn" {
  value = try(aws_s3_bucket.this[0].arn, "")
}
