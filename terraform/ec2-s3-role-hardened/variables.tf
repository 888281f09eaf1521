variable "region" {
  description = "AWS Region of everything below; ap-northeast-2 is Seoul."
  type        = string
  default     = "ap-northeast-2"
}

variable "name" {
  description = "Common part of all names."
  type        = string
  default     = "sts-lab-hardened"
}

variable "bucket_name" {
  description = "Name of the bucket. Bucket names are unique in the whole world: set your own in a real account."
  type        = string
  default     = "sts-lab-hardened-reports"
}

# An AMI id differs from Region to Region and gets old, so there is no sensible
# default: whoever applies this has to choose one.
variable "ami_id" {
  description = "AMI that the instance starts from, for example ami-0123456789abcdef0."
  type        = string
}

locals {
  tags = {
    Project = "sts-lab"
    Example = "ec2-s3-role-hardened"
  }
}
