locals {
  roles = { admin = 3600, reader = 43200 }
}

resource "aws_iam_saml_provider" "idp" {
  name                   = "corpus-idp"
  saml_metadata_document = file("${path.module}/metadata.xml")
}

data "aws_iam_policy_document" "saml" {
  statement {
    actions = ["sts:AssumeRoleWithSAML", "sts:TagSession"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_saml_provider.idp.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "SAML:aud"
      values   = ["https://signin.aws.amazon.com/saml"]
    }
  }
}

resource "aws_iam_role" "r" {
  for_each             = local.roles
  name                 = "corpus-saml-${each.key}"
  max_session_duration = each.value
  assume_role_policy   = data.aws_iam_policy_document.saml.json
}
