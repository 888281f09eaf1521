locals {
  people  = csvdecode(file("${path.module}/people.csv"))
  by_team = { for p in local.people : p.team => p.name... }
  admins  = [for p in local.people : p.name if p.admin == "yes"]
}

resource "aws_iam_policy" "team" {
  for_each = local.by_team
  name     = "corpus-csv-${each.key}"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for name in each.value : {
        Sid      = "For${title(name)}"
        Effect   = contains(local.admins, name) ? "Allow" : "Deny"
        Action   = "s3:*"
        Resource = "arn:aws:s3:::${each.key}/${lower(name)}/*"
      }
    ]
  })
}
