locals {
  services  = ["ec2", "lambda"]
  accounts  = ["111122223333", "222233334444"]
  product   = [for pair in setproduct(local.services, local.accounts) : { service = pair[0], account = pair[1] }]
  zipped    = zipmap(local.services, local.accounts)
  turned    = transpose({ anna = ["read", "write"], bela = ["read"] })
  chunks    = chunklist(["a", "b", "c"], 2)
  matched   = matchkeys(["i-1", "i-2", "i-3"], ["a", "b", "a"], ["a"])
  first     = coalescelist([], local.accounts)
  merged    = merge({ a = 1, b = 2 }, { b = 3 }, { for s in local.services : s => length(s) })
  picked    = { for k, v in local.merged : k => v if v > 1 }
  reversed  = reverse(sort(keys(local.picked)))
  subtract  = setsubtract(["a", "b", "c"], ["b"])
  inside    = setintersection(["a", "b"], ["b", "c"])
  numbers   = [for n in range(1, 10, 3) : format("%03d", n)]
  slices    = slice(["a", "b", "c", "d"], 1, 3)
  indexed   = index(local.accounts, "222233334444")
  nested    = flatten([for s in local.services : [for a in local.accounts : ["${s}-${a}"]]])
  alltrue   = alltrue([for a in local.accounts : length(a) == 12])
  summed    = sum([for s in local.services : length(s)])
  tupled    = tolist(toset(["z", "a", "z"]))
  lookedup  = lookup(local.zipped, "rds", "none")
  subnets   = cidrsubnets("10.0.0.0/16", 4, 4, 8)
  trimmed   = [for s in [" a ", "b\n"] : trimspace(s)]
  split     = [for p in split(",", "x=1,y=2") : split("=", p)]
  as_map    = { for p in local.split : p[0] => tonumber(p[1]) }
  regexed   = regexall("[a-z]+", "ab1cd2")
  groups    = regex("^(?:(?P<scheme>[^:/?#]+):)?(?://(?P<host>[^/?#]*))?", "https://oidc.example.com/x")
  encoded   = base64decode(base64encode("ok"))
  hashed    = substr(sha256("corpus"), 0, 8)
  uuid      = uuidv5("dns", "example.com")
  timecmp   = timecmp("2025-01-01T00:00:00Z", "2025-01-01T01:00:00+01:00")
  shouting  = upper(replace("make it so", " ", "-"))
  padded    = format("%-6s|%6s|%q|%v|%#v", "a", "b", "c\"d", ["x", 1], { a = true })
  one       = one([for s in local.services : s if s == "ec2"])
  type_any  = try(tomap({ a = "b" })["zz"], "fallback")
  ternaries = [for n in [1, 2, 3] : n == 1 ? "one" : n == 2 ? "two" : "many"]
}

resource "aws_iam_policy" "p" {
  name = "corpus-collections"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = [for p in local.product : "${p.service}:Get${p.account}"], Resource = "*" },
      { Effect = "Allow", Action = "a:B", Resource = "*", Condition = { StringEquals = {
        "k:a" = local.turned["read"], "k:b" = local.matched, "k:c" = local.first, "k:d" = local.reversed,
        "k:e" = local.subtract, "k:f" = local.inside, "k:g" = local.numbers, "k:h" = local.slices,
        "k:i" = local.nested, "k:j" = local.tupled, "k:k" = local.subnets, "k:l" = local.trimmed,
        "k:m" = local.regexed, "k:n" = [local.groups.host, local.lookedup, local.encoded, local.hashed, local.uuid],
        "k:o" = local.padded, "k:p" = [local.one, local.type_any, local.shouting], "k:q" = local.ternaries,
        "k:r" = [for c in local.chunks : join("-", c)], "k:s" = tostring(local.alltrue),
        "k:t" = ["${local.summed}", "${local.indexed}", "${local.timecmp}", "${local.as_map.y}"]
      } } },
    ]
  })
}
