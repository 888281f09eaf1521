# Which Terraform and which provider understand these files. The lower bounds are
# loose on purpose: nothing here needs a newer feature.
terraform {
  required_version = ">= 1.3"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

# No access key stands here, and none should: Terraform takes the credentials of
# whoever runs it from the environment.
provider "aws" {
  region = var.region
}
