variable "tags" {
  type    = map(string)
  default = { prefix = "" }
}

data "aws_region" "current" {}

data "aws_iam_policy" "managed" {
  arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role" "legacy" {
  name               = "${var.tags["prefix"]}corpus-legacy"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${lookup({ "cn-north-1" = "ec2.amazonaws.com.cn" }, "${data.aws_region.current.name}", "ec2.amazonaws.com")}"]
    }
  }
}

resource "aws_iam_role_policy_attachment" "legacy" {
  role       = aws_iam_role.legacy.name
  policy_arn = data.aws_iam_policy.managed.arn
}
