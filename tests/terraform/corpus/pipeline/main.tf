variable "projects" {
  default = ["api", "web"]
}

variable "vpc" {
  default = { id = "vpc-1", subnets = ["subnet-a", "subnet-b"] }
}

data "aws_caller_identity" "c" {}
data "aws_region" "r" {}

locals {
  prefix       = "corpus-pipeline"
  project_arns = formatlist("arn:aws:codebuild:%s:%s:project/%s-%s", data.aws_region.r.name, data.aws_caller_identity.c.account_id, local.prefix, var.projects)
  subnet_arns  = [for s in var.vpc.subnets : "arn:aws:ec2:${data.aws_region.r.name}:${data.aws_caller_identity.c.account_id}:subnet/${s}"]
}

resource "aws_s3_bucket" "artifacts" {
  bucket = "${local.prefix}-artifacts"
}

resource "aws_iam_role" "pipeline" {
  name               = local.prefix
  assume_role_policy = data.aws_iam_policy_document.trust["codepipeline"].json
}

resource "aws_iam_role" "build" {
  for_each           = toset(var.projects)
  name               = "${local.prefix}-${each.value}"
  assume_role_policy = data.aws_iam_policy_document.trust["codebuild"].json
}

data "aws_iam_policy_document" "trust" {
  for_each = toset(["codebuild", "codepipeline"])
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["${each.value}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "pipeline" {
  statement {
    sid       = "Artifacts"
    actions   = ["s3:Get*", "s3:PutObject*"]
    resources = [aws_s3_bucket.artifacts.arn, format("%s/*", aws_s3_bucket.artifacts.arn)]
  }
  statement {
    sid       = "Build"
    actions   = ["codebuild:StartBuild", "codebuild:BatchGetBuilds"]
    resources = local.project_arns
  }
  statement {
    sid       = "Pass"
    actions   = ["iam:PassRole"]
    resources = concat([for role in aws_iam_role.build : role.arn], [aws_iam_role.pipeline.arn])
  }
  statement {
    sid       = "Network"
    actions   = ["ec2:CreateNetworkInterfacePermission"]
    resources = ["arn:aws:ec2:*:*:network-interface/*"]
    condition {
      test     = "StringEquals"
      variable = "ec2:Subnet"
      values   = local.subnet_arns
    }
  }
}

resource "aws_iam_role_policy" "pipeline" {
  role   = aws_iam_role.pipeline.id
  name   = "pipeline"
  policy = data.aws_iam_policy_document.pipeline.json
}
