locals {
  environments = ["dev", "prod"]
  access = {
    dev  = { admin = ["*"], reader = ["s3:Get*", "s3:List*"] }
    prod = { reader = ["s3:Get*"] }
  }
  grants = flatten([
    for env, roles in local.access : [
      for role, actions in roles : {
        key     = "${env}-${role}"
        env     = env
        role    = role
        actions = actions
      }
    ]
  ])
  by_key = { for g in local.grants : g.key => g }
}

resource "aws_iam_role" "r" {
  for_each = local.by_key
  name     = "corpus-sets-${each.key}"
  path     = "/${each.value.env}/"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = {
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:SetSourceIdentity"]
      Principal = { AWS = "arn:aws:iam::111122223333:role/sso-${each.value.role}" }
      Condition = each.value.env == "prod" ? { Bool = { "aws:MultiFactorAuthPresent" = "true" } } : { Null = { "aws:SourceIdentity" = "false" } }
    }
  })
}

resource "aws_iam_role_policy" "r" {
  for_each = local.by_key
  name     = each.value.role
  role     = aws_iam_role.r[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for action in each.value.actions : { Effect = "Allow", Action = action, Resource = action == "*" ? "*" : "arn:aws:s3:::${each.value.env}-*" }
    ]
  })
}
