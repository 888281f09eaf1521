# Accounts of AWS that write logs, names with "resource." before them, comparisons with nothing.
data "aws_elb_service_account" "here" {}

data "aws_redshift_service_account" "seoul" {
  region = "ap-northeast-2"
}

data "aws_cloudtrail_service_account" "here" {}

data "aws_caller_identity" "me" {}

data "aws_iam_session_context" "me" {
  arn = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:user/deployer"
}

variable "readers" {
  type    = list(string)
  default = []
}

variable "rules" {
  type    = map(object({ actions = list(string) }))
  default = {}
}

resource "aws_sqs_queue" "late" {
  name = "late-deliveries"
}

resource "aws_s3_bucket" "logs" {
  bucket = "delivered-logs-of-the-lab"
}

locals {
  target = { arn = aws_sqs_queue.late.arn, url = aws_sqs_queue.late.url, extra = null }
}

data "aws_iam_policy_document" "writers" {
  statement {
    actions   = ["s3:PutObject"]
    resources = ["${resource.aws_s3_bucket.logs.arn}/*"]

    principals {
      type = "AWS"
      identifiers = [
        data.aws_elb_service_account.here.arn,
        data.aws_redshift_service_account.seoul.arn,
        data.aws_cloudtrail_service_account.here.arn,
        data.aws_iam_session_context.me.issuer_arn,
      ]
    }
  }

  dynamic "statement" {
    for_each = local.target != null ? [local.target] : []

    content {
      sid       = "Queue"
      actions   = ["sqs:SendMessage"]
      resources = [statement.value.arn]

      principals {
        type        = "Service"
        identifiers = ["s3.amazonaws.com"]
      }
    }
  }

  # A list or map with a type is never equal to [] or {}, so both of these are written.
  dynamic "statement" {
    for_each = var.readers != [] ? ["Readers"] : []

    content {
      sid       = statement.value
      effect    = "Deny"
      actions   = ["s3:GetObject"]
      resources = ["${aws_s3_bucket.logs.arn}/*"]

      not_principals {
        type        = "AWS"
        identifiers = concat(var.readers, [data.aws_caller_identity.me.account_id])
      }
    }
  }

  dynamic "statement" {
    for_each = var.rules == {} || tolist([]) == [] ? ["Never"] : []

    content {
      sid       = statement.value
      actions   = ["s3:*"]
      resources = ["*"]
    }
  }
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = resource.aws_s3_bucket.logs.id
  policy = data.aws_iam_policy_document.writers.json
}
