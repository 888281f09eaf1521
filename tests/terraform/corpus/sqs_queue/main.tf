variable "queue_policy_statements" {
  type = map(object({
    sid           = optional(string)
    actions       = optional(list(string))
    not_actions   = optional(list(string))
    effect        = optional(string)
    resources     = optional(list(string))
    not_resources = optional(list(string))
    principals = optional(list(object({
      type        = string
      identifiers = list(string)
    })))
    condition = optional(list(object({
      test     = string
      values   = list(string)
      variable = string
    })))
  }))
  default = {
    account = {
      sid     = "AccountReadWrite"
      actions = ["sqs:SendMessage", "sqs:ReceiveMessage"]
      principals = [{
        type        = "AWS"
        identifiers = ["arn:aws:iam::111122223333:root"]
      }]
    }
    sns = {
      actions    = ["sqs:SendMessage"]
      principals = [{ type = "Service", identifiers = ["sns.amazonaws.com"] }]
      condition = [{
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = ["arn:aws:sns:eu-west-1:111122223333:topic"]
      }]
    }
  }
}

resource "aws_sqs_queue" "this" {
  count = 1
  name  = "corpus-queue"
}

data "aws_iam_policy_document" "this" {
  count = 1

  dynamic "statement" {
    for_each = var.queue_policy_statements

    content {
      sid           = statement.value.sid
      actions       = statement.value.actions
      not_actions   = statement.value.not_actions
      effect        = statement.value.effect
      resources     = coalescelist(statement.value.resources != null ? statement.value.resources : [], [aws_sqs_queue.this[0].arn])
      not_resources = statement.value.not_resources

      dynamic "principals" {
        for_each = statement.value.principals != null ? statement.value.principals : []

        content {
          type        = principals.value.type
          identifiers = principals.value.identifiers
        }
      }

      dynamic "condition" {
        for_each = statement.value.condition != null ? statement.value.condition : []

        content {
          test     = condition.value.test
          values   = condition.value.values
          variable = condition.value.variable
        }
      }
    }
  }
}

