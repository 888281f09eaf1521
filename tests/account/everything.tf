# One of each type that lab.deploy() creates on a real account, with all that it takes.

provider "aws" {
  region = "ap-northeast-2"
}

locals {
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
  rights = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }]
  })
}

data "aws_vpc" "default" {
  default = true
}

data "aws_subnets" "all" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }
}

data "aws_subnet" "first" {
  id = data.aws_subnets.all.ids[0]
}

data "aws_iam_role" "again" {
  name = aws_iam_role.r.name
}

resource "aws_iam_policy" "p" {
  name        = "p"
  path        = "/team/"
  description = "d"
  policy      = local.rights
  tags        = { team = "blue" }
}

resource "aws_iam_role" "r" {
  name                 = "r"
  path                 = "/team/"
  description          = "d"
  assume_role_policy   = local.trust
  max_session_duration = 7200
  permissions_boundary = aws_iam_policy.p.arn
  managed_policy_arns  = [aws_iam_policy.p.arn]
  tags                 = { team = "blue" }

  inline_policy {
    name   = "own"
    policy = local.rights
  }
}

resource "aws_iam_role_policy" "rp" {
  name   = "rp"
  role   = aws_iam_role.r.name
  policy = local.rights
}

resource "aws_iam_role_policy_attachment" "ra" {
  role       = aws_iam_role.r.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_user" "u" {
  name = "u"
  path = "/team/"
  tags = { team = "blue" }
}

resource "aws_iam_user_policy" "up" {
  name   = "up"
  user   = aws_iam_user.u.name
  policy = local.rights
}

resource "aws_iam_user_policy_attachment" "ua" {
  user       = aws_iam_user.u.name
  policy_arn = aws_iam_policy.p.arn
}

resource "aws_iam_access_key" "k" {
  user = aws_iam_user.u.name
}

resource "aws_iam_group" "g" {
  name = "g"
  path = "/team/"
}

resource "aws_iam_group_policy" "gp" {
  name   = "gp"
  group  = aws_iam_group.g.name
  policy = local.rights
}

resource "aws_iam_group_policy_attachment" "ga" {
  group      = aws_iam_group.g.name
  policy_arn = aws_iam_policy.p.arn
}

resource "aws_iam_group_membership" "gm" {
  name  = "gm"
  group = aws_iam_group.g.name
  users = [aws_iam_user.u.name]
}

resource "aws_iam_instance_profile" "ip" {
  name = "ip"
  path = "/team/"
  role = aws_iam_role.r.name
  tags = { team = "blue" }
}

resource "aws_iam_openid_connect_provider" "o" {
  url             = "https://login.example.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
}

resource "aws_s3_bucket" "b" {
  bucket        = "everything-of-terraform"
  force_destroy = true
  tags          = { team = "blue" }
}

resource "aws_s3_bucket_public_access_block" "bp" {
  bucket                  = aws_s3_bucket.b.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "bb" {
  bucket = aws_s3_bucket.b.bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "s3:GetObject"
      Principal = { AWS = aws_iam_user.u.arn }
      Resource  = "arn:aws:s3:::everything-of-terraform/*"
    }]
  })
}

resource "aws_s3_object" "bo" {
  bucket  = aws_s3_bucket.b.bucket
  key     = "folder/k"
  content = "text"
}

resource "aws_security_group" "first" {
  name = "first"
}

resource "aws_security_group" "second" {
  name        = "second"
  description = "d"
  vpc_id      = data.aws_vpc.default.id
  tags        = { team = "blue" }

  ingress {
    description      = "d"
    protocol         = "tcp"
    from_port        = 443
    to_port          = 443
    cidr_blocks      = ["203.0.113.0/24"]
    ipv6_cidr_blocks = ["2001:db8::/48"]
    security_groups  = [aws_security_group.first.id]
  }

  egress {
    description      = "d"
    protocol         = "-1"
    from_port        = 0
    to_port          = 0
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
    security_groups  = [aws_security_group.first.id]
  }
}

resource "aws_instance" "i" {
  ami                    = "ami-0fedcba9876543210"
  instance_type          = "t3.micro"
  subnet_id              = data.aws_subnet.first.id
  vpc_security_group_ids = [aws_security_group.second.id]
  iam_instance_profile   = aws_iam_instance_profile.ip.name
  user_data              = "#!/bin/sh"
  tags                   = { team = "blue" }

  metadata_options {
    http_tokens                 = "required"
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 1
  }
}
