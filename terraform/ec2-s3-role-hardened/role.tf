# Two questions, two documents.
#
# 1. The trust policy: WHO may assume the role? Only the EC2 service, which hands the
#    temporary credentials on to the instances that carry the role.
data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "Ec2MayAssume"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "reader" {
  name               = var.name
  description        = "Lets an EC2 instance read the reports bucket."
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = local.tags
}

# 2. The permission policy: WHAT may whoever holds the role do? Listing is an action
#    on the bucket, reading is an action on the objects in it: two ARNs, two statements.
data "aws_iam_policy_document" "read_reports" {
  statement {
    sid       = "ListTheBucket"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.reports.arn]
  }

  statement {
    sid       = "ReadItsObjects"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.reports.arn}/*"]
  }
}

resource "aws_iam_policy" "read_reports" {
  name        = "${var.name}-read-reports"
  description = "List the reports bucket and read its objects."
  policy      = data.aws_iam_policy_document.read_reports.json
  tags        = local.tags
}

resource "aws_iam_role_policy_attachment" "read_reports" {
  role       = aws_iam_role.reader.name
  policy_arn = aws_iam_policy.read_reports.arn
}

# EC2 takes no role directly. The instance profile is the envelope that carries one.
resource "aws_iam_instance_profile" "reader" {
  name = var.name
  role = aws_iam_role.reader.name
  tags = local.tags
}
