"""Others' configurations are read to an end: what would grow without one is told, and the rest is
resolved. By counts, never by the clock: without the bounds most of these would not come back."""

import os
import re
import sys

import pytest

from labhelpers.terraform import Unknown, load
from labhelpers.terraform.language import budget
from labhelpers.terraform.language.functions import regular
from labhelpers.terraform.language.functions.files import _glob
from labhelpers.terraform.language.values import contains_unknown

DOUBLED = "\n".join(
    ["a0 = [1]", *(f"a{n} = [local.a{n - 1}, local.a{n - 1}]" for n in range(1, 40))]
)
OBJECTS = "\n".join(
    ["a0 = {}", *(f"a{n} = {{x = local.a{n - 1}, y = local.a{n - 1}}}" for n in range(1, 40))]
)
TEXTS = "\n".join(
    ['a0 = "x"', *(f'a{n} = "${{local.a{n - 1}}}${{local.a{n - 1}}}"' for n in range(1, 40))]
)
MERGED = "\n".join(
    ["a0 = [1]", *(f"a{n} = concat([local.a{n - 1}], [local.a{n - 1}])" for n in range(1, 40))]
)
FLATTENED = "\n".join(
    ["a0 = [1]", *(f"a{n} = flatten([local.a{n - 1}, local.a{n - 1}])" for n in range(1, 40))]
)
ALIASES = "a0: &a0 [x]\\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\\n" for n in range(1, 40))
LOOP = "%{ for x in range(1024) }"
#: What grows, and the local value that cannot be known.
BIG = 'b = join("", [for x in range(1024) : "aaaaaaaaaaaaaaaa"])\n'
GROWTH = {
    "lists": (DOUBLED, "a39", "parts"),
    "objects": (OBJECTS, "a39", "parts"),
    "texts": (TEXTS, "a39", "characters"),
    "functions": (MERGED, "a39", "parts"),
    "flattened": (FLATTENED, "a39", "more than"),
    "for": (
        "a = [for x in range(1024) : [for y in range(1024) : [for z in range(1024) : z]]]",
        "a",
        "steps",
    ),
    "for of objects": (
        "a = {for x in range(1024) : x => {for y in range(1024) : y => x}}",
        "a",
        "steps",
    ),
    "template": (f'a = "{LOOP * 3}x{"%{ endfor }" * 3}"', "a", "steps"),
    "template of nothing": (f'a = "{LOOP * 3}{"%{ endfor }" * 3}"', "a", "steps"),
    "long texts": (
        BIG + 'a = [for x in range(1024) : [for y in range(64) : "${local.b}${x}"]]',
        "a",
        "letters",
    ),
    "joined": (
        BIG + "a = join(local.b, range(1024))",
        "a",
        "characters",
    ),
    "aliases": (f'a = yamldecode("{ALIASES}")', "a", "parts"),
    "caught": (
        "b = [for x in range(1024) : [for y in range(1024) : x]]\na = try(local.b, [])",
        "a",
        "steps",
    ),
    "replaced": (
        BIG + 'a = replace(local.b, "/a/", local.b)',
        "a",
        "too long",
    ),
}


@pytest.fixture
def small(monkeypatch):
    """A tenth of what is allowed is enough to see that there is a bound."""
    for name in ("STEPS", "PARTS", "ALL_LETTERS"):
        monkeypatch.setattr(budget, name, getattr(budget, name) // 10)
    monkeypatch.setattr(budget, "MODULES", 50)


@pytest.mark.parametrize("what", GROWTH)
def test_what_grows_without_an_end_is_told(tmp_path, small, what):
    text, name, word = GROWTH[what]
    (tmp_path / "main.tf").write_text(
        f'locals {{\n{text}\nother = "known"\n}}\n'
        'resource "aws_iam_user" "u" {\n  name = local.other\n}\n'
    )
    found = load(tmp_path, account_id="111122223333")
    assert any(word in str(one) and "main.tf" in str(one) for one in found.diagnostics)
    assert contains_unknown(found.locals[name])
    assert found.locals["other"] == found.resources["aws_iam_user.u"].values["name"] == "known"


def test_a_fan_of_modules(tmp_path, small):
    for depth in range(24):
        folder = tmp_path / f"m{depth}"
        folder.mkdir()
        calls = "".join(
            f'module "{name}" {{\n  source = "../m{depth + 1}"\n}}\n' for name in "ab" if depth < 23
        )
        (folder / "main.tf").write_text(calls or "locals {\n  a = 1\n}\n")
    found = load(tmp_path / "m0", account_id="111122223333")
    assert any("calls more than 50 modules" in str(one) for one in found.diagnostics)


def test_work_grows_with_the_configuration(tmp_path, monkeypatch):
    """A chain of twice as many locals takes twice as many steps."""
    spent = []

    class Counting(budget.Budget):
        def step(self):
            spent[-1] += 1
            super().step()

    monkeypatch.setattr(budget, "Budget", Counting)
    for count in (500, 1000):
        chain = "\n".join(["a0 = 1", *(f"a{n} = local.a{n - 1} + 1" for n in range(1, count))])
        (tmp_path / "main.tf").write_text(f"locals {{\n{chain}\n}}\n")
        spent.append(0)
        assert load(tmp_path).locals[f"a{count - 1}"] == count
    assert spent[1] < 2.1 * spent[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="There are no named pipes here")
@pytest.mark.parametrize("name", ["pipe", "pipe.tf", "terraform.tfvars", "x.auto.tfvars.json"])
def test_a_pipe_is_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    path = f'"${{path.module}}/{name}"'
    (tmp_path / "main.tf").write_text(f"locals {{\n  a = file({path})\n  b = filemd5({path})\n}}\n")
    found = load(tmp_path)
    assert any("It is a pipe or a device" in str(one) for one in found.diagnostics)
    assert (found.locals["a"], found.locals["b"]) == (Unknown, Unknown)


@pytest.mark.skipif(sys.platform == "win32", reason="There are no devices here")
@pytest.mark.parametrize("function", ["file", "filebase64", "filesha256", "templatefile"])
def test_a_device_has_no_end(tmp_path, function):
    more = ", {}" if function == "templatefile" else ""
    (tmp_path / "main.tf").write_text(f'locals {{\n  a = {function}("/dev/zero"{more})\n}}\n')
    found = load(tmp_path)
    assert "It is a pipe or a device" in str(found.diagnostics[0])


def test_a_file_has_a_size(tmp_path, monkeypatch):
    monkeypatch.setattr("labhelpers.files.MOST", 1 << 20)
    (tmp_path / "big").write_bytes(b"x" * ((1 << 20) + 1))
    (tmp_path / "main.tf").write_text('locals {\n  a = file("big")\n}\n')
    assert "It has more than 1 MiB" in str(load(tmp_path).diagnostics[0])


def test_a_whole_disk_is_not_walked(tmp_path, monkeypatch):
    monkeypatch.setattr("labhelpers.terraform.language.functions.files.MAX_LOOKED", 30)
    for number in range(40):
        (tmp_path / f"f{number}").touch()
    (tmp_path / "main.tf").write_text('locals {\n  a = try(fileset(path.module, "**/x"), [])\n}\n')
    found = load(tmp_path)
    assert "has more than 30 files and folders" in str(found.diagnostics[0])
    assert found.locals["a"] is Unknown


def test_stars_in_a_row_are_one():
    assert _glob("**/" * 12 + "x").pattern == _glob("**/x").pattern
    assert _glob("**/**/x").fullmatch("a/b/x") and _glob("**/x").fullmatch("x")


LONG = "a" * 60
ENDLESS = [
    "(a+)+$",
    "(a|aa)+$",
    "(a*)*b",
    "(?:a|a)*$",
    "a*a*a*a*a*b",
    "(.*)(.*)(.*)(.*)(.*)x",
    "((a+)b?)+$",
    "(a+){30}b",
    "(?:a?){40}b",
]
PLAIN = [
    r"^arn:aws:iam::([0-9]+):role/(.*)$",
    r"^([^:]+):([^:]+):([^:]+):([^:]*):([^:]*):(.*)$",
    r"[a-z]+-[a-z]+-[0-9]",
    r"^[a-z][a-z0-9-]{1,61}[a-z0-9]$",
    r"^(dev|test|prod)$",
    r"^(?:(?P<scheme>[^:/?#]+):)?(?://(?P<host>[^/?#]*))?",
    r"^\w+-\d+$",
    r"^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}/\d{1,2}$",
]


@pytest.mark.parametrize("pattern", ENDLESS)
def test_an_expression_that_could_take_for_ever_is_refused(pattern, monkeypatch):
    monkeypatch.setattr(regular, "re2", None)
    with pytest.raises(budget.Problem, match="could take for ever"):
        regular.compiled(pattern, LONG * 4)


@pytest.mark.parametrize("pattern", PLAIN)
def test_what_people_write_is_not(pattern, monkeypatch):
    monkeypatch.setattr(regular, "re2", None)
    assert regular.compiled(pattern, LONG * 4).pattern == pattern


@pytest.mark.skipif(regular.re2 is None, reason="google-re2 is not installed")
@pytest.mark.parametrize("pattern", [*ENDLESS, *PLAIN])
def test_with_terraforms_own_expressions_nothing_takes_for_ever(pattern):
    assert (regular.compiled(pattern, LONG).search(LONG) is None) == (
        re.compile(pattern).search("a" * 18) is None
    )
