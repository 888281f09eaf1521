variable "name" {
  type = string
}

variable "trust" {
  type = object({
    services   = optional(list(string), [])
    arns       = optional(list(string), [])
    conditions = optional(map(map(string)), {})
  })
}

variable "policy" {
  type    = string
  default = null
}

variable "attach_policy" {
  type    = bool
  default = false
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    dynamic "principals" {
      for_each = { for k, v in { Service = var.trust.services, AWS = var.trust.arns } : k => v if length(v) > 0 }
      content {
        type        = principals.key
        identifiers = principals.value
      }
    }

    dynamic "condition" {
      for_each = merge([for test, pairs in var.trust.conditions : { for key, value in pairs : "${test}|${key}" => value }]...)
      content {
        test     = split("|", condition.key)[0]
        variable = split("|", condition.key)[1]
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  count  = var.attach_policy ? 1 : 0
  name   = "given"
  role   = aws_iam_role.this.id
  policy = var.policy
}

output "role" {
  value = aws_iam_role.this
}
