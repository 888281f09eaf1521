"""How long load() takes: the bundled example, and configurations of 2,500 to 10,000 lines.

    python tests/bench_terraform.py

The whole process of `python -m labhelpers audit` is told first, beside a Python that does nothing
and one that only reads python-hcl2's grammar: neither can become faster here. The goals: the
example under 0.15 s once the parser's grammar is there; 10,000 lines under 4 s, of which parsing 2;
twice the lines at most 2.4 times the time.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

EXAMPLE = Path(__file__).parents[1] / "terraform" / "ec2-s3-role"
ACCOUNT = "111122223333"
SIZES = (2_500, 5_000, 10_000)
PROCESSES = {
    "audit, whole process": ["-m", "labhelpers", "audit", str(EXAMPLE)],
    "of it the grammar": ["-c", "import hcl2; hcl2.parses('')"],
    "of it Python": ["-c", "pass"],
}

ONE = """\
data "aws_iam_policy_document" "d{n}" {{
  statement {{
    sid       = "Read{n}"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = [aws_s3_bucket.b{n}.arn, "${{aws_s3_bucket.b{n}.arn}}/*"]

    condition {{
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.me.account_id]
    }}
  }}
}}

resource "aws_s3_bucket" "b{n}" {{
  bucket = "${{var.prefix}}-{n}"
  tags   = merge(local.tags, {{ Name = "b{n}" }})
}}

resource "aws_iam_policy" "p{n}" {{
  name   = "p{n}"
  policy = data.aws_iam_policy_document.d{n}.json
}}

resource "aws_iam_role" "r{n}" {{
  count              = local.tags.a == "b" ? 1 : 0
  name               = "r{n}"
  assume_role_policy = <<-EOT
    {{
      "Version": "2012-10-17",
      "Statement": [
        {{
          "Effect": "Allow",
          "Action": "sts:AssumeRole",
          "Principal": {{ "AWS": "arn:aws:iam::${{data.aws_caller_identity.me.account_id}}:root" }}
        }}
      ]
    }}
  EOT
}}

"""
TOP = """\
variable "prefix" {
  default = "x"
}

locals {
  tags = { a = "b" }
}

data "aws_caller_identity" "me" {}

"""


def configuration(lines: int) -> str:
    """Return Terraform text of so many lines."""
    text, number = TOP, 0
    while text.count("\n") < lines:
        text += "".join(ONE.format(n=number + k) for k in range(10))
        number += 10
    return text


def process(arguments: list[str], runs: int = 20) -> tuple[float, float]:
    """Return the median wall time and CPU time of a whole process, in seconds."""
    walls, works = [], []
    for _ in range(runs):
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=False)
        walls.append(perf_counter() - begin)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        works.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(walls), statistics.median(works)


def main() -> int:
    for name, arguments in PROCESSES.items():
        wall, work = process(arguments)
        print(f"{name:23} {wall * 1000:8.0f} ms   (CPU {work * 1000:.0f})")

    from labhelpers.terraform import Access, audit, load
    from labhelpers.terraform.language import hcl

    def timed(call) -> float:
        begin = perf_counter()
        call()
        return perf_counter() - begin

    def fresh(directory: Path) -> float:
        hcl.parse_body.cache_clear()
        return timed(lambda: load(directory, account_id=ACCOUNT))

    load(EXAMPLE, account_id=ACCOUNT)
    example = min(fresh(EXAMPLE) for _ in range(5))
    again = min(timed(lambda: load(EXAMPLE, account_id=ACCOUNT)) for _ in range(5))
    told = f"(goal 150; unchanged: {again * 1000:.0f})"
    print(f"the example             {example * 1000:8.0f} ms   {told}")
    missed, times = [], []
    if example > 0.15:
        missed.append("the example")
    for lines in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            text = configuration(lines)
            (Path(folder) / "main.tf").write_text(text)
            hcl.parse_body.cache_clear()
            parse = timed(lambda text=text: hcl.parse_body(text, "main.tf"))
            whole = fresh(Path(folder))
            found = load(Path(folder), account_id=ACCOUNT)
            judged = timed(lambda found=found: (Access(found), audit(found)))
        times.append(whole)
        told = f"parsing {parse:.2f}, audit {judged:.2f} beside it"
        print(f"{text.count(chr(10)):6,} lines     {whole:8.2f} s    ({told})")
    if times[-1] > 4:
        missed.append(f"{SIZES[-1]:,} lines in 4 s")
    growth = times[-1] / times[-2]
    print(f"twice the lines  {growth:8.2f} times (goal 2.4)")
    if growth > 2.4:
        missed.append("linear growth")
    print(f"missed: {', '.join(missed)}" if missed else "All goals are reached.")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
