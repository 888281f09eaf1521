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

# Weak on purpose: SSH is open to the whole internet. Whoever gets in over it is on
# the instance, and whoever is on the instance has its role.
resource "aws_security_group" "reader" {
  name        = var.name
  description = "SSH from anywhere, everything out."
  vpc_id      = data.aws_vpc.default.id
  tags        = local.tags

  ingress {
    description = "SSH"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    description = "Everything"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

# No access key in user data, none in the AMI, none in the environment: the SDK on the
# instance finds the role's temporary credentials at the metadata service by itself.
#
# Weak on purpose as well: nothing here demands IMDSv2, so a plain GET is enough to
# read those credentials on the instance, whoever sends it.
resource "aws_instance" "reader" {
  ami                    = var.ami_id
  instance_type          = "t3.micro"
  subnet_id              = data.aws_subnets.default.ids[0]
  vpc_security_group_ids = [aws_security_group.reader.id]
  iam_instance_profile   = aws_iam_instance_profile.reader.name
  tags                   = merge(local.tags, { Name = var.name })
}
