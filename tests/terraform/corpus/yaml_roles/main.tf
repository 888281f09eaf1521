locals {
  roles = yamldecode(file("${path.module}/roles.yaml")).roles
  attachments = merge([
    for role, data in local.roles : {
      for policy in try(data.policies, []) : "${role}/${policy}" => { role = role, policy = policy }
    }
  ]...)
}

data "aws_iam_policy_document" "trust" {
  for_each = local.roles

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = each.value.trust.type
      identifiers = each.value.trust.who
    }
    dynamic "condition" {
      for_each = lookup(each.value.trust, "conditions", {})
      content {
        test     = split(" ", condition.key)[0]
        variable = split(" ", condition.key)[1]
        values   = flatten([condition.value])
      }
    }
  }
}

resource "aws_iam_role" "r" {
  for_each             = local.roles
  name                 = "corpus-yaml-${each.key}"
  max_session_duration = lookup(each.value, "hours", 1) * 3600
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
}

resource "aws_iam_role_policy_attachment" "a" {
  for_each   = local.attachments
  role       = aws_iam_role.r[each.value.role].name
  policy_arn = "arn:aws:iam::aws:policy/${each.value.policy}"
}

resource "aws_iam_policy" "assume_all" {
  name = "corpus-yaml-assume"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for name, role in aws_iam_role.r : {
      Sid      = title(name)
      Effect   = "Allow"
      Action   = "sts:AssumeRole"
      Resource = role.arn
    }]
  })
}

output "encoded" {
  value = yamlencode(local.roles)
}
