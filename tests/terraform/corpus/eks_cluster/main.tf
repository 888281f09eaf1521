variable "cluster_name" {
  default = "corpus-eks"
}

variable "node_groups" {
  type    = any
  default = { default = { iam_role_additional_policies = { ssm = "AmazonSSMManagedInstanceCore" } }, gpu = {} }
}

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

locals {
  policy_prefix = "arn:${data.aws_partition.current.partition}:iam::aws:policy"
  issuer        = "oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF"
  cluster_role_policies = { for k, v in {
    AmazonEKSClusterPolicy         = "${local.policy_prefix}/AmazonEKSClusterPolicy",
    AmazonEKSVPCResourceController = "${local.policy_prefix}/AmazonEKSVPCResourceController",
  } : k => v }
  node_policies = merge([
    for group, settings in var.node_groups : {
      for name, policy in merge({ worker = "AmazonEKSWorkerNodePolicy" }, try(settings.iam_role_additional_policies, {})) :
      "${group}-${name}" => { group = group, arn = "${local.policy_prefix}/${policy}" }
    }
  ]...)
}

data "aws_iam_policy_document" "cluster" {
  statement {
    sid     = "EKSClusterAssumeRole"
    actions = ["sts:AssumeRole", "sts:TagSession"]
    principals {
      type        = "Service"
      identifiers = ["eks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "cluster" {
  name               = "${var.cluster_name}-cluster"
  assume_role_policy = data.aws_iam_policy_document.cluster.json
}

resource "aws_iam_role_policy_attachment" "cluster" {
  for_each   = local.cluster_role_policies
  role       = aws_iam_role.cluster.name
  policy_arn = each.value
}

resource "aws_iam_role" "node" {
  for_each = var.node_groups
  name     = "${var.cluster_name}-${each.key}-node"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "EKSNodeAssumeRole", Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.${data.aws_partition.current.dns_suffix}" } }]
  })
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each   = local.node_policies
  role       = aws_iam_role.node[each.value.group].name
  policy_arn = each.value.arn
}

data "aws_iam_policy_document" "irsa" {
  for_each = { autoscaler = "kube-system:cluster-autoscaler", dns = "kube-system:external-dns-*" }

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    effect  = "Allow"

    condition {
      test     = strcontains(each.value, "*") ? "StringLike" : "StringEquals"
      variable = "${replace("https://${local.issuer}", "https://", "")}:sub"
      values   = ["system:serviceaccount:${each.value}"]
    }

    principals {
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:oidc-provider/${local.issuer}"]
      type        = "Federated"
    }
  }
}

resource "aws_iam_role" "irsa" {
  for_each           = data.aws_iam_policy_document.irsa
  name               = "${var.cluster_name}-${each.key}"
  assume_role_policy = each.value.json
}
