module "a" {
  source = "./role"
  name   = "corpus-inputs-a"
  trust  = { services = ["ec2.amazonaws.com"] }
}

module "b" {
  source = "./role"
  name   = "corpus-inputs-b"
  trust  = { arns = [module.a.role.arn], conditions = { StringEquals = { "aws:PrincipalOrgID" = "o-1" } } }
  policy = module.c.json

  attach_policy = true
}

module "c" {
  source     = "./document"
  statements = { read = { actions = ["s3:GetObject"], resources = ["${module.bucket.arn}/*"] } }
}

module "bucket" {
  source = "./bucket"
  name   = "corpus-inputs"
  reader = module.a.role.arn
}
