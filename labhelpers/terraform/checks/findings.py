"""What the audit of a configuration says: findings, and what is already right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

ERROR, WARNING = "error", "warning"

# The notebook that teaches what a finding is about; the rest is taught with the Terraform itself.
LESSONS = {
    "allow-on-absent-key": "05_write_trust_policies",
    "assume-any-role": "08_cross_accounts",
    "chain-to-admin": "13_secure_a_company",
    "credential-theft-path": "04_run_the_terraform",
    "deny-on-absent-key": "05_write_trust_policies",
    "everyone": "05_write_trust_policies",
    "imdsv1": "04_run_the_terraform",
    "long-lived-key": "01_meet_temporary_credentials",
    "long-session": "07_live_with_expiry",
    "mfa-asked-for-false": "11_elevate_for_an_hour",
    "mfa-never-present": "11_elevate_for_an_hour",
    "oidc-subject-too-broad": "09_let_ci_cd_in",
    "outside-account-without-external-id": "08_cross_accounts",
    "pass-any-role": "13_secure_a_company",
    "provider-without-condition": "09_let_ci_cd_in",
    "role-not-for-its-service": "04_run_the_terraform",
    "ssh-open-to-the-world": "04_run_the_terraform",
}
# For what lint finds besides: by the kind of the policy.
LESSONS_BY_KIND = {
    "identity": "06_bound_a_session",
    "resource": "06_bound_a_session",
    "trust": "05_write_trust_policies",
}
TERRAFORM = "03_read_the_terraform"


@dataclass(frozen=True, slots=True)
class Finding:
    """One weak point: what is wrong where, why it matters, how to write it instead (HCL).

    `id` names the check, `severity` is "error" or "warning", `lesson` the notebook that teaches it.
    """

    id: str
    severity: str
    address: str
    file: str
    line: int
    message: str
    why: str
    instead: str
    lesson: str = TERRAFORM

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file or "."
        shown = "\n".join(f"        {line}" for line in self.instead.split("\n"))
        who = f"{self.address}: " if self.address else ""
        return (
            f"{place}: {self.severity}: {who}{self.message} [{self.id}]\n"
            f"    {self.why}\n    Instead:\n{shown}\n    Lesson: {self.lesson}"
        )


@dataclass(frozen=True, slots=True)
class Strength:
    """Something that is right already, and why that matters."""

    id: str
    address: str
    file: str
    line: int
    message: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: ok: {self.address}: {self.message} [{self.id}]"


@dataclass(frozen=True)
class Audit:
    """All findings of a configuration, in the order of its files, and its strengths."""

    findings: tuple[Finding, ...] = ()
    strengths: tuple[Strength, ...] = field(default=())

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == ERROR)

    def __str__(self) -> str:
        warnings = len(self.findings) - len(self.errors)
        said = [str(item) for item in (*self.findings, *self.strengths)]
        said.append(
            f"{len(self.errors)} errors, {warnings} warnings, {len(self.strengths)} things right."
        )
        return "\n\n".join(said)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort by place; what several instances of one block share is told once."""
    found: dict[tuple, Finding] = {}
    for finding in findings:
        base = finding.address.partition("[")[0]
        key = (finding.id, finding.file, finding.line, base)
        found.setdefault(key, finding)
    order = sorted(found.values(), key=lambda f: (f.file, f.line, f.severity, f.id))
    return tuple(order)
