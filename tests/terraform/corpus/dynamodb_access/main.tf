resource "aws_dynamodb_table" "t" {
  for_each     = { users = "id", orders = "no" }
  name         = "corpus-${each.key}"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = each.value

  attribute {
    name = each.value
    type = "S"
  }
}

data "aws_iam_policy_document" "t" {
  dynamic "statement" {
    for_each = aws_dynamodb_table.t
    iterator = table
    content {
      sid       = title(table.key)
      actions   = ["dynamodb:GetItem", "dynamodb:Query"]
      resources = [table.value.arn, "${table.value.arn}/index/*"]

      condition {
        test     = "ForAllValues:StringEquals"
        variable = "dynamodb:LeadingKeys"
        values   = ["$${cognito-identity.amazonaws.com:sub}"]
      }
    }
  }
}

resource "aws_iam_policy" "t" {
  name   = "corpus-dynamodb"
  policy = data.aws_iam_policy_document.t.json
}
