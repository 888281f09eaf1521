# What the identity of a learner needs to run the labs on a sandbox account, and no more.
# policy.json is found from CloudTrail of a full run of the series; do not edit it by hand.
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

data "aws_caller_identity" "current" {}

resource "aws_iam_user_policy_attachment" "learner" {
  count      = var.user_name == null ? 0 : 1
  user       = var.user_name
  policy_arn = aws_iam_policy.learner.arn
}

resource "aws_iam_role_policy_attachment" "learner" {
  count      = var.role_name == null ? 0 : 1
  role       = var.role_name
  policy_arn = aws_iam_policy.learner.arn
}
