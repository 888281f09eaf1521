"""What the lock installs: its licences, and what is known to be wrong with it.

    python tests/check_supply.py

Asks the Open Source Vulnerabilities service (osv.dev) about every pin, where it can be reached;
where it cannot, that is said, and it counts as not checked.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request

from licences import PIN, ROOT, refused

SERVICE = "https://api.osv.dev/v1/querybatch"
PATIENCE = 20  # seconds


def asked(pins: list[tuple[str, str]]) -> list[str]:
    """One line for each vulnerability that is known of a pin. OSError where nobody answers."""
    queries = [{"package": {"name": n, "ecosystem": "PyPI"}, "version": v} for n, v in pins]
    body = json.dumps({"queries": queries}).encode()
    request = urllib.request.Request(SERVICE, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        results = json.load(answer)["results"]
    return [
        f"{name} {version}: {known['id']}"
        for (name, version), result in zip(pins, results, strict=True)
        for known in result.get("vulns", ())
    ]


def main() -> int:
    """0 if nothing is wrong, 1 if something is, 3 if nobody could be asked."""
    pins = PIN.findall((ROOT / "requirements.lock").read_text())
    wrong = [f"licence of {line}" for line in refused()]
    try:
        wrong += asked(pins)
        status = 1 if wrong else 0
        print(f"{len(pins)} pins: licences looked at, vulnerabilities asked for.")
    except (OSError, ValueError, KeyError) as error:
        status = 1 if wrong else 3
        print(f"{len(pins)} pins: licences looked at. NOT CHECKED for vulnerabilities: {error}.")
    for line in wrong:
        print(line)
    return status


if __name__ == "__main__":
    sys.exit(main())
