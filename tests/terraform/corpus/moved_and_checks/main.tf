moved {
  from = aws_iam_role.old
  to   = aws_iam_role.new
}

check "named" {
  assert {
    condition     = aws_iam_role.new.name != ""
    error_message = "It has no name."
  }
}

resource "terraform_data" "input" {
  input            = { team = "corpus-moved", n = 3 }
  triggers_replace = [1]
}

resource "aws_iam_role" "new" {
  name               = "corpus-moved"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = ["ssm.amazonaws.com"] } }] })

  lifecycle {
    create_before_destroy = true
    ignore_changes        = [description]

    precondition {
      condition     = terraform.workspace == "default"
      error_message = "Only here."
    }
  }
}

locals {
  by_workspace = { default = "x", other = "y" }
}

resource "aws_iam_policy" "p" {
  name   = "corpus-moved-${local.by_workspace[terraform.workspace]}"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "arn:aws:s3:::${terraform_data.input.output.team}-${basename(path.module)}/*" }] })
}
