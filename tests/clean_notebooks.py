"""Are the notebooks committed as they should be: without outputs, for Python's own kernel?

Reads what git holds (the index, which is the last commit and whatever is staged since) and not
the working tree, where notebooks may have been run and saved. `make lint` runs it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def faults(notebook: dict[str, Any]) -> list[str]:
    """What should not be committed, each in a few words."""
    found = []
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] == "code" and cell["outputs"]:
            found.append(f"cell {number} ({cell.get('id', 'no id')}) has an output")
        elif cell["cell_type"] == "code" and cell["execution_count"] is not None:
            found.append(f"cell {number} ({cell.get('id', 'no id')}) has an execution count")
    kernel = notebook["metadata"].get("kernelspec", {}).get("name")
    if kernel != "python3":
        found.append(f"its kernel is {kernel} and not python3")
    return found


def committed() -> dict[str, dict[str, Any]]:
    """Path -> notebook, as in git's index."""

    def git(*arguments: str) -> str:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        return done.stdout.decode()

    paths = git("ls-files", "-z", "--", "notebooks/*.ipynb").split("\0")
    return {path: json.loads(git("show", f":{path}")) for path in paths if path}


def main() -> int:
    if not (ROOT / ".git").exists():
        print("Not a git checkout: nobody can say what is committed.")
        return 0
    unclean = {path: found for path, one in committed().items() if (found := faults(one))}
    for path, found in unclean.items():
        print(*(f"{path}: {fault}" for fault in found), sep="\n")
    if unclean:
        names = " ".join(unclean)
        clean = f".venv/bin/jupyter nbconvert --clear-output --inplace {names}"
        print("Clean what you commit (a saved notebook in the working tree alone is no fault):")
        print(f"    {clean} && git add {names}")
    return 1 if unclean else 0


if __name__ == "__main__":
    sys.exit(main())
