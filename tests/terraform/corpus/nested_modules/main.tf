locals {
  teams = {
    red  = { buckets = ["in", "out"], admin = true }
    blue = { buckets = ["in"], admin = false }
  }
}

module "team" {
  source   = "./team"
  for_each = local.teams

  name    = each.key
  buckets = each.value.buckets
  extra   = each.value.admin ? [module.shared[0].policy_arn] : []
}

module "shared" {
  source = "./shared"
  count  = 1

  readers = [for name, team in module.team : team.role_arn]
  name    = "corpus-nested-shared"
}

module "off" {
  source = "./shared"
  count  = 0
  name   = "never"
}

resource "aws_iam_policy" "all" {
  name = "corpus-nested-all"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for name in sort(keys(module.team)) : {
        Sid      = title(name)
        Effect   = "Allow"
        Action   = "sts:AssumeRole"
        Resource = module.team[name].role_arn
      }],
      [{ Effect = "Allow", Action = "s3:GetObject", Resource = flatten(values(module.team)[*].bucket_arns) }],
      [{ Effect = "Deny", Action = "iam:*", Resource = coalesce(one(module.off[*].policy_arn), module.team["red"].role_arn) }],
    )
  })
}
