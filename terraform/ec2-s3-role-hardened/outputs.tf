output "bucket" {
  description = "The bucket that the instance reads."
  value       = aws_s3_bucket.reports.bucket
}

output "role_arn" {
  description = "The role that it reads with."
  value       = aws_iam_role.reader.arn
}

output "instance_id" {
  description = "The instance; also the session name of its role session."
  value       = aws_instance.reader.id
}
