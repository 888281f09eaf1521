data "aws_caller_identity" "me" {}

locals {
  chain = ["entry", "middle", "admin"]
}

resource "aws_iam_role" "entry" {
  name = "corpus-chain-entry"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = data.aws_caller_identity.me.account_id } }]
  })
}

resource "aws_iam_role" "middle" {
  name               = "corpus-chain-middle"
  assume_role_policy = data.aws_iam_policy_document.from["entry"].json
}

resource "aws_iam_role" "admin" {
  name               = "corpus-chain-admin"
  assume_role_policy = data.aws_iam_policy_document.from_middle.json
}

data "aws_iam_policy_document" "from" {
  for_each = { entry = aws_iam_role.entry.arn }
  statement {
    sid     = "From${title(each.key)}"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [each.value]
    }
  }
}

data "aws_iam_policy_document" "from_middle" {
  source_policy_documents = [data.aws_iam_policy_document.from["entry"].json]
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.middle.arn]
    }
  }
}

resource "aws_iam_role_policy" "hop" {
  for_each = { entry = aws_iam_role.middle, middle = aws_iam_role.admin }
  name     = "hop"
  role     = "corpus-chain-${each.key}"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Resource = each.value.arn }]
  })
  depends_on = [aws_iam_role.entry, aws_iam_role.middle]
}
