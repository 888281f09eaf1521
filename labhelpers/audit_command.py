"""The sub-command `audit`: findings of a configuration as text, JSON or SARIF."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labhelpers.terminal import show_anything

if TYPE_CHECKING:
    from labhelpers.terraform.checks.findings import Audit, Finding

_ABOUT = """\
Resolve a Terraform configuration (a directory, or a plan or state in JSON) without asking AWS,
and print what is wrong with its IAM: each with file and line, the reason, another way to write
it and the lesson that teaches it. Exit status 1 where there are errors, 2 where the directory
cannot be read.
"""


def add_audit(commands: Any) -> None:
    """Add `audit` to argparse's sub-parsers; it sets `run`."""
    audit = commands.add_parser(
        "audit", help="find weak points in a Terraform configuration", description=_ABOUT
    )
    audit.add_argument("directory", help="with .tf files; or the JSON of a plan or state")
    audit.add_argument("--format", choices=("text", "json", "sarif"), default="text")
    audit.add_argument("--account", default=None, help="12 digits; default: a stand-in")
    audit.add_argument("--region", default=None, help="where the provider block names none")
    audit.add_argument(
        "--var",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="the value of a variable; may be repeated",
    )
    audit.set_defaults(run=_run)


def _run(options: Any) -> int:
    # Spares start-up: --help needs none of it.
    from labhelpers.terraform import TerraformError, audit, load
    from labhelpers.terraform.access.identities import STAND_IN

    show_anything()
    try:
        given = dict(_pair(text) for text in options.var)
        account = options.account or STAND_IN
        region = options.region or "us-east-1"
        configuration = load(options.directory, given, account_id=account, region=region)
    except TerraformError as error:
        print(f"labhelpers audit: {error}", file=sys.stderr)
        return 2
    found = audit(configuration)
    if options.format == "text":
        text = str(found)
    else:
        shaped = as_json(found) if options.format == "json" else as_sarif(found)
        text = json.dumps(shaped, indent=2)
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = None  # whoever read our output has gone
    return 1 if found.errors else 0


def _pair(text: str) -> tuple[str, str]:
    from labhelpers.terraform import TerraformError

    name, sign, value = text.partition("=")
    if not sign:
        raise TerraformError(f"{text!r} gives no value.", hint="Write --var NAME=VALUE.")
    return name, value


def as_json(found: Audit) -> dict[str, Any]:
    """Return the audit as plain values: findings, strengths and counts."""
    return {
        "findings": [asdict(finding) for finding in found.findings],
        "strengths": [asdict(strength) for strength in found.strengths],
        "errors": len(found.errors),
        "warnings": len(found.findings) - len(found.errors),
    }


def as_sarif(found: Audit) -> dict[str, Any]:
    """Return the audit in SARIF 2.1.0, which editors and code hosts show beside the lines."""
    rules = {finding.id: finding for finding in reversed(found.findings)}
    driver = {
        "name": "labhelpers audit",
        "informationUri": "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        "rules": [
            {
                "id": id_,
                "shortDescription": {"text": id_.replace("-", " ")},
                "fullDescription": {"text": finding.why},
                "help": {"text": f"{finding.instead}\n\nLesson: {finding.lesson}"},
            }
            for id_, finding in sorted(rules.items())
        ],
    }
    results = [_result(finding) for finding in found.findings]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _result(finding: Finding) -> dict[str, Any]:
    place: dict[str, Any] = {
        "artifactLocation": {"uri": Path(finding.file or ".").as_posix()},
        "region": {"startLine": max(finding.line, 1)},
    }
    return {
        "ruleId": finding.id,
        "level": finding.severity,
        "message": {"text": f"{finding.message} {finding.why}"},
        "locations": [
            {
                "physicalLocation": place,
                "logicalLocations": [{"fullyQualifiedName": finding.address or "configuration"}],
            }
        ],
    }
