locals {
  files    = fileset(path.module, "policies/*.json")
  policies = { for f in local.files : trimsuffix(basename(f), ".json") => jsondecode(file("${path.module}/${f}")) }
}

resource "aws_iam_policy" "each" {
  for_each = local.policies
  name     = "corpus-files-${each.key}"
  policy   = jsonencode(each.value)
}

data "aws_iam_policy_document" "all" {
  source_policy_documents = [for f in sort(tolist(local.files)) : file("${path.module}/${f}")]
}

resource "aws_iam_policy" "all" {
  name        = "corpus-files-all"
  description = filesha256("${path.module}/policies/read.json")
  policy      = data.aws_iam_policy_document.all.json
}
