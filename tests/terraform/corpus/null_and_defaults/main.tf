variable "name" {
  type    = string
  default = null
}

variable "path" {
  type     = string
  default  = "/team/"
  nullable = false
}

variable "extra" {
  type    = any
  default = {}
}

variable "statements" {
  type    = list(any)
  default = []
}

variable "sensitive_id" {
  type      = string
  default   = "very-secret"
  sensitive = true

  validation {
    condition     = length(var.sensitive_id) > 4 && can(regex("^[a-z-]+$", var.sensitive_id))
    error_message = "Use lower case."
  }
}

locals {
  name = coalesce(var.name, try(var.extra.name, null), "corpus-null")
  deep = try(var.extra.a.b.c, var.extra["a"]["b"], "deep")
  list = try(tolist(var.extra.list), [])
}

resource "aws_iam_role" "this" {
  name                 = local.name
  path                 = var.path
  description          = null
  permissions_boundary = try(var.extra.boundary, null)
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { AWS = "arn:aws:iam::111122223333:root" }
        Condition = { StringEquals = { "sts:ExternalId" = nonsensitive(var.sensitive_id), "aws:PrincipalTag/x" = local.deep } }
      }
    ], var.statements, local.list)
  })
}

data "aws_iam_policy_document" "nulls" {
  statement {
    sid           = null
    effect        = null
    actions       = ["s3:GetObject"]
    not_actions   = null
    resources     = ["*"]
    not_resources = []
  }
}
