"""Actions that do not exist, and resources that the actions never take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from labhelpers.policy.language.model import UNGOVERNED
from labhelpers.policy.language.slips import closest
from labhelpers.policy.linting import catalogue
from labhelpers.policy.linting.overlap import of_policy, of_reference, overlap
from labhelpers.policy.linting.views import View, error, warning
from labhelpers.policy.writing.findings import Finding

# Names of API operations or habits that are no actions -> the action that governs them.
_API_NAMES = {
    "s3:copyobject": "s3:GetObject on the source and s3:PutObject on the target",
    "s3:createmultipartupload": "s3:PutObject",
    "s3:deleteobjects": "s3:DeleteObject",
    "s3:getobjectmetadata": "s3:GetObject",
    "s3:headbucket": "s3:ListBucket",
    "s3:headobject": "s3:GetObject",
    "s3:listbuckets": "s3:ListAllMyBuckets",
    "s3:listmultipartuploads": "s3:ListBucketMultipartUploads",
    "s3:listobjects": "s3:ListBucket",
    "s3:listobjectsv2": "s3:ListBucket",
    "s3:listobjectversions": "s3:ListBucketVersions",
    "s3:listparts": "s3:ListMultipartUploadParts",
    "s3:uploadpart": "s3:PutObject",
    "lambda:invoke": "lambda:InvokeFunction",
}


def unknown_actions(view: View) -> Iterator[Finding]:
    """Services and actions that AWS does not have."""
    for element in ("Action", "NotAction"):
        for path, text in view.entries(element):
            service, colon, name = text.partition(":")
            if not colon or not name or text == "*:*" or catalogue.expand(text):
                continue
            if service.lower() not in catalogue.services():
                yield _unknown_service(path, service)
            elif view.kind != "trust":
                yield _unknown_action(path, text)


def _unknown_service(path: str, service: str) -> Finding:
    near = closest(service.lower(), catalogue.services(), 0.8)
    near = near if abs(len(near) - len(service)) <= 2 else ""
    # Without a likely slip of the pen it may be a service that AWS has given up.
    severity = error if near else warning
    return severity(
        "unknown-service",
        f'No AWS service has the prefix "{service}"',
        path,
        "The statement can never match a request for it.",
        f'Did you mean "{near}:"?' if near else "Look the prefix up in the service reference.",
    )


def _unknown_action(path: str, text: str) -> Finding:
    service, _, name = text.partition(":")
    known = catalogue.actions(service.lower())
    near = closest(name.lower(), known, 0.7)
    meant = _API_NAMES.get(text.lower())
    if meant:
        instead = f"The operation is governed by {meant}."
    elif near:
        instead = f'Did you mean "{service}:{known[near]}"?'
    else:
        instead = f"Look it up among the actions of {service} in the service reference."
    what = "matches no action" if "*" in name or "?" in name else "is no action"
    why = "The statement can never match a request for it."
    return error("unknown-action", f'"{text}" {what} of {service}', path, why, instead)


def ungoverned_actions(view: View) -> Iterator[Finding]:
    """A Deny on calls that no policy can refuse."""
    if view.allow:
        return
    for path, text in view.actions:
        if text.lower() in UNGOVERNED:
            yield warning(
                "deny-without-effect",
                f"No policy can refuse {text}",
                path,
                "sts:GetCallerIdentity and sts:GetSessionToken need no permission and cannot be "
                "blocked.",
                "Leave it out.",
            )


def untaken_resources(view: View) -> Iterator[Finding]:
    """Actions that take none of the resources, and resources that none of the actions takes."""
    resources = view.entries("Resource")
    if not view.actions or not resources or any(text == "*" for _, text in resources):
        return
    compiled = [(path, text, of_policy(text)) for path, text in resources]
    used: set[str] = set()
    # An action without a resource and a resource without an action are one mistake.
    complete = True
    for path, action in view.actions:
        expanded = catalogue.expand(action)
        if not expanded:
            complete = False
            continue
        patterns = {pattern for full in expanded for pattern in catalogue.arn_patterns(full)}
        if not patterns or not all(map(catalogue.arn_patterns, expanded)):
            # Some of the actions take no resource: their requests are about "*".
            used |= {text for _, text, _ in compiled if _anything(text)}
        taken = {text for _, text, units in compiled if _taken(units, patterns)}
        used |= taken
        if not taken and not any(_anything(text) for _, text, _ in compiled):
            complete = False
            yield _untaken_action(view, path, action, patterns)
    if complete:
        for path, text, _ in compiled:
            if text not in used and not _anything(text):
                yield _untaken_resource(path, text, [action for _, action in view.actions])


def _taken(units: tuple, patterns: set[str]) -> bool:
    return any(overlap(units, of_reference(pattern)) for pattern in patterns)


def _anything(text: str) -> bool:
    """`arn:aws:s3:::*` and the like are often written where "*" is meant."""
    return set(text.split(":", 5)[-1]) <= set("*/:")


def _untaken_action(view: View, path: str, action: str, patterns: set[str]) -> Finding:
    effect = "allows" if view.allow else "denies"
    service = action.partition(":")[0].lower()
    severity = error if service in catalogue.WELL_DESCRIBED else warning
    if not patterns:
        instead = 'Put it in a statement of its own with "Resource": "*".'
        why = "The action takes no resource: its requests are about everything."
    else:
        shown = " or ".join(sorted(map(_readable, patterns), key=len)[:2])
        instead = f"Add a resource of the form {shown}."
        why = "None of the resources here is of a type that this action takes."
    message = f"The statement {effect} {action} on nothing"
    return severity("action-without-resource", message, path, why, instead)


def _readable(pattern: str) -> str:
    """Write `arn:${Partition}:s3:::${BucketName}` as `arn:aws:s3:::BucketName`."""
    return re.sub(r"\$\{(\w+)\}", r"\1", pattern.replace("${Partition}", "aws"))


def _untaken_resource(path: str, text: str, actions: list[str]) -> Finding:
    shown = ", ".join(actions[:3]) + (", …" if len(actions) > 3 else "")
    return warning(
        "resource-without-action",
        f"No action of the statement takes the resource {text}",
        path,
        f"{shown} take resources of other types.",
        "Remove it, or add the actions that it is meant for.",
    )
