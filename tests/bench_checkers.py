"""What other checkers see: checkov, parliament, cloudsplaining on the weak patterns of the tests.

    python tests/bench_checkers.py [--environment DIRECTORY]

Installs each of the three, at one version, into an environment of its own (in .venv-checkers by
default: together pip would take an old cloudsplaining), runs them on every
pattern of tests/terraform/test_audit.py and on the bundled example, and prints a Markdown table.

Each tool gets the form that suits it best: checkov the Terraform files as written and again with
every policy as literal JSON; parliament (its community auditors included) each policy as resolved
here; cloudsplaining the account as GetAccountAuthorizationDetails would show it. A finding counts
where it is about the very fault: it would not be there without it. What a tool says of every trust
policy, or of the same trust with an external ID, does not count.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "terraform"), str(HERE)]

from clients.installing import from_pypi  # noqa: E402
from test_audit import WEAK  # noqa: E402

from labhelpers.terraform import Access, Configuration, audit, load  # noqa: E402

#: Each with what it needs and does not ask for: parliament imports pkg_resources, which no Python
#: since 3.12 brings, and no setuptools since 81.
TOOLS = {
    "checkov": ("checkov==3.3.30",),
    "parliament": ("parliament==1.6.4", "setuptools==80.9.0"),
    "cloudsplaining": ("cloudsplaining==0.9.1",),
}
EXAMPLE = HERE.parent / "terraform" / "ec2-s3-role"
ACCOUNT = "111122223333"

# Which findings are about the fault. checkov: ids; parliament: issues; cloudsplaining: the risk
# and the action that it names. "~" marks those that see a part of it only.
COUNTS = {
    "everybody may assume it": "CKV_AWS_283 CKV_AWS_60",
    "OIDC without sub": "CKV_AWS_358 CKV_AWS_393",
    "OIDC for every repository of the world": "CKV_AWS_358 CKV_AWS_393",
    "AssumeRole on everything": "CKV_AWS_355 RESOURCE_STAR CredentialsExposure:sts:AssumeRole",
    "an action that does not exist": "UNKNOWN_ACTION",
    "an action on objects, the ARN of a bucket": "RESOURCE_MISMATCH",
    "PassRole and run": "CKV_AWS_286 PRIVILEGE_ESCALATION PrivilegeEscalation:iam:passrole",
    "a new version of any policy": "CKV_AWS_286 PRIVILEGE_ESCALATION "
    "PrivilegeEscalation:iam:createpolicyversion",
    "any trust policy": "CKV_AWS_289 RESOURCE_STAR ResourceExposure:iam:UpdateAssumeRolePolicy",
    # That the last role is an administrator, not that somebody gets there.
    "administrator over a chain": "~CKV_AWS_62 ~PRIVILEGE_ESCALATION "
    "~PrivilegeEscalation:iam:createpolicyversion",
    # The open port and IMDSv1, each by itself; not what they add up to.
    "SSH open, IMDSv1 and a role": "~CKV_AWS_24 ~CKV_AWS_79",
    # The user, not the key.
    "a long-lived key": "~CKV_AWS_273",
    "the example: SSH open to the world": "CKV_AWS_24",
    "the example: IMDSv1": "CKV_AWS_79",
    "the example: both and a role, one way to its keys": "~CKV_AWS_24 ~CKV_AWS_79",
}
IN_EXAMPLE = {
    "the example: SSH open to the world": "ssh-open-to-the-world",
    "the example: IMDSv1": "imdsv1",
    "the example: both and a role, one way to its keys": "credential-theft-path",
}

# Each runs in its tool's environment: cases on standard input, name -> findings on standard output.
WORKERS = {
    "parliament": """
import json, sys
from parliament import analyze_policy_string

found = {}
for case in json.load(sys.stdin):
    said = found[case["name"]] = []
    for document in case["policies"]:
        text = json.dumps(document)
        policy = analyze_policy_string(text, include_community_auditors=True)
        said += [finding.issue for finding in policy.findings]
print(json.dumps(found))
""",
    "cloudsplaining": """
import json, sys
from cloudsplaining.scan.authorization_details import AuthorizationDetails

found = {}
for case in json.load(sys.stdin):
    said = found[case["name"]] = []
    results = AuthorizationDetails(case["account"]).results
    for policy in results["inline_policies"].values():
        for risk, told in policy.items():
            for one in (told.get("findings") or ()) if isinstance(told, dict) else ():
                actions = one["actions"] if isinstance(one, dict) else [one]
                said += [f"{risk}:{action}" for action in actions]
print(json.dumps(found))
""",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    default = HERE.parent / ".venv-checkers"
    parser.add_argument("--environment", type=Path, default=default, metavar="DIRECTORY")
    directory = parser.parse_args().environment
    tools = {name: from_pypi(*packages)(directory / name) for name, packages in TOOLS.items()}
    with tempfile.TemporaryDirectory() as folder:
        cases = dict(patterns(Path(folder)))
        told = checkov(Path(tools["checkov"].command[0]).parent, cases)
        for name in WORKERS:
            for case, found in worker(tools[name].command[0], name, cases).items():
                told[case] += found
        print(table(cases, told, {name: tool.version for name, tool in tools.items()}))
    print(f"\nOn Python {platform.python_version()}.")


def patterns(folder: Path) -> Iterator[tuple[str, tuple[Path, Configuration]]]:
    """(name, (directory, configuration)) of every pattern, and of the example."""
    for number, one in enumerate(WEAK):
        directory = folder / f"{number:02}"
        directory.mkdir()
        (directory / "main.tf").write_text(one.values[0])
        yield one.id, (directory, load(directory, account_id=ACCOUNT, region="eu-west-1"))
    yield "", (EXAMPLE, load(EXAMPLE, account_id=ACCOUNT))


def worker(python: str, tool: str, cases: dict) -> dict[str, list[str]]:
    given = []
    for name, (_, configuration) in cases.items():
        details = account_details(configuration)
        given.append({"name": name, "account": details, "policies": list(policies(details))})
    done = subprocess.run(
        [python, "-W", "ignore", "-c", WORKERS[tool]],
        input=json.dumps(given),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{tool} ended with an error:\n{done.stderr}")
    return json.loads(done.stdout)


def account_details(configuration: Configuration) -> dict[str, Any]:
    """Roles, users and their policies as GetAccountAuthorizationDetails lists them."""
    roles, users, since = [], [], "2026-01-01T00:00:00+00:00"
    for one in Access(configuration).identities.values():
        inline = [
            {"PolicyName": f"{one.name}-{number}", "PolicyDocument": json.loads(grant.text)}
            for number, grant in enumerate(one.grants)
        ]
        same = {"Path": "/", "Arn": one.arn, "CreateDate": since, "Tags": []}
        same["AttachedManagedPolicies"] = []
        if one.is_role:
            trust = json.loads(one.resource.values["assume_role_policy"])
            names = {"RoleName": one.name, "RoleId": f"AROAEXAMPLE{one.name.upper()}"}
            more = {"AssumeRolePolicyDocument": trust, "RolePolicyList": inline}
            roles.append(same | names | more | {"InstanceProfileList": [], "RoleLastUsed": {}})
        else:
            names = {"UserName": one.name, "UserId": "AIDAEXAMPLE"}
            users.append(same | names | {"UserPolicyList": inline, "GroupList": []})
    rest = {"GroupDetailList": [], "Policies": []}
    return {"RoleDetailList": roles, "UserDetailList": users} | rest


def policies(details: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for role in details["RoleDetailList"]:
        yield role["AssumeRolePolicyDocument"]
    for one in (*details["RoleDetailList"], *details["UserDetailList"]):
        for policy in one.get("RolePolicyList", one.get("UserPolicyList")):
            yield policy["PolicyDocument"]


def checkov(binaries: Path, cases: dict) -> dict[str, list[str]]:
    """Name -> ids of failed checks, of the files as written or with policies as literal JSON."""
    names = list(cases)
    found: dict[str, list[str]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        for number, (directory, configuration) in enumerate(cases.values()):
            written, resolved = (Path(folder, str(number), kind) for kind in ("as-is", "literal"))
            shutil.copytree(directory, written)
            resolved.mkdir()
            (resolved / "main.tf").write_text(literal(account_details(configuration)))
        command = [binaries / "checkov", "--framework", "terraform", "--output", "json"]
        command += ["--quiet", "--compact", "--directory", folder]
        done = subprocess.run(command, capture_output=True, text=True)
    for check in json.loads(done.stdout)["results"]["failed_checks"]:
        number = int(check["file_path"].split("/")[1])
        found[names[number]].append(check["check_id"])
    return found


def literal(details: dict[str, Any]) -> str:
    """The roles of an account as Terraform with nothing to resolve."""
    blocks = []
    for role in details["RoleDetailList"]:
        name, trust = role["RoleName"], json.dumps(role["AssumeRolePolicyDocument"])
        blocks.append(
            f'resource "aws_iam_role" "{name}" {{\n  name = "{name}"\n'
            f"  assume_role_policy = <<EOF\n{trust}\nEOF\n}}\n"
        )
        for policy in role["RolePolicyList"]:
            blocks.append(
                f'resource "aws_iam_role_policy" "{policy["PolicyName"]}" {{\n  role = "{name}"\n'
                f"  policy = <<EOF\n{json.dumps(policy['PolicyDocument'])}\nEOF\n}}\n"
            )
    return "\n".join(blocks)


def table(cases: dict, told: dict[str, list[str]], versions: dict[str, str]) -> str:
    names = [*(one.id for one in WEAK), *IN_EXAMPLE]
    rows = [
        "| The fault | this audit | " + " | ".join(f"{t} {v}" for t, v in versions.items()) + " |",
        "|---|---|---|---|---|",
    ]
    seen = dict.fromkeys(("this audit", *TOOLS), 0)
    for name in names:
        case = "" if name in IN_EXAMPLE else name
        cells = {"this audit": _ours(name, cases[case][1])}
        cells |= {tool: _theirs(tool, name, told[case]) for tool in TOOLS}
        for tool, cell in cells.items():
            seen[tool] += cell == "yes"
        rows.append(f"| {name} | {' | '.join(cells.values())} |")
    rows.append(f"| **seen of {len(names)}** | {' | '.join(map(str, seen.values()))} |")
    return "\n".join(rows)


def _ours(name: str, configuration: Configuration) -> str:
    expected = IN_EXAMPLE.get(name) or next(p.values[1][0] for p in WEAK if p.id == name)
    return "yes" if expected in {f.id for f in audit(configuration).findings} else ""


def _theirs(tool: str, name: str, found: list[str]) -> str:
    """ "yes", "in part" or nothing."""
    wanted = [w for w in COUNTS.get(name, "").split() if _tool_of(w.lstrip("~")) == tool]
    hits = [w for w in wanted if w.lstrip("~") in found]
    if not hits:
        return ""
    return "in part" if all(hit.startswith("~") for hit in hits) else "yes"


def _tool_of(finding: str) -> str:
    if finding.startswith("CKV"):
        return "checkov"
    return "cloudsplaining" if ":" in finding else "parliament"


if __name__ == "__main__":
    main()
