variable "grants" {
  type = list(object({
    sid = optional(string)
    who = optional(list(object({ type = string, identifiers = list(string) })), [])
    can = list(string)
    on  = optional(list(string), ["*"])
    if  = optional(map(map(list(string))), {})
    not = optional(bool, false)
  }))
  default = [
    {
      sid = "One"
      who = [{ type = "AWS", identifiers = ["arn:aws:iam::111122223333:root"] }, { type = "Service", identifiers = ["s3.amazonaws.com"] }]
      can = ["kms:Decrypt"]
      if = {
        StringEquals = { "kms:ViaService" = ["s3.eu-west-1.amazonaws.com"], "kms:CallerAccount" = ["111122223333"] }
        Bool         = { "aws:SecureTransport" = ["true"] }
      }
    },
    { can = ["s3:GetObject", "s3:PutObject"], not = true, on = ["arn:aws:s3:::x/*"] },
  ]
}

data "aws_iam_policy_document" "this" {
  dynamic "statement" {
    for_each = [for g in var.grants : g]
    iterator = grant

    content {
      sid         = grant.value.sid
      effect      = grant.value.not ? "Deny" : "Allow"
      actions     = grant.value.not ? [] : grant.value.can
      not_actions = grant.value.not ? grant.value.can : []
      resources   = grant.value.on

      dynamic "principals" {
        for_each = grant.value.who
        iterator = p
        content {
          type        = p.value.type
          identifiers = p.value["identifiers"]
        }
      }

      dynamic "condition" {
        for_each = flatten([
          for test, pairs in grant.value.if : [
            for key, values in pairs : { test = test, key = key, values = values }
          ]
        ])
        content {
          test     = condition.value.test
          variable = condition.value.key
          values   = condition.value.values
        }
      }
    }
  }
}

output "json" {
  value = data.aws_iam_policy_document.this.minified_json
}
