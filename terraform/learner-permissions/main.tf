# What the identity of a learner needs to run the labs on a sandbox account, and no more; and the
# most that any user or role can do that a learner makes. The JSON files are generated from a full
# run of the series; do not edit them by hand.
resource "aws_iam_policy" "learner" {
  name        = var.name
  description = "Run the STS lab on this sandbox account"
  policy      = file("${path.module}/policy.json")

  lifecycle {
    precondition {
      condition     = data.aws_caller_identity.current.account_id == var.account_id
      error_message = "These credentials belong to another account than var.account_id."
    }
  }
}

# Not under /sts-lab/: there a learner could delete it and write another one of its name.
resource "aws_iam_policy" "ceiling" {
  name        = "StsLabCeiling"
  description = "What identities of the STS lab can do at most; policy.json asks for it"
  policy      = file("${path.module}/ceiling.json")
}

# Three lessons set boundaries of their own. Who writes a boundary can write one that allows
# everything: only for learners who are trusted with the account.
resource "aws_iam_policy" "own_boundaries" {
  count       = var.own_boundaries ? 1 : 0
  name        = "${var.name}-own-boundaries"
  description = "Set permissions boundaries of one's own in the STS lab"
  policy      = file("${path.module}/own-boundaries.json")
}

data "aws_caller_identity" "current" {}

locals {
  policies = concat([aws_iam_policy.learner.arn], aws_iam_policy.own_boundaries[*].arn)
}

resource "aws_iam_user_policy_attachment" "learner" {
  count      = var.user_name == null ? 0 : length(local.policies)
  user       = var.user_name
  policy_arn = local.policies[count.index]
}

resource "aws_iam_role_policy_attachment" "learner" {
  count      = var.role_name == null ? 0 : length(local.policies)
  role       = var.role_name
  policy_arn = local.policies[count.index]
}
