locals {
  actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]

  quoted = "{\"Version\":\"2012-10-17\",\"Statement\":[%{for i, a in local.actions}{\"Effect\":\"Allow\",\"Action\":\"${a}\",\"Resource\":\"*\"}%{if i + 1 < length(local.actions)},%{endif}%{endfor}]}"

  stripped = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Action": [
    %{for index, action in local.actions~}
            "${action}"${index == length(local.actions) - 1 ? "" : ","}
    %{endfor~}
          ],
          "Resource": "%{if length(local.actions) > 2~}  *  %{~else~} none %{~endif}"
        }
      ]
    }
  EOT
}

resource "aws_iam_policy" "quoted" {
  name   = "corpus-strip-quoted"
  policy = local.quoted
}

resource "aws_iam_policy" "stripped" {
  name   = "corpus-strip-stripped"
  policy = local.stripped
}

resource "aws_iam_policy" "joined" {
  name   = "corpus-strip-joined"
  policy = "{\"Version\": \"2012-10-17\", \"Statement\": [${join(", ", [for a in local.actions : "{\"Effect\": \"Allow\", \"Action\": \"${a}\", \"Resource\": \"arn:aws:s3:::b/$${aws:username}/*\"}"])}]}"
}
