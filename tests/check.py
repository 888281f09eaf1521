"""The large checks, each as a whole; `make test` runs a part of them.

python tests/check.py all|again|browser|class|clients|crash|fuzz|reach|soak|supply
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
PYTEST = (sys.executable, "-m", "pytest", "-n", "0", "-rs")
ACCOUNT = TESTS / "account"
CRASHES = tuple(str(ACCOUNT / f"test_{name}.py") for name in ("dying", "kernel_ends", "series"))
REACHING = tuple(str(ACCOUNT / f"test_{name}.py") for name in ("closed", "series"))
HOST = str(TESTS / "test_host_settings.py")
#: What each runs.
CHECKS: dict[str, tuple[str, ...]] = {
    "again": ("env", "LAB_EVERY_NOTEBOOK=1", *PYTEST, str(TESTS / "test_again.py")),
    "browser": ("env", "LAB_COLD=1", *PYTEST, str(TESTS / "test_browser.py")),
    "class": (sys.executable, str(TESTS / "check_class.py")),
    "clients": (sys.executable, str(TESTS / "check_clients.py")),
    "crash": ("env", "LAB_EVERY_CREATE=1", *PYTEST, *CRASHES),
    # LAB_FUZZ_MINUTES for each, 10 without, and LAB_FUZZ_SEED.
    "fuzz": (sys.executable, str(TESTS / "fuzz.py")),
    "reach": ("env", "LAB_EVERY_ACTION=1", *PYTEST, *REACHING, HOST),
    "soak": (sys.executable, str(TESTS / "soak.py")),
    "supply": (sys.executable, str(TESTS / "check_supply.py")),
}


def main(arguments: list[str]) -> int:
    """0 if all went well, 1 if not, 2 if there is nothing to run."""
    what = arguments[0] if arguments else ""
    if what not in ("all", *CHECKS):
        wrong = f"WHAT={what} is no check. " if what else ""
        print(f"{wrong}Say which: make check WHAT={'|'.join(['all', *CHECKS])}")
        return 2
    failed = [name for name in CHECKS if what in ("all", name) and not passes(name)]
    if failed:
        print(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def passes(name: str) -> bool:
    print(f"== {name}", flush=True)
    return subprocess.run(CHECKS[name], cwd=TESTS.parent).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
