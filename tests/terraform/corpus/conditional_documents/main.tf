variable "mode" {
  default = "strict"
}

variable "allow_cidr" {
  type    = list(string)
  default = []
}

locals {
  strict = var.mode == "strict"
  documents = {
    strict  = data.aws_iam_policy_document.strict.json
    relaxed = data.aws_iam_policy_document.relaxed.json
  }
}

data "aws_iam_policy_document" "strict" {
  dynamic "statement" {
    for_each = local.strict ? ["deny"] : []
    content {
      sid       = title(statement.value)
      effect    = "Deny"
      actions   = ["*"]
      resources = ["*"]

      dynamic "condition" {
        for_each = length(var.allow_cidr) == 0 ? [] : [var.allow_cidr]
        content {
          test     = "NotIpAddress"
          variable = "aws:SourceIp"
          values   = condition.value
        }
      }

      condition {
        test     = "Bool"
        variable = "aws:ViaAWSService"
        values   = [tostring(false)]
      }
    }
  }
}

data "aws_iam_policy_document" "relaxed" {
  statement {
    actions   = local.strict ? ["s3:GetObject"] : ["s3:*"]
    resources = local.strict ? ["arn:aws:s3:::only/*"] : ["*"]
  }
}

resource "aws_iam_policy" "chosen" {
  name   = "corpus-chosen-${var.mode}"
  policy = lookup(local.documents, var.mode, data.aws_iam_policy_document.relaxed.json)
}

resource "aws_iam_policy" "other" {
  name   = "corpus-other"
  policy = !local.strict ? data.aws_iam_policy_document.strict.json : data.aws_iam_policy_document.relaxed.json
}

resource "aws_iam_policy" "combined" {
  name = "corpus-combined"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = flatten([for d in values(local.documents) : jsondecode(d).Statement])
  })
}
