variable "account_id" {
  description = "The sandbox account, 12 digits: nothing is created in any other one"
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id has 12 digits."
  }
}

variable "name" {
  description = "Name of the managed policy"
  type        = string
  default     = "sts-lab-learner"
}

variable "own_boundaries" {
  description = "Whether learners may set boundaries of their own (lessons 06, 11 and 14), which lets them do anything in the account"
  type        = bool
  default     = false
}

variable "region" {
  description = "Region of the lab"
  type        = string
  default     = "ap-northeast-2"
}

variable "role_name" {
  description = "An existing role that learners use; null attaches the policy to none"
  type        = string
  default     = null
}

variable "user_name" {
  description = "An existing IAM user that a learner uses; null attaches the policy to none"
  type        = string
  default     = null
}
