"""load(): values, references and faults. The expected values are Terraform's own.

test_oracle.py asks Terraform for the values of EXPRESSIONS again.
"""

from __future__ import annotations

import copy
import pickle
import random
from collections import Counter
from pathlib import Path

import bench_terraform
import hcl2.parser
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from labhelpers.terraform import Configuration, TerraformError, Unknown, load, trust_graph
from labhelpers.terraform.language import hcl
from labhelpers.terraform.language.scope import Scope

EXAMPLE = Path(__file__).parents[2] / "terraform" / "ec2-s3-role"
ACCOUNT = "111122223333"

# What the expressions stand among; templates are read from beside them.
FILES = {
    "main.tf": """\
locals {
  l   = ["b", "a", "c"]
  m   = { z = 1, a = "x", "k k" = [1, 2] }
  o   = [{ n = "one", t = { v = 1 } }, { n = "two", t = { v = 2 } }]
  nul = null
  s   = toset(["b", "a", "b"])
}
""",
    "t.tftpl": "Hello ${name}!\n%{ for i, x in xs ~}\n  ${i}: ${x}\n%{ endfor ~}\nend "
    "%{ if n > 1 }many%{ else }one%{ endif }\n",
    "plain.txt": "äöü ${x}\n",
}

EXPRESSIONS = [
    ("[{ l = [{ n = 1 }, { n = 2 }] }, { l = [] }][*].l[*].n", [[1, 2], []]),
    ('true ? { a = 1 } : { a = "x" }', {"a": "1"}),
    ("1 + 2 * 3 - 4 / 8", 6.5),
    ("10 % 3", 1),
    ("-10 % 3", -1),
    ("2 - 1", 1),
    ("-1 -1", -2),
    ("0.1 + 0.2", 0.3),
    ("10 / 4", 2.5),
    ("1 / 3", 0.3333333333333333),
    ('"1" + 2', 3),
    ('"${1}"', 1),
    ('"${local.l[0]}-${1.5}-${true}"', "b-1.5-true"),
    ('"${local.l}"', ["b", "a", "c"]),
    ('true ? 1 : "a"', "1"),
    ('false ? 1 : "a"', "a"),
    ('true ? "x" : 1', "x"),
    ('1 == "1"', False),
    ("1 == 1.0", True),
    ('local.s == ["a", "b"]', False),
    ("[tolist([]) == [], tomap({}) != {}, compact([]) == [], [] == []]", [False, True] * 2),
    ("[{} == null, [null] == [], local.nul == null]", [False, False, True]),
    ('local.m == { a = "x", z = 1, "k k" = [1, 2] }', True),
    ('local.m["k k"][1]', 2),
    ("local.m.a", "x"),
    ("local.l.0", "b"),
    ('local.l["1"]', "a"),
    ("local.o[*].n", ["one", "two"]),
    ("local.o[*].t.v", [1, 2]),
    ("local.o.*.n", ["one", "two"]),
    ("local.o.*.t.v", [1, 2]),
    ("local.o.*.n[0]", "one"),
    ("local.nul[*]", []),
    ("local.m[*].a", ["x"]),
    ('"x"[*]', ["x"]),
    ("[for x in local.l : upper(x)]", ["B", "A", "C"]),
    ('[for i, x in local.l : "${i}${x}" if x != "a"]', ["0b", "2c"]),
    ("{ for k, v in local.m : k => k }", {"a": "a", "k k": "k k", "z": "z"}),
    ("[for k, v in local.m : k]", ["a", "k k", "z"]),
    ('{ for x in ["a", "b", "a"] : x => 1... }', {"a": [1, 1], "b": [1]}),
    ("[for x in local.s : x]", ["a", "b"]),
    ("[for k, x in local.s : k]", ["a", "b"]),
    ('<<EOT\na ${local.l[0]}\n  b $${x} "q" \\n\nEOT', 'a b\n  b ${x} "q" \\n\n'),
    (
        """<<-EOT
    a
      b

    c ${local.l[0]}
    EOT""",
        "a\n  b\n\nc b\n",
    ),
    (
        """<<-EOT
    %{ for x in local.l ~}
    item ${x}
    %{ endfor ~}
    end
    EOT""",
        "    item b\n    item a\n    item c\n    end\n",
    ),
    (
        """<<-EOT
    %{ for x in local.l }
    item ${~ x ~} z
    %{ endfor }
    end
    EOT""",
        "\nitembz\n\nitemaz\n\nitemcz\n\nend\n",
    ),
    (
        """<<EOT
%{ if true ~}
  yes
%{ else ~}
  no
%{ endif ~}
EOT""",
        "  yes\n",
    ),
    (
        """<<EOT
EOT""",
        "",
    ),
    (
        """<<-EOT
\ttab
\t  more
\tEOT""",
        "tab\n  more\n",
    ),
    (
        """<<-EOT
    ${local.l[0]}
      x
    EOT""",
        "b\n  x\n",
    ),
    ('"%{ if true }yes%{ else }no%{ endif }!"', "yes!"),
    ('"%{ for x in local.l }${x},%{ endfor }"', "b,a,c,"),
    ('"a\\tb\\"c\\\\ \\u00e9 $${x} %%{y}"', 'a\tb"c\\ é ${x} %{y}'),
    ('"$x %y $$ %%"', "$x %y $$ %%"),
    (
        'templatefile("${path.module}/t.tftpl", { name = "W", xs = ["p", "q"], n = 2 })',
        "Hello W!\n  0: p\n  1: q\nend many\n",
    ),
    ('templatefile("t.tftpl", { name = "W", xs = [], n = 1 })', "Hello W!\nend one\n"),
    ('file("plain.txt")', "äöü ${x}\n"),
    ('fileexists("plain.txt")', True),
    ("path.module", "."),
    ("path.root", "."),
    ("terraform.workspace", "default"),
    (
        'jsonencode({ b = [1, 2.5, true, null], a = "<é&>", c = {} })',
        '{"a":"\\u003cé\\u0026\\u003e","b":[1,2.5,true,null],"c":{}}',
    ),
    ('jsondecode("{\\"a\\": [1, 2.50, null, \\"x\\"]}")', {"a": [1, 2.5, None, "x"]}),
    ("merge({ a = 1 }, { a = 2, b = 3 }, null)", {"a": 2, "b": 3}),
    ('merge({ a = 1 }, { b = "x" })', {"a": 1, "b": "x"}),
    ('concat([1], ["a"])', [1, "a"]),
    ("flatten([[1, [2]], [], 3])", [1, 2, 3]),
    ('distinct(["a", "b", "a"])', ["a", "b"]),
    ('compact(["a", "", null, "b"])', ["a", "b"]),
    ("slice(local.l, 1, 3)", ["a", "c"]),
    ("element(local.l, 4)", "a"),
    ('lookup(local.m, "a", "d")', "x"),
    ('lookup({ a = "b" }, "c", "d")', "d"),
    ("keys(local.m)", ["a", "k k", "z"]),
    ("values({ b = 1, a = 2 })", [2, 1]),
    ('zipmap(["a", "b"], [1, 2])', {"a": 1, "b": 2}),
    ('contains(local.l, "a")', True),
    ('index(local.l, "c")', 2),
    ("reverse(local.l)", ["c", "a", "b"]),
    ('sort(["b", "a", "10", "9"])', ["10", "9", "a", "b"]),
    ('coalesce(null, "", "x")', "x"),
    ('coalescelist([], ["a"])', ["a"]),
    ('toset(["b", 1, "b"])', ["1", "b"]),
    ("tolist(local.s)", ["a", "b"]),
    ('tolist(["a", 1, true])', ["a", "1", "true"]),
    ('tomap({ a = 1, b = "x" })', {"a": "1", "b": "x"}),
    ("tostring(1.5)", "1.5"),
    ('tonumber("1e3")', 1000),
    ('tobool("true")', True),
    ('setunion(["a"], ["b", "a"])', ["a", "b"]),
    ('setsubtract(["a", "b"], ["b"])', ["a"]),
    ('setintersection(["a", "b"], ["b"])', ["b"]),
    ('setproduct(["a", "b"], [1, 2])', [["a", 1], ["a", 2], ["b", 1], ["b", 2]]),
    ("range(3)", [0, 1, 2]),
    ("range(1, 8, 3)", [1, 4, 7]),
    ("range(3, 0)", [3, 2, 1]),
    ("range(0, 1, 0.25)", [0, 0.25, 0.5, 0.75]),
    ('one(["a"])', "a"),
    ("one([])", None),
    ("sum([1, 2.5])", 3.5),
    ("max(1, 5, 3)", 5),
    ("max([1, 2]...)", 2),
    (
        'format("%s-%03d-%q-%v-%%-%5s|%-5s|%t", "a", 7, "x\\"y", [1, "b"], "r", "l", true)',
        'a-007-"x\\"y"-[1,"b"]-%-    r|l    |true',
    ),
    (
        'format("%.2f %x %X %o %b %e", 1.005, 255, 255, 8, 5, 12345.678)',
        "1.00 ff FF 10 101 1.234568e+04",
    ),
    ('formatlist("%s-%s", ["a", "b"], "x")', ["a-x", "b-x"]),
    ('join(",", ["a", 1, true])', "a,1,true"),
    ('join(",", local.s)', "a,b"),
    ('split(",", "a,b,,c")', ["a", "b", "", "c"]),
    ('split("", "ab")', ["a", "b"]),
    ('replace("a.b.c", ".", "-")', "a-b-c"),
    ('replace("hello world", "/(w)o/", "<$1>")', "hello <w>rld"),
    ('substr("hello", 1, 3)', "ell"),
    ('substr("hello", -3, -1)', "llo"),
    ('trim("??a?", "?")', "a"),
    ('trimprefix("aab", "a")', "ab"),
    ('trimsuffix("abb", "b")', "ab"),
    ('trimspace("  a \\n")', "a"),
    ('title("hello wORLD foo-bar it\'s")', "Hello WORLD Foo-Bar It'S"),
    ('indent(2, "a\\nb")', "a\n  b"),
    ('chomp("a\\n\\n")', "a"),
    ('strrev("abc")', "cba"),
    ('regex("[a-z]+", "12abc")', "abc"),
    ('regex("(\\\\d)(x)?", "1")', ["1", None]),
    ('regex("(?P<y>\\\\d+)-(?P<m>\\\\d+)", "2024-05")', {"m": "05", "y": "2024"}),
    ('regexall("[a-z]", "a1b")', ["a", "b"]),
    ('basename("a/b/")', "b"),
    ('dirname("a/b/c")', "a/b"),
    ('dirname("a")', "."),
    ('base64encode("é")', "w6k="),
    ('base64decode("w6k=")', "é"),
    ('md5("a")', "0cc175b9c0f1b6a831c399e269772661"),
    ('sha256("a")', "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
    ('urlencode("a b&é/*~")', "a+b%26%C3%A9%2F%2A~"),
    ('startswith("abc", "ab")', True),
    ('endswith("abc", "bc")', True),
    ('strcontains("abc", "b")', True),
    ('length("é")', 1),
    ("length(local.m)", 3),
    ('try(local.m.nope, "d")', "d"),
    ("can(local.m.nope)", False),
    ("can(1 + 1)", True),
    ('alltrue([true, "true"])', True),
    ("anytrue([])", False),
    ("abs(-3)", 3),
    ("ceil(1.2)", 2),
    ("floor(-1.2)", -2),
    ('parseint("ff", 16)', 255),
    ('cidrsubnet("10.0.0.0/16", 8, 2)', "10.0.2.0/24"),
    ('cidrhost("10.0.0.0/16", 5)', "10.0.0.5"),
    ("!true || false && true", False),
    ('1 < 2 && "a" != "b"', True),
    ("null == null", True),
    ('local.nul == null ? "d" : local.nul', "d"),
    ('{ "a" : 1, b = 2, (local.l[0]) = 3, "c${1}" = 4 }', {"a": 1, "b": 3, "c1": 4}),
    ("[1, 2, ][0]", 1),
    ("(1 + 2) * 3", 9),
    ('upper("é")', "É"),
    ("1e3", 1000),
    ("1000000000000000000000", 1000000000000000000000),
    ("0.00001", 1e-05),
    ('"${0.00001} ${123456789012} ${1e21}"', "0.00001 123456789012 1000000000000000000000"),
    ("signum(-3)", -1),
    ("pow(2, 10)", 1024),
    ('nonsensitive("x")', "x"),
    ('substr("héllo", 1, 1)', "é"),
    ('lower("ABC")', "abc"),
    ("tostring(null)", None),
    ('"x" == null', False),
    ('length([1, 2]) > 1 ? ["a"] : []', ["a"]),
    ("{ for k, v in { a = { b = 1 } } : k => v.b if v.b > 0 }", {"a": 1}),
    ("[for x in local.o : x.n][0]", "one"),
    ('local.o[0]["n"]', "one"),
    ("toset([1, 2])", [1, 2]),
    ('cidrnetmask("10.0.0.0/8")', "255.0.0.0"),
    ('cidrsubnet("fd00::/48", 16, 3)', "fd00:0:0:3::/64"),
    ('cidrhost("10.0.0.0/24", -2)', "10.0.0.254"),
    ('try(tonumber("x"), 1)', 1),
    ('"${true ? "x" : "y"}${"nested ${"deep"}"}"', "xnested deep"),
    (
        """<<-EOT
      ${jsonencode({ a = "}" })}
    b
    EOT""",
        '  {"a":"}"}\nb\n',
    ),
    (
        """<<-EOT
    a
  b

      c
  EOT""",
        "  a\nb\n\n    c\n",
    ),
    (
        '[for s in ["a"] : { name = s, t = [for i in range(2) : "${s}${i}"] }]',
        [{"name": "a", "t": ["a0", "a1"]}],
    ),
    ("local.l[*]", ["b", "a", "c"]),
    ("merge([{ a = 1 }, { b = 2 }]...)", {"a": 1, "b": 2}),
    ('[1, "a"] == [1, "a"]', True),
    ('"${null}"', None),
    ('format("%5.1f|%-8s|%08.3f|%+d", 3.14159, "ab", 3.14159, 5)', "  3.1|ab      |0003.142|+5"),
    ('jsonencode("a\\u2028b\\u007f\\u0001")', '"a\\u2028b\x7f\\u0001"'),
    ("jsonencode(1e21)", "1000000000000000000000"),
    ("jsonencode(0.1)", "0.1"),
    ("jsonencode(123456789.125)", "123456789.125"),
    ('local.o[0].t["v"]', 1),
    ('-"5"', -5),
    ('!"true"', False),
    ('substr("abc", 5, 2)', ""),
    ('split(1, "a1b")', ["a", "b"]),
    ('title("é ab_cd")', "É Ab_cd"),
    ('format("%#v|%v|%v|%s", { a = true }, { b = [1] }, 1, 2)', '{"a":true}|{"b":[1]}|1|2'),
    ("toset([3, 1, 20])", [1, 3, 20]),
    ("toset([true, false])", [False, True]),
    ("setunion([10, 9], [2])", [2, 9, 10]),
    ("jsonencode(toset([{b=1},{a=2}]))", '[{"a":2},{"b":1}]'),
    ('try([true ? 1 : "two"], "x")', ["1"]),
    ("[for x in toset([10, 9]) : x]", [9, 10]),
    ('sort(toset(["b","a"]))', ["a", "b"]),
    ('distinct(["b","a","b"])', ["b", "a"]),
    ('title("hello world-foo")', "Hello World-Foo"),
    (
        "jsonencode({a = 1.0, b = 1e30, c = 1.10})",
        '{"a":1,"b":1000000000000000000000000000000,"c":1.1}',
    ),
    ('csvdecode("a,b\\n1,\\"x,y\\"\\n")', [{"a": "1", "b": "x,y"}]),
    ('formatdate("DD MMM YYYY hh:mm ZZZ", "2018-01-02T23:12:01Z")', "02 Jan 2018 23:12 UTC"),
    (
        'formatdate("EEEE, DD-MMM-YY hh:mm:ss ZZZ", "2018-01-02T23:12:01-08:00")',
        "Tuesday, 02-Jan-18 23:12:01 -0800",
    ),
    ('formatdate("h:mmaa", "2018-01-02T23:12:01-08:00")', "23:12pm"),
    ('timeadd("2018-01-02T23:12:01-08:00", "-1h30m")', "2018-01-02T21:42:01-08:00"),
    ('"$${a}%%{b}$%"', "${a}%{b}$%"),
    ('"$${aws:x/${"y"}}"', "${aws:x/y}"),
    ('[for k, v in {a = 1} : "$${k}-${k}"]', ["${k}-a"]),
    ('true ? ["a"] : toset(["b"])', ["a"]),
    ("true ? {a=1} : {b=2}", {"a": 1}),
    ("merge({a=1}, null)", {"a": 1}),
    ('flatten([["a"], toset(["c","b"]), "d"])', ["a", "b", "c", "d"]),
    ('setsubtract(["b","a","c"], ["a"])', ["b", "c"]),
    ('lookup({a=1}, "b", null)', None),
    ('coalesce("", null, "x")', "x"),
    ('try(coalesce(null, ""), "none")', "none"),
    ('contains(["a"], "a")', True),
    ('replace("a/b", "/", "-")', "a-b"),
    ('replace("aXbX", "/X(.)?/", "[$1]")', "a[b][]"),
    ('regex("(\\\\w+)@(\\\\w+)", "me@home")', ["me", "home"]),
    ('substr("hello", -3, 2)', "ll"),
    ('startswith("abc", "")', True),
    ('transpose({a=["x","y"], b=["y"]})', {"x": ["a"], "y": ["a", "b"]}),
    ('index(["a","b"], "b")', 1),
    ('matchkeys([1,2,3],["a","b","a"],["a"])', [1, 3]),
    ('textencodebase64("hi", "UTF-16LE")', "aABpAA=="),
    ('urlencode("a b/c")', "a+b%2Fc"),
    ('"${{a=1}.a}"', 1),
    ('{a = 1, "b" = 2, (3) = 4}', {"3": 4, "a": 1, "b": 2}),
    ("[1, 2, 3][*]", [1, 2, 3]),
    ("null[*]", []),
    ("chunklist([1,2,3],2)", [[1, 2], [3]]),
    (
        'cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)',
        ["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"],
    ),
    ("log(16, 2)", 4),
    ('formatlist("%s-%d", ["a"], [1])', ["a-1"]),
    (
        'format("%5.2f|%05d|%x|%+d|%t|%08.3f", 3.14159, 42, 255, 7, true, 3.14159)',
        " 3.14|00042|ff|+7|true|0003.142",
    ),
    ('format("%[2]s %[1]s", "a", "b")', "b a"),
    ('indent(2, "a\\nb\\n")', "a\n  b\n  "),
    ("range(5, 0, -2)", [5, 3, 1]),
    ("range(3,1)", [3, 2]),
    ('try(tonumber("1e3"),"bad")', 1000),
    ('upper("straße")', "STRAßE"),
    ("ceil(-1.2)", -1),
    ("signum(0)", 0),
    ('"%{ for x in [1,2] ~} ${x} %{ endfor ~}"', "1 2 "),
    ('1 == 1 ? "y" : "n"', "y"),
    ("!false && (1 < 2 || false)", True),
    ("7 / 2", 3.5),
    ("-7 % 3", -1),
    ('"a" == "a"', True),
    ('["a"] == ["a"]', True),
    ('toset(["a"]) == toset(["a"])', True),
    ("{a=1} == {a=1}", True),
    ("keys({b=1,a=2})", ["a", "b"]),
    ("values({b=1,a=2})", [2, 1]),
    ('zipmap(["a","b"],[1,2])', {"a": 1, "b": 2}),
    ("one([])", None),
    ("alltrue([])", True),
    ('anytrue(["true"])', True),
    ("sum([0.1,0.2])", 0.3),
    ('trimspace(" x\\n")', "x"),
    ('trim("xxaxx","x")', "a"),
    ('split(",", "")', [""]),
    ('join(",", [])', ""),
    ('compact(["a","",null])', ["a"]),
    ('strrev("añb")', "bña"),
    ('basename("/a/b.c")', "b.c"),
    ('dirname("/a/b.c")', "/a"),
    ('pathexpand("/x")', "/x"),
    ('endswith("abc","bc")', True),
    ('uuidv5("dns","example.com")', "cfbff0d1-9375-5685-968c-48ce8b15ae17"),
    ('sha1("a")', "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
    ('base64sha256("a")', "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="),
    (
        'base64sha512("a")',
        "H0D8ktokFpR1CXnubPWC8tXX0o4YM13gWrxU0FYOD1MChgxlK/CNVgJSql50IQVG82n7u86MEs/HlXsmUv6adQ==",
    ),
    ('timecmp("2018-01-01T00:00:00Z","2018-01-01T00:00:01Z")', -1),
    ('jsondecode("[1.0, 1e2, \\"\\\\u00e9\\", null]")', [1, 100, "é", None]),
    ('can(regex("^a", "b"))', False),
    ('tomap({a=1,b="x"})', {"a": "1", "b": "x"}),
    ('toset([1,"1"])', ["1"]),
    ('setproduct(["a"],[1,2])', [["a", 1], ["a", 2]]),
    ('slice(["a","b","c"],0,2)', ["a", "b"]),
    ('length("añ")', 2),
]


def write(directory, files):
    """Write files into a directory, folders included; a text is main.tf."""
    for name, text in ({"main.tf": files} if isinstance(files, str) else files).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return directory


@pytest.fixture(scope="module")
def example() -> Configuration:
    return load(EXAMPLE, account_id=ACCOUNT)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    text = "".join(
        f'output "x{n}" {{\n  value = {expression}\n}}\n'
        for n, (expression, _) in enumerate(EXPRESSIONS)
    )
    directory = write(tmp_path_factory.mktemp("expressions"), FILES | {"outputs.tf": text})
    return load(directory).outputs


@pytest.mark.parametrize("number", range(len(EXPRESSIONS)), ids=[e for e, _ in EXPRESSIONS])
def test_an_expression_has_the_value_that_terraform_gives_it(outputs, number):
    expected = EXPRESSIONS[number][1]
    assert outputs[f"x{number}"] == expected
    assert type(outputs[f"x{number}"]) is type(expected) or isinstance(expected, list)


# The example


def test_the_example_has_these_addresses_each_with_its_place(example):
    places = {address: (r.file, r.line) for address, r in example.resources.items()}
    assert places == {
        "aws_iam_instance_profile.reader": ("role.tf", 53),
        "aws_iam_policy.read_reports": ("role.tf", 40),
        "aws_iam_role.reader": ("role.tf", 17),
        "aws_iam_role_policy_attachment.read_reports": ("role.tf", 47),
        "aws_instance.reader": ("instance.tf", 43),
        "aws_s3_bucket.reports": ("bucket.tf", 2),
        "aws_s3_bucket_public_access_block.reports": ("bucket.tf", 9),
        "aws_security_group.reader": ("instance.tf", 15),
        "data.aws_iam_policy_document.read_reports": ("role.tf", 26),
        "data.aws_iam_policy_document.trust": ("role.tf", 5),
        "data.aws_subnets.default": ("instance.tf", 6),
        "data.aws_vpc.default": ("instance.tf", 2),
    }
    for address, resource in example.resources.items():
        text = (EXAMPLE / resource.file).read_text().split("\n")[resource.line - 1]
        assert text.startswith("data" if address.startswith("data.") else "resource")
        assert f'"{resource.type}" "{resource.name}"' in text
        assert resource.mode == ("data" if address.startswith("data.") else "managed")


@pytest.mark.parametrize(
    ("address", "attribute", "value"),
    [
        ("aws_iam_role.reader", "arn", f"arn:aws:iam::{ACCOUNT}:role/sts-lab-reader"),
        ("aws_iam_role.reader", "max_session_duration", 3600),
        (
            "aws_iam_policy.read_reports",
            "id",
            f"arn:aws:iam::{ACCOUNT}:policy/sts-lab-reader-read-reports",
        ),
        ("aws_s3_bucket.reports", "arn", "arn:aws:s3:::sts-lab-reports"),
        ("aws_s3_bucket_public_access_block.reports", "bucket", "sts-lab-reports"),
        ("aws_instance.reader", "iam_instance_profile", "sts-lab-reader"),
        ("aws_instance.reader", "ami", Unknown),
        ("aws_instance.reader", "id", Unknown),
        ("aws_instance.reader", "vpc_security_group_ids", [Unknown]),
        ("aws_security_group.reader", "vpc_id", Unknown),
        ("data.aws_vpc.default", "default", True),
    ],
)
def test_the_example_has_these_values(example, address, attribute, value):
    assert example.resources[address].values[attribute] == value


def test_variables_locals_and_outputs_of_the_example(example):
    assert example.variables["name"] == "sts-lab-reader"
    assert example.variables["ami_id"] is Unknown
    assert example.locals == {"tags": {"Project": "sts-lab", "Example": "ec2-s3-role"}}
    assert example.outputs == {
        "bucket": "sts-lab-reports",
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/sts-lab-reader",
        "instance_id": Unknown,
    }


def test_without_an_account_arns_of_iam_are_unknown_and_those_of_s3_are_not():
    found = load(EXAMPLE).resources
    assert found["aws_iam_role.reader"].values["arn"] is Unknown
    assert found["aws_s3_bucket.reports"].values["arn"] == "arn:aws:s3:::sts-lab-reports"


def test_the_account_can_come_from_the_caller():
    found = load(EXAMPLE, caller_arn=f"arn:aws:iam::{ACCOUNT}:user/anna").outputs
    assert found["role_arn"] == f"arn:aws:iam::{ACCOUNT}:role/sts-lab-reader"


def test_given_variables_go_before_defaults():
    found = load(EXAMPLE, {"ami_id": "ami-1", "name": "x"}, ACCOUNT)
    assert found.resources["aws_instance.reader"].values["ami"] == "ami-1"
    assert found.outputs["role_arn"] == f"arn:aws:iam::{ACCOUNT}:role/x"


def evaluations(monkeypatch, directory) -> list[object]:
    """Return the expressions that a load() evaluates, one entry for each time."""
    found = []

    def counted(scope, node, evaluate=Scope.evaluate):
        found.append(node)
        return evaluate(scope, node)

    with monkeypatch.context() as patched:
        patched.setattr(Scope, "evaluate", counted)
        load(directory, account_id=ACCOUNT)
    return found


def test_each_file_is_parsed_once_however_often_it_is_loaded(monkeypatch):
    parsed = []
    parses = hcl._parser()
    monkeypatch.setattr(hcl, "_parser", lambda: lambda text: parsed.append(text) or parses(text))
    hcl.parse_body.cache_clear()
    load(EXAMPLE, account_id=ACCOUNT)
    assert len(parsed) == len(set(parsed)) == len(list(EXAMPLE.glob("*.tf")))
    load(EXAMPLE, account_id=ACCOUNT)
    assert len(parsed) == len(set(parsed))


def test_the_grammar_is_loaded_once(monkeypatch, example):
    opened = []
    monkeypatch.setattr(hcl2.parser.Lark, "open", lambda *a, **k: opened.append(a))
    for _ in range(2):
        hcl.parse_body.cache_clear()
        assert load(EXAMPLE, account_id=ACCOUNT).resources.keys() == example.resources.keys()
    assert opened == []


def test_no_expression_of_the_example_is_evaluated_twice(monkeypatch):
    """A name is evaluated once, however many others refer to it: local.tags is used five times."""
    found = Counter(map(id, evaluations(monkeypatch, EXAMPLE)))
    assert found and max(found.values()) == 1


def test_twice_the_lines_are_at_most_twice_the_evaluations(monkeypatch, tmp_path):
    counts = []
    for lines in (400, 800):
        text = bench_terraform.configuration(lines)
        directory = write(tmp_path / str(lines), text)
        counts.append(len(evaluations(monkeypatch, directory)) / text.count("\n"))
    assert counts[1] <= counts[0] * 1.05


def test_unknown_is_one_object_and_no_truth():
    assert copy.deepcopy([Unknown])[0] is Unknown and pickle.loads(pickle.dumps(Unknown)) is Unknown
    assert not Unknown and repr(Unknown) == "Unknown"


# Configurations of more than one kind

ROLE = 'resource "aws_iam_role" "r" {\n  name = "r"\n  assume_role_policy = "{}"\n%s}\n'
SEOUL = 'provider "aws" {\n  alias = "seoul"\n  region = "ap-northeast-2"\n}\n'
QUEUE = 'resource "aws_sqs_queue" "q" {\n  name = "q"\n%s}\n'


@pytest.mark.parametrize(
    ("files", "output"),
    [
        pytest.param(
            QUEUE % "count = 2\n" + 'output "o" { value = aws_sqs_queue.q[*].arn }',
            [f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"] * 2,
            id="count gives a list",
        ),
        pytest.param(
            'resource "aws_sqs_queue" "q" {\n  for_each = toset(["a", "b"])\n  name = each.key\n}\n'
            'output "o" { value = { for k, q in aws_sqs_queue.q : k => q.name } }',
            {"a": "a", "b": "b"},
            id="for_each gives a map",
        ),
        pytest.param(
            SEOUL + QUEUE % "provider = aws.seoul\n" + 'output "o" { value = aws_sqs_queue.q.arn }',
            f"arn:aws:sqs:ap-northeast-2:{ACCOUNT}:q",
            id="a provider's region",
        ),
        pytest.param(
            'provider "aws" {\n  region = "cn-north-1"\n}\n'
            + QUEUE % ""
            + 'output "o" { value = aws_sqs_queue.q.arn }',
            f"arn:aws-cn:sqs:cn-north-1:{ACCOUNT}:q",
            id="a region's partition",
        ),
        pytest.param(
            'provider "aws" {\n  assume_role {\n    role_arn = "arn:aws:iam::444455556666:role/x"\n'
            "  }\n}\n" + ROLE % "" + 'output "o" { value = aws_iam_role.r.arn }',
            "arn:aws:iam::444455556666:role/r",
            id="the account that the provider goes to",
        ),
        pytest.param(
            'data "aws_caller_identity" "me" {}\ndata "aws_partition" "p" {}\n'
            'data "aws_region" "r" {}\noutput "o" {\n'
            "  value = [data.aws_caller_identity.me.account_id,\n"
            "    data.aws_partition.p.partition, data.aws_region.r.name,\n"
            "    data.aws_caller_identity.me.user_id]\n}",
            [ACCOUNT, "aws", "eu-west-1", Unknown],
            id="who and where",
        ),
        pytest.param(
            'provider "aws" {\n  default_tags {\n    tags = { a = 1, b = 2 }\n  }\n}\n'
            + QUEUE % "tags = { b = 3 }\n"
            + 'output "o" { value = aws_sqs_queue.q.tags_all }',
            {"a": 1, "b": 3},
            id="default tags",
        ),
        pytest.param(
            {
                "main.tf": 'module "m" {\n  source = "./inner"\n  name = "q"\n}\n'
                'output "o" { value = module.m.arn }',
                "inner/main.tf": 'variable "name" {}\n'
                + QUEUE % ""
                + 'output "arn" { value = "${var.name} ${path.module} ${aws_sqs_queue.q.arn}" }',
            },
            f"q inner arn:aws:sqs:eu-west-1:{ACCOUNT}:q",
            id="a local module",
        ),
        pytest.param(
            {
                "main.tf": SEOUL + 'module "m" {\n  source = "./inner"\n'
                '  providers = { aws = aws.seoul }\n}\noutput "o" { value = module.m.arn }',
                "inner/main.tf": QUEUE % "" + 'output "arn" { value = aws_sqs_queue.q.arn }',
            },
            f"arn:aws:sqs:ap-northeast-2:{ACCOUNT}:q",
            id="a module with another provider",
        ),
        pytest.param(
            {
                "main.tf": 'variable "a" {}\nvariable "b" { default = 1 }\nvariable "c" {}\n'
                'output "o" { value = [var.a, var.b, var.c] }',
                "terraform.tfvars": 'a = "file"\nb = 2\n',
                "x.auto.tfvars": "b = 3\n",
                "y.auto.tfvars.json": '{"c": [1]}',
            },
            ["file", 3, [1]],
            id="files of variables",
        ),
        pytest.param(
            'variable "o" {\n  type = object({\n    n = number\n    s = optional(string, "d")\n'
            "    l = set(string)\n  })\n"
            '  default = { n = "5", l = ["b", "a", "b"] }\n}\noutput "o" { value = var.o }',
            {"n": 5, "s": "d", "l": ["a", "b"]},
            id="types convert",
        ),
        pytest.param(
            'variable "o" {\n  type = list(any)\n  default = ["a", 1, true]\n}\n'
            'output "o" { value = var.o }',
            ["a", "1", "true"],
            id="any is one type",
        ),
        pytest.param(
            ROLE % 'dynamic "inline_policy" {\n  for_each = ["a", "b"]\n  iterator = it\n'
            '  content {\n    name = "${it.key}-${it.value}"\n  }\n}\n'
            + 'output "o" { value = aws_iam_role.r.inline_policy[*].name }',
            ["0-a", "1-b"],
            id="dynamic blocks",
        ),
        pytest.param(
            'resource "aws_iam_role" "r" {\n  assume_role_policy = "{}"\n  name_prefix = "x"\n}\n'
            'output "o" {\n  value = [aws_iam_role.r.name, "x${aws_iam_role.r.arn}",\n'
            "    aws_iam_role.r.path]\n}",
            [Unknown, Unknown, "/"],
            id="a name that only AWS knows",
        ),
        pytest.param(
            'output "o" { value = [timestamp(), "${uuid()}x", [for x in [uuid()] : x]] }',
            [Unknown, Unknown, [Unknown]],
            id="functions that only apply knows",
        ),
        pytest.param(
            '\ufeffoutput "o" {\r\n  value = <<-EOT\r\n    a\r\n    b\r\n  EOT\r\n}\r\n',
            "a\r\nb\r\n",
            id="byte order mark and CRLF",
        ),
    ],
)
def test_what_follows_from_a_configuration(tmp_path, files, output):
    found = load(write(tmp_path, files), account_id=ACCOUNT, region="eu-west-1")
    assert found.outputs["o"] == output


def test_instances_have_terraforms_addresses(tmp_path):
    inner = 'resource "aws_sqs_queue" "q" {\n  for_each = { "k k" = 1 }\n  name = each.key\n}\n'
    text = QUEUE % "count = 2\n" + 'module "m" {\n  source = "./inner"\n}\n'
    found = load(write(tmp_path, {"main.tf": text, "inner/x.tf": inner})).resources
    assert list(found) == [
        "aws_sqs_queue.q[0]",
        "aws_sqs_queue.q[1]",
        'module.m.aws_sqs_queue.q["k k"]',
    ]
    assert found['module.m.aws_sqs_queue.q["k k"]'].file == "inner/x.tf"


# Faults

FAULTS = [
    pytest.param(
        'resource "aws_iam_role" "r" {\n  name = var.nam\n}\nvariable "name" {}\n',
        'aws_iam_role.r: An input variable with the name "nam" has not been declared.',
        2,
        'Did you mean "name"? This variable can be declared with: variable "nam" {}',
        id="undeclared variable",
    ),
    pytest.param(
        'output "o" {\n  value = local.x\n}\n',
        'output.o: A local value with the name "x" has not been declared.',
        2,
        "locals { x = … }",
        id="undeclared local value",
    ),
    pytest.param(
        QUEUE % "" + 'output "o" {\n  value = aws_sqs_queue.x.arn\n}\n',
        "output.o: The managed resource aws_sqs_queue.x has not been declared.",
        5,
        'Did you mean "aws_sqs_queue.q"?',
        id="undeclared resource",
    ),
    pytest.param(
        'output "o" {\n  value = data.aws_vpc.x.id\n}\n',
        "output.o: The data resource data.aws_vpc.x has not been declared.",
        2,
        "Declare it",
        id="undeclared data source",
    ),
    pytest.param(
        'output "o" {\n  value = hello\n}\n',
        'Invalid reference "hello"',
        2,
        "in quotes",
        id="a text without quotes",
    ),
    pytest.param(
        "locals {\n  a = local.b\n  b = local.a\n}\n",
        "Cycle: local.a -> local.b -> local.a.",
        3,
        "",
        id="cycle",
    ),
    pytest.param(
        'output "o" {\n  value = [\n    yamldecod("a"),\n  ]\n}\n',
        "The function yamldecod() is not supported here.",
        3,
        "",
        id="function that is not supported",
    ),
    pytest.param(
        QUEUE % "" + QUEUE % "", "aws_sqs_queue.q is declared twice", 4, "Rename", id="twice"
    ),
    pytest.param(
        'output "o" {\n  value = 1\n  value = 2\n}\n',
        'The argument "value" is set twice; it was already set on line 2.',
        3,
        "",
        id="argument twice",
    ),
    pytest.param(
        'output "o" { value = 1 value2 = 2 }\n',
        "A new line is missing after the argument",
        1,
        "",
        id="two arguments on a line",
    ),
    pytest.param(
        'resorce "a" "b" {\n}\n',
        'Blocks of type "resorce" are not expected here.',
        1,
        'Did you mean "resource"?',
        id="block type",
    ),
    pytest.param(
        'resource "a" {\n}\n',
        "A resource block has 2 names",
        1,
        'resource "type" "name" {',
        id="labels",
    ),
    pytest.param(
        "a = 1\n", 'An argument named "a" is not expected here.', 1, "", id="argument at the top"
    ),
    pytest.param(
        'variable "n" {\n  default = -1\n  validation {\n    condition = var.n > 0\n'
        '    error_message = "n is positive."\n  }\n}\n',
        "var.n: Invalid value for variable.",
        4,
        "n is positive.",
        id="validation",
    ),
    pytest.param(
        'variable "n" {\n  type = number\n  default = "x"\n}\n',
        'A number is required, not "x".',
        2,
        "",
        id="type",
    ),
    pytest.param(
        QUEUE % "count = var.n\n" + 'variable "n" {}\n',
        "count depends on a value that is not known",
        3,
        "variables={",
        id="count that nobody knows",
    ),
    pytest.param(
        QUEUE % 'for_each = ["a"]\n',
        "for_each needs a map or a set",
        3,
        "toset(",
        id="for_each of a list",
    ),
    pytest.param(
        'module "m" {\n  source = "hashicorp/consul/aws"\n}\n',
        "The module hashicorp/consul/aws is not on this machine and is skipped",
        1,
        "terraform init",
        id="module from a registry",
    ),
    pytest.param(
        'module "m" {\n  source = "./"\n}\n',
        "This module calls itself.",
        1,
        "",
        id="module in itself",
    ),
    pytest.param(
        'module "m" {\n  source = "./nowhere"\n}\n',
        "cannot be read",
        1,
        "path",
        id="module nowhere",
    ),
    pytest.param(
        'resource "a" "b" {\n  x = "${1 +}"\n}\n',
        "not Terraform syntax",
        2,
        "",
        id="half an expression",
    ),
    pytest.param(
        'output "o" {\n  value = <<EOT\na\n${nope(1)}\nEOT\n}\n',
        "The function nope()",
        4,
        "",
        id="inside a heredoc",
    ),
    pytest.param(
        'output "o" {\n  value = <<EOT\na ${1 +} b\nEOT\n}\n',
        "not Terraform syntax",
        3,
        "",
        id="in a heredoc",
    ),
    pytest.param(
        'output "o" {\n  value = "${[1]}x"\n}\n',
        "cannot be part of a text",
        2,
        "join(",
        id="list in a text",
    ),
    pytest.param(b"# caf\xe9\n", "This is no UTF-8 text.", 1, "UTF-8", id="encoding"),
    # Syntax: the place is where the fault is, not where the parser gave up.
    pytest.param(
        'resource "a" "b" {\n  x {\n    y = 1\n}\n\nresource "c" "d" {\n  z = 1\n}\n',
        "The { that is opened here is never closed: x {",
        2,
        "Add the }",
        id="inner block without its brace",
    ),
    pytest.param(
        'resource "a" "b" {\n  y = 1\n\nresource "c" "d" {\n  z = 1\n}\n',
        'is never closed: resource "a" "b" {',
        1,
        "Add the }",
        id="outer block without its brace",
    ),
    pytest.param(
        'resource "a" "b" {\n  y = [1,\n    2\n  z = 3\n}\n',
        "The [ that is opened",
        2,
        "Add the ]",
        id="list",
    ),
    pytest.param(
        'resource "a" "b" {\n  y = "abc\n  z = "d"\n}\n',
        'closing " is missing',
        2,
        'Add the "',
        id="quote",
    ),
    pytest.param(
        'output "o" {\n  value = "abc\n}\n\nlocals {\n  a = "b"\n}\n',
        'closing " is missing',
        2,
        "",
        id="quote that swallows lines",
    ),
    pytest.param(
        'output "o" {\n  value = <<EOT\nabc\n}\n',
        "The heredoc EOT is never closed",
        2,
        "EOT alone",
        id="heredoc",
    ),
    pytest.param(
        'resource "a" "b" {\n}\n}\n', "There is no { for this }.", 3, "Remove", id="brace too many"
    ),
    pytest.param(
        'output "o" {\n  value: 1\n}\n', "not with a colon", 2, "name = value", id="colon"
    ),
    pytest.param("output \"o\" {\n  value = 'x'\n}\n", "double quotes", 2, "", id="single quotes"),
    pytest.param('output "o" {\n  value =\n}\n', "has no value", 2, "", id="no value"),
    pytest.param(
        'output "o"\n{\n  value = 1\n}\n',
        "must stand on its first line",
        1,
        "",
        id="brace on its own line",
    ),
]


@pytest.mark.parametrize(("text", "said", "line", "hint"), FAULTS)
def test_a_fault_is_told_with_its_place_and_what_to_do(tmp_path, text, said, line, hint):
    found = load(write(tmp_path, text if isinstance(text, str) else {"main.tf": text}))
    assert len(found.diagnostics) == 1, found.diagnostics
    fault = found.diagnostics[0]
    assert said in fault.message
    assert (fault.file, fault.line) == ("main.tf", line)
    assert hint in fault.hint
    assert str(fault).startswith(f"{fault.severity}: main.tf, line {line}: {fault.message}")
    assert str(fault) in repr(found)


@pytest.mark.parametrize(
    ("files", "arguments", "said"),
    [
        pytest.param({}, {}, "There are no .tf files in", id="empty directory"),
        pytest.param({"a.tf": ""}, {"account_id": "12"}, "is no account id", id="account"),
        pytest.param({"a.tf": ""}, {"variables": {"x": 1}}, 'given for "x"', id="variable"),
    ],
)
def test_a_directory_or_an_argument_that_is_wrong(tmp_path, files, arguments, said):
    with pytest.raises(TerraformError, match=said):
        load(write(tmp_path, files), **arguments)


def test_a_missing_directory_and_a_file_in_its_place(tmp_path):
    with pytest.raises(TerraformError, match="There is no directory"):
        load(tmp_path / "nowhere")
    with pytest.raises(TerraformError, match="is no directory"):
        load(write(tmp_path, "") / "main.tf")


# Whatever the files hold, there is no other error

SOURCE = {path.name: path.read_text() for path in sorted(EXAMPLE.glob("*.tf"))}
PIECES = [
    *('"', "{", "}", "[", "]", "(", ")", "=", "${", "%{ if true }", "\n", " ", "$", "<<E\n", "*"),
    *("\\", "\x00", "é", "# ", "/*", "...", ".", ",", "null", "-1", "1e999", "count = 2\n"),
    *("var.name", "local.tags", "[*]", "for x in y :", "jsonencode(", "aws_iam_role.reader.arn"),
    *("${var.ami_id}", 'dynamic "x" {', "each.key", "true ? ", "data.", "\ud7ff", "range(9)"),
]


@st.composite
def broken_examples(draw):
    files = dict(SOURCE)
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(files)))
        text = files[name]
        begin = draw(st.integers(0, len(text)))
        end = min(begin + draw(st.sampled_from([0, 0, 1, 2, 10, 80])), len(text))
        files[name] = text[:begin] + draw(st.sampled_from(["", *PIECES])) + text[end:]
    return files


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(files=broken_examples())
def test_a_broken_example_leads_to_no_other_error(tmp_path_factory, files):
    directory = write(tmp_path_factory.mktemp("broken"), files)
    try:
        trust_graph(load(directory, account_id=ACCOUNT))
    except TerraformError as error:
        assert error.message
        if error.line:
            assert error.line <= files.get(error.file, "").count("\n") + 1


@pytest.mark.parametrize(
    "value",
    [
        "(" * 3000 + "1" + ")" * 3000,
        "[" * 3000 + "]" * 3000,
        "-" * 3000 + "1",
        "!" * 3000 + "true",
        '"${' * 1000 + "1" + '}"' * 1000,
        "1" + "+1" * 5000,
        "9" * 6000,
        "1e400",
        "1" + "0" * 299 + " * 1" + "0" * 299,
        "1" + "0" * 299 + " * 0.1 % 7 / 3",
        'format("%999d %s", 1, "a")',
        'tonumber("١")',
        'jsondecode("1e999")',
        r'jsondecode("\"\\ud800\"")',
        r'sha256("\ud800")',
        'regex("(", "a")',
        'replace("a", "/(/", "b")',
        'replace("a", "/a/", "$9$x$")',
        'file("\\u0000")',
        'fileexists("\\u0000")',
        'file(".")',
        'abspath("\\u0000")',
        "range(0, 1e299, 1e-9)",
        "range(1e299, 1e298)",
        "setproduct(range(1000), range(1000))",
        "pow(10, 400)",
        "sum([])",
        'parseint("z", 99)',
        'cidrsubnet("x", 1, 1)',
        'cidrsubnet("10.0.0.0/8", 1.5, 1)',
        'cidrhost("10.0.0.0/8", 1e30)',
        "slice([1], 0.5, 1)",
        "element([1], 1e30)",
        "null.a",
        "null[0]",
        "true.a",
        "[1][null]",
        "{ a = 1 }[null]",
        "{ (null) = 1 }",
        "merge([1])",
        "max()",
        "concat()",
        "jsonencode()",
        "join()",
        "[1]...",
        "upper(1...)",
        "provider::aws::arn_parse(1)",
        "each.key",
        "self.x",
        "path",
        "terraform.nope",
        "var",
        "module.x",
        "data.x",
        "for",
        "[for x in 1 : x]",
        "{ for x in [1] : null => x }",
        '"%{ for x in 1 }%{ endfor }"',
        '"%{ endif }"',
        '"%{ if true }"',
        '"%{ if 3 }a%{ endif }"',
        "<<E\n%{ endif }\nE\n",
        "<<E\n%{ if true }\nE\n",
        "<<E\n%{ for }\nE\n",
        "<<E\n%{ what }\nE\n",
        "<<E\n${\nE\n",
        "<<-E\nE\n",
    ],
    ids=lambda value: value[:24],
)
def test_a_strange_value_leads_to_no_other_error(tmp_path, value):
    try:
        load(write(tmp_path, f'output "o" {{\n  value = {value}\n}}\n'))
    except TerraformError as error:
        assert error.file == "main.tf" or not error.line


def test_a_text_that_grows_beyond_reason_is_refused(tmp_path):
    grown = "".join(f'  a{n + 1} = "${{local.a{n}}}${{local.a{n}}}"\n' for n in range(60))
    found = load(write(tmp_path, f'locals {{\n  a0 = "xxxxxxxxxx"\n{grown}}}\n'))
    assert "has more than" in found.diagnostics[0].message


def test_many_locals_in_a_chain(tmp_path):
    """Deeper than Python's stack: refused with a clear sentence, not with RecursionError."""
    chain = "".join(f"  a{n + 1} = local.a{n}\n" for n in range(2000))
    names = list(reversed(chain.splitlines(keepends=True)))
    with pytest.raises(TerraformError, match="nested too deeply"):
        load(write(tmp_path, f"locals {{\n{''.join(names)}  a0 = 1\n}}\n"))


def test_the_order_of_declarations_does_not_matter(tmp_path, example):
    blocks = {name: text.split("\n\n") for name, text in SOURCE.items()}
    for name, parts in blocks.items():
        if name != "instance.tf" and not any(part.startswith(" ") for part in parts):
            random.Random(1).shuffle(parts)
    files = {name: "\n\n".join(parts) + "\n" for name, parts in blocks.items()}
    found = load(write(tmp_path, files), account_id=ACCOUNT)
    assert {a: r.values for a, r in found.resources.items()} == {
        a: r.values for a, r in example.resources.items()
    }


# The trust graph


def edges(graph):
    return {(tail, head): data["label"] for tail, head, data in graph.edges(data=True)}


@pytest.mark.parametrize("account", [ACCOUNT, None], ids=["with account", "without account"])
def test_the_graph_of_the_example(account):
    graph = trust_graph(load(EXAMPLE, account_id=account))
    role = "aws_iam_role.reader"
    assert edges(graph) == {
        ("Service:ec2.amazonaws.com", role): "sts:AssumeRole",
        (role, "aws_iam_policy.read_reports"): "attached policy",
        (role, "arn:aws:s3:::sts-lab-reports"): "s3:ListBucket",
        (role, "arn:aws:s3:::sts-lab-reports/*"): "s3:GetObject",
        ("aws_instance.reader", "aws_iam_instance_profile.reader"): "has",
        ("aws_iam_instance_profile.reader", role): "carries",
    }
    assert dict(graph.nodes(data="kind")) == {
        "Service:ec2.amazonaws.com": "principal",
        role: "role",
        "aws_iam_policy.read_reports": "policy",
        "arn:aws:s3:::sts-lab-reports": "resource",
        "arn:aws:s3:::sts-lab-reports/*": "resource",
        "aws_iam_instance_profile.reader": "instance-profile",
        "aws_instance.reader": "instance",
    }
    assert graph.nodes[role]["label"] == "sts-lab-reader"


def trusting(name, *statements, more=""):
    return (
        f'resource "aws_iam_role" "{name}" {{\n  name = "{name}"\n'
        "  assume_role_policy = jsonencode({\n"
        f'    Version = "2012-10-17", Statement = [{", ".join(statements)}]\n  }})\n{more}}}\n'
    )


def statement(principal, effect="Allow", more=""):
    action = f'Effect = "{effect}", Action = "sts:AssumeRole"'
    return f"{{ {action}, Principal = {{ AWS = {principal} }}{more} }}"


ROOT = f'"arn:aws:iam::{ACCOUNT}:root"'
CONDITION = ', Condition = { StringEquals = { "sts:ExternalId" = "x" } }'


@pytest.mark.parametrize(
    ("text", "edge", "label", "node"),
    [
        pytest.param(
            trusting("a", statement('"444455556666"', more=CONDITION)),
            ("AWS:444455556666", "aws_iam_role.a"),
            "sts:AssumeRole if sts:ExternalId StringEquals x",
            "account 444455556666",
            id="an account with an external ID",
        ),
        pytest.param(
            trusting("a", statement(ROOT), statement(ROOT, "Deny", CONDITION)),
            (f"AWS:{ROOT[1:-1]}", "aws_iam_role.a"),
            "sts:AssumeRole; Deny sts:AssumeRole if sts:ExternalId StringEquals x",
            f"account {ACCOUNT}",
            id="Allow and Deny share an edge",
        ),
        pytest.param(
            trusting("a", statement('"*"')),
            ("AWS:*", "aws_iam_role.a"),
            "sts:AssumeRole",
            "every AWS principal",
            id="everyone",
        ),
        pytest.param(
            trusting("a", statement("aws_iam_role.b.arn")) + trusting("b", statement(ROOT)),
            ("aws_iam_role.b", "aws_iam_role.a"),
            "sts:AssumeRole",
            "b",
            id="role chaining",
        ),
        pytest.param(
            trusting("a", statement("aws_iam_user.u.arn"))
            + 'resource "aws_iam_user" "u" {\n  name = "anna"\n}\n',
            ("aws_iam_user.u", "aws_iam_role.a"),
            "sts:AssumeRole",
            "anna",
            id="a user of the configuration",
        ),
        pytest.param(
            trusting("a", statement("var.who")) + 'variable "who" {}\n',
            ("not known before apply", "aws_iam_role.a"),
            "sts:AssumeRole?",
            "not known before apply",
            id="nobody knows who",
        ),
    ],
)
def test_who_can_assume_a_role(tmp_path, text, edge, label, node):
    graph = trust_graph(load(write(tmp_path, text), account_id=ACCOUNT))
    assert edges(graph)[edge] == label
    assert graph.nodes[edge[0]]["label"] == node


POLICY = (
    'jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "%s", %s, '
    'Resource = ["arn:aws:s3:::a", "arn:aws:s3:::b"] }] })'
)
READ = POLICY % ("Allow", 'Action = ["s3:ListBucket", "s3:GetObject"]')
DENY = POLICY % ("Deny", 'NotAction = ["s3:Get*"]')


@pytest.mark.parametrize(
    ("more", "rest", "policy", "how"),
    [
        pytest.param(
            f'inline_policy {{\n  name = "i"\n  policy = {READ}\n}}\n',
            "",
            "aws_iam_role.a.i",
            "inline policy",
            id="inline",
        ),
        pytest.param(
            "",
            'resource "aws_iam_role_policy" "p" {\n  role = aws_iam_role.a.id\n'
            f"  policy = {READ}\n}}\n",
            "aws_iam_role_policy.p",
            "inline policy",
            id="aws_iam_role_policy",
        ),
        pytest.param(
            "managed_policy_arns = [aws_iam_policy.p.arn]\n",
            f'resource "aws_iam_policy" "p" {{\n  name = "p"\n  policy = {READ}\n}}\n',
            "aws_iam_policy.p",
            "attached policy",
            id="managed_policy_arns",
        ),
        pytest.param(
            "",
            f'resource "aws_iam_policy" "p" {{\n  name = "p"\n  policy = {READ}\n}}\n'
            'resource "aws_iam_policy_attachment" "x" {\n  roles = ["a"]\n'
            "  policy_arn = aws_iam_policy.p.arn\n}\n",
            "aws_iam_policy.p",
            "attached policy",
            id="aws_iam_policy_attachment",
        ),
    ],
)
def test_what_a_role_may_do(tmp_path, more, rest, policy, how):
    text = trusting("a", statement(ROOT), more=more) + rest
    graph = trust_graph(load(write(tmp_path, text), account_id=ACCOUNT))
    assert edges(graph)["aws_iam_role.a", policy] == how
    assert graph.nodes[policy]["kind"] == "policy"
    for bucket in "ab":
        edge = graph.edges["aws_iam_role.a", f"arn:aws:s3:::{bucket}"]
        assert edge["label"] == "s3:ListBucket, s3:GetObject"
        assert edge["allows"] == ("s3:ListBucket", "s3:GetObject") and edge["denies"] == ()
        assert edge["policies"] == (policy,)


def test_deny_and_everything_but(tmp_path):
    more = f'inline_policy {{\n  name = "i"\n  policy = {DENY}\n}}\n'
    text = trusting("a", statement(ROOT), more=more)
    graph = trust_graph(load(write(tmp_path, text), account_id=ACCOUNT))
    edge = graph.edges["aws_iam_role.a", "arn:aws:s3:::a"]
    assert edge["label"] == "Deny all but s3:Get*"
    assert (edge["allows"], edge["denies"]) == ((), ("all but s3:Get*",))


def test_policies_that_are_not_in_the_files(tmp_path):
    more = (
        'managed_policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]\n'
        f'permissions_boundary = "arn:aws:iam::{ACCOUNT}:policy/edge"\n'
    )
    graph = trust_graph(load(write(tmp_path, trusting("a", statement(ROOT), more=more))))
    named = {head: label for (_, head), label in edges(graph).items() if head.startswith("arn:")}
    assert named == {
        "arn:aws:iam::aws:policy/ReadOnlyAccess": "attached policy",
        f"arn:aws:iam::{ACCOUNT}:policy/edge": "permissions boundary",
    }
    assert graph.nodes["arn:aws:iam::aws:policy/ReadOnlyAccess"]["label"] == "ReadOnlyAccess"
    assert "not known" in graph.nodes[f"arn:aws:iam::{ACCOUNT}:policy/edge"]["label"]


def test_a_policy_that_aws_would_refuse_is_told_with_its_place(tmp_path):
    text = '\n\nresource "aws_iam_role" "a" {\n  assume_role_policy = "{}"\n}\n'
    with pytest.raises(TerraformError, match="AWS would refuse") as raised:
        trust_graph(load(write(tmp_path, text)))
    assert (raised.value.file, raised.value.line) == ("main.tf", 3)
    assert raised.value.hint
