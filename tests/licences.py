"""The licences of what the lock installs, from the packages' own metadata.

LAB_UPDATE=1 python tests/licences.py    writes docs/licences.md anew
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
#: Whoever publishes under one of these lets a lab be taught and changed. MPL and ZPL, and the GPL
#: of a part of docutils, bind those who change the packages themselves, which nobody does here.
ALLOWED = ("0BSD", "Apache", "BSD", "CC0", "CNRI", "GNU General", "HPND", "ISC", "MIT", "MPL")
ALLOWED += ("Mozilla", "PSF", "Public Domain", "Python Software Foundation", "ZPL", "Zlib", "Zope")
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)
_HEAD = """# Licences

What `requirements.lock` installs, and under which licence its authors publish it, as each package
says of itself. Written by `python tests/licences.py` and compared by a test; what is for another
system than the one that wrote it has no licence here.

| Package | Licence |
| --- | --- |
"""


def licence_of(name: str) -> str:
    """The shortest thing that a package says about its licence; "" where it is not installed."""
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    expression = said.get("License-Expression")
    classed = [
        line.rpartition(" :: ")[2].removeprefix("The ")
        for line in said.get_all("Classifier", [])
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    written = (said.get("License") or "").strip().splitlines()
    return expression or ", ".join(classed) or (written[0][:60] if written else "unknown")


def page() -> str:
    names = sorted({name for name, _ in PIN.findall((ROOT / "requirements.lock").read_text())})
    return _HEAD + "".join(f"| {name} | {licence_of(name)} |\n" for name in names)


def refused() -> list[str]:
    """What is installed under a licence that nobody here has looked at."""
    names = {name for name, _ in PIN.findall((ROOT / "requirements.lock").read_text())}
    told = {name: licence_of(name) for name in sorted(names)}
    parts = {n: re.split(r", (?!Version)| AND | OR ", said) for n, said in told.items() if said}
    return [
        f"{name}: {told[name]}"
        for name, each in parts.items()
        if not all(part.startswith(ALLOWED) for part in each)
    ]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
