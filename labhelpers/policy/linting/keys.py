"""Condition keys that do not exist, or that the statement's actions never have."""

from __future__ import annotations

from collections.abc import Iterator

from labhelpers.policy.language.slips import closest
from labhelpers.policy.linting import catalogue
from labhelpers.policy.linting.catalogue import WELL_DESCRIBED, can_hold
from labhelpers.policy.linting.views import ConditionView, View, error, warning
from labhelpers.policy.writing.findings import Finding

GLOBAL = {
    key.lower(): key
    for key in (
        "aws:AssumedRoot",
        "aws:CalledVia",
        "aws:CalledViaAWSMCP",
        "aws:CalledViaFirst",
        "aws:CalledViaLast",
        "aws:ChatbotSourceArn",
        "aws:CurrentTime",
        "aws:Ec2InstanceSourcePrivateIPv4",
        "aws:Ec2InstanceSourceVpc",
        "aws:EpochTime",
        "aws:FederatedProvider",
        "aws:IsMcpServiceAction",
        "aws:MultiFactorAuthAge",
        "aws:MultiFactorAuthPresent",
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgMasterAccountId",
        "aws:PrincipalOrgPaths",
        "aws:PrincipalServiceName",
        "aws:PrincipalServiceNamesList",
        "aws:PrincipalTag/",
        "aws:PrincipalType",
        "aws:Referer",
        "aws:RequestTag/",
        "aws:RequestedRegion",
        "aws:ResourceAccount",
        "aws:ResourceOrgID",
        "aws:ResourceOrgPaths",
        "aws:ResourceTag/",
        "aws:SecureTransport",
        "aws:SignInSessionArn",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceIdentity",
        "aws:SourceIp",
        "aws:SourceOrgID",
        "aws:SourceOrgPaths",
        "aws:SourceOwner",
        "aws:SourceVpc",
        "aws:SourceVpcArn",
        "aws:SourceVpce",
        "aws:TagKeys",
        "aws:TokenIssueTime",
        "aws:UserAgent",
        "aws:ViaAWSMCPService",
        "aws:ViaAWSService",
        "aws:VpcSourceIp",
        "aws:VpceAccount",
        "aws:VpceOrgID",
        "aws:VpceOrgPaths",
        "aws:userid",
        "aws:username",
    )
}
# What a call asks for beside its own action, and what makes it ask.
_COMPANIONS = {
    "sts:tagsession": "tags",
    "sts:setsourceidentity": "a source identity",
    "sts:setcontext": "a context",
}


def wrong_keys(view: View) -> Iterator[Finding]:
    """Keys that nobody has, then keys that these actions never have."""
    for condition in view.conditions:
        key = condition.key.lower()
        prefix, colon, _ = key.partition(":")
        if not colon or "." in prefix:
            # Identity providers name their keys themselves.
            continue
        if prefix == "aws":
            missing = list(_unknown(condition, key, GLOBAL))
            yield from missing or _never(view, condition, key)
        elif prefix == "saml":
            known = {k: k for k in catalogue.keys_of_service("sts") if k.startswith("saml:")}
            yield from _unknown(condition, key, known)
        elif prefix not in catalogue.services():
            if prefix not in catalogue.key_prefixes():
                yield _no_service(condition, prefix)
        elif key not in catalogue.ANYWHERE:
            known = catalogue.keys_of_service(prefix)
            missing = list(_unknown(condition, key, dict.fromkeys(known, "")))
            yield from missing or _never(view, condition, key)


def _unknown(condition: ConditionView, key: str, known: dict[str, str]) -> Iterator[Finding]:
    if catalogue.listed(key, known):
        return
    near = closest(key, known, 0.7)
    meant = (known[near] or near) if near else ""
    if key + "/" in known:
        meant = (known[key + "/"] or key + "/") + "KEY"
    elif meant.endswith("/"):
        meant += "KEY"
    yield error(
        "unknown-key",
        f'There is no condition key "{condition.key}"',
        condition.path,
        _ABSENT[condition.negated],
        f'Did you mean "{meant}"?' if meant else "Look it up in the service reference.",
        at_name=True,
    )


_ABSENT = {
    False: "No request ever has it, so the condition is never met (with IfExists: always).",
    True: "No request ever has it, so the negated condition is always met.",
}


def _no_service(condition: ConditionView, prefix: str) -> Finding:
    near = closest(prefix, [*catalogue.services(), "aws", "saml"], 0.6)
    return error(
        "unknown-key",
        f'There is no condition key "{condition.key}"',
        condition.path,
        f'No AWS service has the prefix "{prefix}".',
        f'Did you mean "{near}:"?' if near else "Look it up in the service reference.",
        at_name=True,
    )


def _never(view: View, condition: ConditionView, key: str) -> Iterator[Finding]:
    actions = [text for _, text in view.actions]
    expanded = [catalogue.expand(action) for action in actions]
    if not actions or "*" in actions or not all(expanded):
        return
    if key == "sts:durationseconds" and all(a.lower().startswith("sts:") for a in actions):
        assuming = any(full.startswith("sts:AssumeRole") for found in expanded for full in found)
        if assuming:
            yield _duration(condition)
            return
    having = [action for action, found in zip(actions, expanded, strict=True) if _has(found, key)]
    if not having:
        shown = ", ".join(actions[:3]) + (", …" if len(actions) > 3 else "")
        sure = _service(key) in (*WELL_DESCRIBED, "aws")
        yield (error if sure else warning)(
            "key-never-present",
            f"Requests for {shown} never have {condition.key}",
            condition.path,
            _ABSENT[condition.negated],
            _who_has(key, expanded),
            at_name=True,
        )
    elif view.allow == _demands(condition):
        for path, action in view.actions:
            if action not in having and "*" not in action and "?" not in action:
                yield _apart(view, condition, path, action)


def _apart(view: View, condition: ConditionView, path: str, action: str) -> Finding:
    """An action whose requests lack a key that the others of its statement have."""
    does = "never allows" if view.allow else "always denies"
    why = _ABSENT[not view.allow]
    companion = _COMPANIONS.get(action.lower())
    if companion:
        why = (
            f"A call that brings {companion} is checked for {action} as well, with that action's "
            "own keys only: the call is refused."
        )
    return warning(
        "key-never-present",
        f"{action} never has {condition.key}, so this statement {does} it",
        path,
        why,
        f"Split it: put {action} in a statement of its own, without {condition.key}.",
    )


def _demands(condition: ConditionView) -> bool:
    """Say whether the condition fails where the key is absent."""
    absent_passes = condition.if_exists or condition.prefix == "ForAllValues:"
    if condition.base == "Null":
        return "true" not in map(str.lower, condition.values)
    return not absent_passes and not condition.negated


def _has(expanded: tuple[str, ...], key: str) -> bool:
    """Say whether requests for one of these actions can have the key.

    Which actions have tags is said of the well described services alone.
    """
    if key.startswith("aws:") and any(_service(full) not in WELL_DESCRIBED for full in expanded):
        return True
    return any(can_hold(full, key) for full in expanded)


def _service(text: str) -> str:
    return text.partition(":")[0]


def _who_has(key: str, expanded: list[tuple[str, ...]]) -> str:
    services = {_service(full) for found in expanded for full in found}
    having = [
        f"{service}:{name}"
        for service in (services if _service(key) == "aws" else {_service(key)})
        for name in catalogue.actions(service).values()
        if can_hold(f"{service}:{name}", key)
    ]
    if not having:
        return "Remove the condition."
    return f"Remove the condition; it belongs to {', '.join(sorted(having)[:3])}."


def _duration(condition: ConditionView) -> Finding:
    return error(
        "duration-on-assume-role",
        "AssumeRole requests never have sts:DurationSeconds",
        condition.path,
        "The key is in bearer-token and GetWebIdentityToken requests only. " + _ABSENT[False],
        "Limit the session with the role's MaxSessionDuration.",
        at_name=True,
    )
