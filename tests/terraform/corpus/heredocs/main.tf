data "aws_caller_identity" "current" {}

variable "aws_assume_role_arn" {
  default = ""
}

resource "aws_iam_user" "victim" {
  name = "corpus-heredoc-user"
  path = "/"
}

resource "aws_iam_role" "escalating" {
  name = "corpus-heredoc-role"
  path = "/lab/"

  assume_role_policy = <<-EOF
  {
    "Version": "2012-10-17",
    "Statement": [
      {
        "Action": "sts:AssumeRole",
        "Principal": {
          "AWS": "${var.aws_assume_role_arn == "" ? data.aws_caller_identity.current.arn : var.aws_assume_role_arn}"
        },
        "Effect": "Allow",
        "Sid": ""
      }
    ]
  }
  EOF
}

resource "aws_iam_policy" "escalating" {
  name        = "corpus-heredoc-policy"
  path        = "/"
  description = "Allows privesc via iam:CreatePolicyVersion"

  policy = <<EOF
{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "iam:CreatePolicyVersion"
            ],
            "Resource": [ "*", "${aws_iam_user.victim.arn}" ],
            "Condition": { "StringLike": { "aws:username": "$${aws:username}-*" } }
        }
    ]
}
EOF
}

resource "aws_iam_user_policy" "inline" {
  name   = "inline"
  user   = aws_iam_user.victim.name
  policy = <<POLICY
{
  "Version": "2012-10-17",
  "Statement": [
%{for index, action in ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]~}
    {
      "Effect": "Allow",
      "Action": "${action}",
      "Resource": "%{if action == "iam:PassRole"}${aws_iam_role.escalating.arn}%{else}*%{endif}"
    }%{if index < 2},%{endif}
%{endfor~}
  ]
}
POLICY
}
