variable "fifo" {
  default = false
}

data "aws_caller_identity" "current" {}

locals {
  name = var.fifo ? "corpus-topic.fifo" : "corpus-topic"
}

resource "aws_sns_topic" "this" {
  name       = local.name
  fifo_topic = var.fifo
}

data "aws_iam_policy_document" "this" {
  policy_id = "__default_policy_ID"

  statement {
    sid    = "defaultStatementID"
    effect = "Allow"
    actions = [
      "sns:Subscribe",
      "sns:SetTopicAttributes",
      "sns:Publish",
      "sns:GetTopicAttributes",
    ]
    resources = [aws_sns_topic.this.arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "AWS:SourceOwner"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "no_underscores" {
  override_policy_documents = [replace(data.aws_iam_policy_document.this.json, "__default_", "d")]
}

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.no_underscores.json
}
