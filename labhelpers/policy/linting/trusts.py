"""Trust policies that ask for something which they do not let anybody send."""

from __future__ import annotations

from collections.abc import Iterator

from labhelpers.policy.linting import catalogue
from labhelpers.policy.linting.views import View, warning
from labhelpers.policy.writing.findings import Finding

# Keys that stand in a request only if its sender may use another action as well.
_NEEDED = {
    "aws:requesttag/": "sts:TagSession",
    "aws:tagkeys": "sts:TagSession",
    "sts:transitivetagkeys": "sts:TagSession",
    "sts:sourceidentity": "sts:SetSourceIdentity",
}


def unsendable_keys(found: list[View]) -> Iterator[Finding]:
    """Conditions on tags or a source identity where no statement allows to set them."""
    trusting = [view for view in found if view.kind == "trust" and view.allow]
    allowed = {
        full for view in trusting for _, text in view.actions for full in catalogue.expand(text)
    }
    for view in trusting:
        for condition in view.conditions:
            needed = _NEEDED.get(catalogue.listed(condition.key.lower(), _NEEDED))
            absent_passes = condition.if_exists or condition.negated or condition.base == "Null"
            demanded = not absent_passes and condition.prefix != "ForAllValues:"
            if needed and demanded and needed not in allowed:
                yield warning(
                    "key-that-nobody-may-send",
                    f"Nobody may send {condition.key} to this role",
                    condition.path,
                    f"Whoever passes it needs {needed} in the trust policy, too.",
                    f'Add "{needed}" {_where(view, needed)}.',
                    at_name=True,
                )


def _where(view: View, action: str) -> str:
    """An action fits into a statement if its requests have all keys of the conditions."""
    fits = all(catalogue.can_hold(action, key) for key in view.keys)
    return "to the Action" if fits else "in a statement of its own, without the other conditions"


def saml_audience(view: View) -> Iterator[Finding]:
    """`saml:aud` is compared with the Recipient of the assertion, a URL."""
    for condition in view.conditions:
        if condition.key.lower() != "saml:aud" or condition.negated:
            continue
        for path, value in condition.places():
            if not value.lower().startswith(("https://", "*", "${")):
                yield warning(
                    "saml-audience",
                    f'"{value}" is no recipient of a SAML assertion',
                    path,
                    "saml:aud is the Recipient attribute, not the Audience element.",
                    'Write "https://signin.aws.amazon.com/saml", or a Region\'s own address.',
                )
