# Every account has a default VPC in each Region; it is looked up, not created.
data "aws_vpc" "default" {
  default = true
}

data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }
}

# No way in: nothing listens to the internet, so nobody can try passwords or keys there. A shell,
# if one is needed, comes over AWS Systems Manager, which asks IAM first. The way out leads to
# HTTPS only; that is all the SDK needs.
resource "aws_security_group" "reader" {
  name        = var.name
  description = "Nothing in, HTTPS out."
  vpc_id      = data.aws_vpc.default.id
  tags        = local.tags

  egress {
    description = "HTTPS, to the endpoints of AWS among others"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

# No access key in user data, none in the AMI, none in the environment: the SDK on the
# instance finds the role's temporary credentials at the metadata service by itself.
#
# IMDSv2 is demanded: the service answers only with a token that a PUT has fetched, and a hop
# limit of 1 keeps the answer on the instance.
resource "aws_instance" "reader" {
  ami                    = var.ami_id
  instance_type          = "t3.micro"
  subnet_id              = data.aws_subnets.default.ids[0]
  vpc_security_group_ids = [aws_security_group.reader.id]
  iam_instance_profile   = aws_iam_instance_profile.reader.name
  tags                   = merge(local.tags, { Name = var.name })

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    encrypted = true
  }
}
