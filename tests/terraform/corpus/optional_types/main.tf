variable "roles" {
  type = map(object({
    description = optional(string, "none")
    services    = optional(set(string), ["ec2.amazonaws.com"])
    duration    = optional(number, 3600)
    boundary    = optional(string)
    permissions = optional(list(object({
      sid       = optional(string, "")
      effect    = optional(string, "Allow")
      actions   = list(string)
      resources = optional(list(string), ["*"])
    })), [])
    limits = optional(object({
      region = optional(string, "eu-west-1")
      ports  = optional(list(number), [443])
      nested = optional(object({ on = optional(bool, true) }), {})
    }), {})
  }))
  nullable = false
  default = {
    web = {
      permissions = [
        { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::web/*"] },
        { sid = "Logs", actions = ["logs:*"], effect = "Deny" },
      ]
    }
    batch = {
      description = null
      services    = ["ecs-tasks.amazonaws.com", "batch.amazonaws.com", "batch.amazonaws.com"]
      duration    = "7200"
      limits      = { region = "us-east-1", nested = { on = "false" } }
    }
  }
}

resource "aws_iam_role" "this" {
  for_each             = var.roles
  name                 = "corpus-optional-${each.key}"
  description          = each.value.description
  max_session_duration = each.value.duration
  permissions_boundary = each.value.boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = each.value.services }
      Condition = {
        StringEquals = { "aws:RequestedRegion" = each.value.limits.region }
        Bool         = { "aws:ViaAWSService" = tostring(each.value.limits.nested.on) }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  for_each = { for name, role in var.roles : name => role if length(role.permissions) > 0 }
  name     = "permissions"
  role     = aws_iam_role.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for p in each.value.permissions : merge(
      { Effect = p.effect, Action = p.actions, Resource = p.resources },
      p.sid != "" ? { Sid = p.sid } : {},
    )]
  })
}
