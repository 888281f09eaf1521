"""What `make lint` checks, checked in the test run too: style, formatting, types, and that imports
go down only. And that the import contracts can fail: each is broken once, in a copy."""

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sysconfig.get_path("scripts"))


def run(*command, folder=ROOT):
    """(exit code, output) of a tool of this environment."""
    tool, *rest = command
    start = [sys.executable] if tool == "python" else [str(BIN / tool)]
    done = subprocess.run([*start, *rest], cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def recipe():
    """The commands of `make lint`, as the Makefile has them."""
    text = (ROOT / "Makefile").read_text()
    lines = re.search(r"^lint: .*\n((?:\t.+\n)+)", text, re.MULTILINE)[1].splitlines()
    return [tuple(line.strip().removeprefix("$(BIN)/").split()) for line in lines]


def test_make_lint_has_all_checks():
    tools = {command[0] for command in recipe()}
    assert {"ruff", "lint-imports", "mypy", "python"} <= tools


@pytest.mark.parametrize("command", recipe(), ids=" ".join)
def test_clean(command):
    code, output = run(*command)
    assert code == 0, output


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "labhelpers", folder / "labhelpers", ignore=leave)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.parametrize(
    "file, line",
    [
        ("wire/http.py", "from labhelpers.sandbox.gateway import Gateway"),
        ("authenticate/keys.py", "def f():\n    from labhelpers.sandbox import interpret"),
        ("../policy/language/model.py", "import boto3"),
        ("../policy/language/model.py", "from labhelpers.sandbox.wire import http"),
        ("../charts/style.py", "from labhelpers.policy import Decision"),
        ("../charts/style.py", "import moto"),
        ("../errors.py", "from labhelpers.lab import Lab"),
        ("../terraform/language/hcl.py", "from labhelpers.terraform.checks import view"),
        ("../policy/writing/parse.py", "from labhelpers.policy.linting import kinds"),
        ("../policy/language/model.py", "from labhelpers import masking"),
        (
            "../policy/deciding/trust.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
            "    from labhelpers.policy.explaining import explain",
        ),
        ("../policy/language/call.py", "from labhelpers import open_lab"),
        ("../charts/venn.py", "def f():\n    import labhelpers\n    return labhelpers.policy"),
    ],
)
def test_an_import_that_goes_up_is_named(copy, file, line):
    path = copy / "labhelpers" / "sandbox" / file
    before = path.read_text()
    path.write_text(f"{before}\n{line}\n")
    try:
        code, output = run("lint-imports", "--no-cache", folder=copy)
    finally:
        path.write_text(before)
    importer = ".".join(path.resolve().relative_to(copy.resolve()).with_suffix("").parts)
    imported = re.findall(r"(?:from|import) (labhelpers[\w.]*|boto3|moto)", line)[0]
    assert code == 1
    said = re.sub(r"\s+", " ", output)
    assert re.search(rf"{importer} -> {imported}", said), output


def test_a_room_that_has_no_floor_is_named(copy):
    room = copy / "labhelpers" / "sandbox" / "attic"
    room.mkdir()
    (room / "__init__.py").touch()
    code, output = run("lint-imports", "--no-cache", folder=copy)
    shutil.rmtree(room)
    assert code == 1 and "attic" in output, output


def test_a_circle_is_named(copy):
    path = copy / "labhelpers" / "sandbox" / "state" / "clock.py"
    before = path.read_text()
    path.write_text(f"{before}\nif False:\n    from labhelpers.sandbox.state import registry\n")
    other = path.with_name("registry.py")
    kept = other.read_text()
    other.write_text(f"{kept}\ndef f():\n    from labhelpers.sandbox.state import clock\n")
    try:
        code, output = run("lint-imports", "--no-cache", folder=copy)
        named = run("python", str(ROOT / "tests" / "circles.py"), folder=copy)
    finally:
        path.write_text(before)
        other.write_text(kept)
    assert code == 1 and "No cycles are allowed in labhelpers.sandbox.state." in output, output
    both = (
        ("clock:", "from labhelpers.sandbox.state import registry"),
        ("registry:", "import clock"),
    )
    lines = named[1].splitlines()
    assert named[0] == 1
    assert all(any(where in line and what in line for line in lines) for where, what in both)


def test_no_room_holds_more_than_twenty_modules():
    for folder in (ROOT / "labhelpers").rglob("*/"):
        assert len(list(folder.glob("*.py"))) <= 20, folder
