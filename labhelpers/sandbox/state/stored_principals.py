"""Principals in stored policies: they must exist, and their deletion leaves their unique id.

AWS keeps the unique id of a user or role that a trust policy names and shows the ARN as long as
its bearer lives; a namesake made later has another id (STS_FACTS 3.5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from labhelpers.policy import Policy
from labhelpers.sandbox.state import iam, kms
from labhelpers.sandbox.state.resource_policies import documents
from labhelpers.sandbox.wire.errors import Refusal

_ENTITY = re.compile(r"arn:aws:iam::\d{12}:(user|role)/.+")
_PROVIDER = re.compile(r"arn:aws:iam::\d{12}:(oidc|saml)-provider/.+")
_UNIQUE_ID = re.compile(r"A(ID|RO)A[A-Z0-9]{12,}")


def refuse_strangers(policy: Policy, code: str = "MalformedPolicyDocument") -> None:
    """Refuse a policy that names a user or role, by ARN or by unique id, that does not exist."""
    for entry in principals_in(policy.document, "AWS"):
        if _ENTITY.fullmatch(entry):
            exists = iam.find_principal(entry) is not None
        elif _UNIQUE_ID.fullmatch(entry):
            exists = iam.has_principal_id(entry)
        else:
            continue
        if not exists:
            why = f"There is no such user or role: {entry}. Create it first, or correct the name."
            text = f'Invalid principal in policy: "AWS":"{entry}"'
            raise Refusal(code, text, 400, reason=why)
    for entry in principals_in(policy.document, "Federated"):
        if _PROVIDER.fullmatch(entry) and not iam.has_provider(entry):
            why = f"There is no identity provider {entry}: register it with IAM first."
            # That IAM looks is not verified, nor are the words.
            text = f'Invalid principal in policy: "FEDERATED":"{entry}"'
            raise Refusal(code, text, 400, reason=why)


def replace_deleted(arn: str, unique_id: str) -> None:
    """Put the unique id in the place of the ARN of a deleted user or role, in every account."""
    kms.forget_principal(arn, unique_id)
    stored = (*iam.documents_with_principals(), *documents())
    for holder, attribute, text in stored:
        if f'"{arn}"' in text:
            document = json.loads(text)
            _rename(document, arn, unique_id)
            changed = json.dumps(document)
            was_bytes = isinstance(getattr(holder, attribute), bytes)
            setattr(holder, attribute, changed.encode() if was_bytes else changed)


def _rename(document: dict, arn: str, unique_id: str) -> None:
    for element in _principal_elements(document):
        values = element.get("AWS")
        if values == arn:
            element["AWS"] = unique_id
        elif isinstance(values, list):
            element["AWS"] = [unique_id if value == arn else value for value in values]


def principals_in(document: Any, kind: str) -> Iterator[str]:
    """The principals of one kind that a policy (parsed JSON) names."""
    for element in _principal_elements(document):
        values = element.get(kind, ())
        yield from [values] if isinstance(values, str) else values


def _principal_elements(document: Any) -> Iterator[dict]:
    statements = document["Statement"]
    for statement in [statements] if isinstance(statements, dict) else statements:
        for name in ("Principal", "NotPrincipal"):
            if isinstance(statement.get(name), dict):
                yield statement[name]
