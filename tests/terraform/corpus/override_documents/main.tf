data "aws_iam_policy_document" "base" {
  policy_id = "Base"

  statement {
    sid       = "Replace"
    actions   = ["ec2:*"]
    resources = ["*"]
  }

  statement {
    sid       = "Keep"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]
  }
}

data "aws_iam_policy_document" "other" {
  statement {
    sid     = "Replace"
    effect  = "Deny"
    actions = ["ec2:RunInstances", "ec2:StartInstances"]
    resources = [
      "*",
    ]
    condition {
      test     = "StringNotEquals"
      variable = "aws:RequestedRegion"
      values   = ["eu-west-1", "eu-central-1"]
    }
  }

  statement {
    actions   = ["sts:*"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "merged" {
  source_policy_documents   = [data.aws_iam_policy_document.base.json]
  override_policy_documents = [data.aws_iam_policy_document.other.json, jsonencode({ Version = "2012-10-17", Id = "Last", Statement = [{ Sid = "Keep", Effect = "Deny", Action = ["s3:*"], Resource = "*" }] })]

  statement {
    sid       = "Own"
    actions   = ["kms:Decrypt"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "source_only" {
  source_policy_documents = [for d in [data.aws_iam_policy_document.base, data.aws_iam_policy_document.other] : replace(d.json, "Replace", "R${length(d.statement)}${d.statement[0].effect}")]
}

data "aws_iam_policy_document" "imported" {
  source_policy_documents = [<<-JSON
    {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::x/*"]},
      {"Effect": "Allow", "Principal": {"AWS": "123456789012", "Service": ["b.amazonaws.com", "a.amazonaws.com"]}, "Action": ["z:Z", "a:A"], "Resource": "*",
       "Condition": {"StringLike": {"aws:x": ["b", "a"]}, "Bool": {"aws:SecureTransport": "true"}}}
    ]}
  JSON
  ]
}

data "aws_iam_policy_document" "old" {
  version = "2008-10-17"
  statement {
    sid       = "Old"
    actions   = ["sns:Publish"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "empty" {}
