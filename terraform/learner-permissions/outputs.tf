output "policy_arn" {
  description = "Attach it to whoever runs the labs, e.g. through a permission set"
  value       = aws_iam_policy.learner.arn
}
