variable "tag_keys" {
  type    = set(string)
  default = ["Team", "CostCenter"]
}

data "aws_iam_policy_document" "abac" {
  statement {
    sid       = "Read"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["*"]

    dynamic "condition" {
      for_each = var.tag_keys
      content {
        test     = "StringEquals"
        variable = "secretsmanager:ResourceTag/${condition.value}"
        values   = ["$${aws:PrincipalTag/${condition.key}}"]
      }
    }
  }

  statement {
    sid       = "TagOnCreate"
    actions   = ["secretsmanager:CreateSecret"]
    resources = ["*"]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "aws:TagKeys"
      values   = sort(var.tag_keys)
    }
  }
}

resource "aws_iam_policy" "abac" {
  name   = "corpus-abac"
  policy = data.aws_iam_policy_document.abac.json
}

resource "aws_iam_policy" "text" {
  name   = "corpus-abac-text"
  policy = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": [
        %{~for i, key in tolist(var.tag_keys)~}
        ${i > 0 ? "," : ""}{
          "Effect": "Deny",
          "Action": "*",
          "Resource": "*",
          "Condition": { "StringNotEquals": { "aws:ResourceTag/${key}": "$${aws:PrincipalTag/${key}}" } }
        }
        %{~endfor~}
      ]
    }
  EOT
}
