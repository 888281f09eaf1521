data "aws_caller_identity" "c" {}

resource "aws_cloudwatch_event_rule" "r" {
  name                = "corpus-rule"
  schedule_expression = "rate(5 minutes)"
}

resource "aws_kinesis_stream" "s" {
  name        = "corpus-stream"
  shard_count = 1
}

resource "aws_sns_topic" "t" {
  name = "corpus-events"
}

data "aws_iam_policy_document" "topic" {
  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.t.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.r.arn]
    }
  }
}

resource "aws_sns_topic_policy" "t" {
  arn    = aws_sns_topic.t.arn
  policy = data.aws_iam_policy_document.topic.json
}

resource "aws_iam_role" "events" {
  name = "corpus-events"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.c.account_id }, ArnLike = { "aws:SourceArn" = aws_cloudwatch_event_rule.r.arn } }
    }]
  })
}

resource "aws_iam_role_policy" "events" {
  name   = "put"
  role   = aws_iam_role.events.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kinesis:PutRecord", Resource = aws_kinesis_stream.s.arn }] })
}
