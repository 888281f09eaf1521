locals {
  partners = [
    { account = "222233334444", external_id = "x-1", roles = ["deploy", "read"] },
    { account = 333344445555, external_id = null, roles = [] },
  ]
  pairs = { for p in local.partners : p.account => p }
}

resource "aws_iam_role" "partner" {
  for_each = local.pairs
  name     = "corpus-partner-${each.key}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      merge(
        {
          Effect = "Allow"
          Action = "sts:AssumeRole"
          Principal = {
            AWS = length(each.value.roles) > 0 ? [for r in each.value.roles : "arn:aws:iam::${each.key}:role/${r}"] : ["arn:aws:iam::${each.key}:root"]
          }
        },
        each.value.external_id == null ? {} : {
          Condition = { StringEquals = { "sts:ExternalId" = each.value.external_id } }
        },
      )
    ]
  })
}
