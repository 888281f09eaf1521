variable "ports" {
  type    = set(number)
  default = ["443", 80, "443"]
}

variable "flags" {
  type    = map(string)
  default = { secure = true, level = 3, ratio = 0.5 }
}

variable "pairs" {
  type    = list(tuple([string, number, bool]))
  default = [["a", "1", "true"], ["b", 2, false]]
}

variable "mixed" {
  type    = list(string)
  default = ["x", 1, true]
}

variable "loose" {
  default = { list = ["a", 1], nested = { deep = [true, "false"] } }
}

resource "aws_iam_policy" "p" {
  name = "corpus-conversion"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "S${length(var.ports)}"
        Effect   = "Allow"
        Action   = "a:B"
        Resource = "*"
        Condition = {
          StringEquals = {
            "k:flags" = values(var.flags)
            "k:pairs" = [for p in var.pairs : "${p[0]}${p[1] + 1}${p[2] ? "y" : "n"}"]
            "k:mixed" = var.mixed
            "k:loose" = [for v in var.loose.list : tostring(v)]
            "k:ports" = [for p in var.ports : tostring(p)]
            "k:bool"  = var.loose.nested.deep[0] ? "yes" : "no"
            "k:cond"  = true ? "1" : 2
            "k:num"   = "${1.0}-${10 / 4}-${1e3}-${floor(2.7)}-${- 7 % 3}"
          }
        }
      }
    ]
  })
}

output "conditional" {
  value = [true ? 1 : "two", false ? [] : ["a"], true ? null : "x"]
}
