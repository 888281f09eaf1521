# A small web shop, with faults planted on purpose: the capstone of the notebooks (13) finds,
# exploits and closes them. Do not apply this to a real account.
variable "region" {
  description = "AWS Region of everything below; ap-northeast-2 is Seoul."
  type        = string
  default     = "ap-northeast-2"
}

variable "backup_partner" {
  description = "Account of the partner that keeps the backups."
  type        = string
  default     = "444455556666"
}

locals {
  account = data.aws_caller_identity.shop.account_id
  admin   = "arn:aws:iam::aws:policy/AdministratorAccess"
}
