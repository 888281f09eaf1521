variable "allowed_regions" {
  default = ["eu-west-1", "eu-central-1"]
}

variable "deny" {
  type    = list(string)
  default = ["organizations:LeaveOrganization", "account:CloseAccount"]
}

locals {
  statements = {
    DenyRegions = {
      Effect    = "Deny"
      NotAction = ["iam:*", "sts:*", "support:*"]
      Resource  = "*"
      Condition = {
        StringNotEquals = { "aws:RequestedRegion" = var.allowed_regions }
        ArnNotLike      = { "aws:PrincipalARN" = ["arn:aws:iam::*:role/admin-*"] }
      }
    }
    DenyList = { Effect = "Deny", Action = var.deny, Resource = "*" }
    DenyRoot = { Effect = "Deny", Action = "*", Resource = "*", Condition = { StringLike = { "aws:PrincipalArn" = "arn:aws:iam::*:root" } } }
  }
}

resource "aws_iam_policy" "scp" {
  name   = "corpus-scp"
  policy = jsonencode({ Version = "2012-10-17", Statement = [for sid, s in local.statements : merge({ Sid = sid }, s)] })
}

resource "aws_iam_policy" "small" {
  name   = "corpus-scp-small"
  policy = replace(replace(jsonencode({ Version = "2012-10-17", Statement = [merge({ Sid = "Only" }, local.statements["DenyList"])] }), "organizations:LeaveOrganization", "organizations:*"), "/account:[A-Z][a-z]+/", "account:$0X")
}
