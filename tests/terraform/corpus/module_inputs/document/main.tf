variable "statements" {
  type = map(any)
}

data "aws_iam_policy_document" "this" {
  dynamic "statement" {
    for_each = var.statements
    content {
      sid       = title(statement.key)
      actions   = statement.value["actions"]
      resources = statement.value["resources"]
    }
  }
}

output "json" {
  value = data.aws_iam_policy_document.this.json
}
