"""What moto knows of KMS: keys by any of their names, their policies and grants. All of it reads.

A grant is a statement of its own: it allows its grantee some operations, under conditions on the
encryption context. Source: KMS Developer Guide, "Grants in AWS KMS", "Default key policy", "AWS
managed keys", "Condition keys for AWS KMS". That CreateGrant by a grant with constraints is
refused is stricter than AWS, which compares the constraints.
"""

from __future__ import annotations

import json
import re
import sys
from base64 import b64decode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from labhelpers.policy import Policy, parse

if TYPE_CHECKING:
    from moto.kms.models import Grant, Key

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_MANAGED = "alias/aws/"
_MORE_MANAGED = tuple(f"alias/aws/{name}" for name in ("kinesis", "sns", "sqs"))
#: What the policy of an AWS managed key gives everybody in the account, by way of its service.
_USES = ("Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "CreateGrant", "DescribeKey")
_LOOKS = ("Describe*", "Get*", "List*", "RevokeGrant")
#: Operations of a grant that no encryption context goes with.
_WITHOUT_CONTEXT = ("CreateGrant", "DescribeKey", "GetPublicKey", "RetireGrant", "Sign", "Verify")


def find_key(name: str, region: str, account: str) -> Key | None:
    """The key of this id, ARN, alias or ARN of an alias; `account` is whose names these are.

    An AWS managed key comes to be when somebody first names its alias, as on AWS.
    """
    if name.startswith("arn:"):
        parts = name.split(":", 5)
        if len(parts) < 6 or parts[2] != "kms" or not _ACCOUNT.fullmatch(parts[4]):
            return None
        region, account, name = parts[3], parts[4], parts[5].removeprefix("key/")
    try:
        backend = _backend(account, region)
    except KeyError:  # no such Region
        return None
    if name.startswith("alias/"):
        name = backend.get_key_id_from_alias(name) or _new_managed(backend, name)
    return backend.keys.get(name)


def _new_managed(backend: Any, alias: str) -> str:
    """The id of a new AWS managed key, of those that moto does not know."""
    if alias not in _MORE_MANAGED:
        return ""
    made = backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "Default key", None)
    backend.create_alias(made.id, alias)
    return str(made.id)


def stored_key(name: str, region: str, account: str) -> Key | None:
    """The key of a name that a service keeps: an id is nobody else's, whatever the account."""
    found = find_key(name, region, account)
    if found is None and not name.startswith(("arn:", "alias/")):
        return _any_key(name, region)
    return found


def key_of_ciphertext(text: Any, region: str) -> Key | None:
    """The key of a CiphertextBlob (base64), whosever it is, None where it is none of moto's."""
    from moto.kms.utils import _deserialize_ciphertext_blob

    try:
        name = _deserialize_ciphertext_blob(b64decode(text)).key_id
    except Exception:  # whatever somebody sends: KMS says InvalidCiphertextException
        return None
    return _any_key(name, region)


def key_of_grant(token: str, region: str) -> tuple[Key, Grant] | None:
    """The grant of a grant token, with its key."""
    from moto.kms.models import kms_backends

    for backends in list(kms_backends.values()):
        for key in backends[region].keys.values() if region in backends else ():
            for grant in key.grants.values():
                if grant.token == token:
                    return key, grant
    return None


def all_keys() -> list[Key]:
    """Every key of every account."""
    module = sys.modules.get("moto.kms.models")  # who made none has not loaded it
    accounts = list(module.kms_backends.values()) if module else []
    return [key for account in accounts for held in account.values() for key in held.keys.values()]


def forget_principal(arn: str, unique_id: str) -> None:
    """Leave the unique id of a deleted user or role in the grants that it had."""
    for grant in (grant for key in all_keys() for grant in key.grants.values()):
        if grant.grantee_principal == arn:
            grant.grantee_principal = unique_id
        if grant.retiring_principal == arn:
            grant.retiring_principal = unique_id


def is_managed(key: Key) -> bool:
    """Whether it is an AWS managed key, which no policy of a customer changes."""
    return any(alias.startswith(_MANAGED) for alias in key.aliases)


def key_policy(key_arn: str) -> Policy | None:
    """The key policy in force, None where there is no such key."""
    key = find_key(key_arn, "", "")
    if key is None:
        return None
    name = f"key policy of {key.id}"
    alias = next((alias for alias in key.aliases if alias.startswith(_MANAGED)), None)
    if alias is not None:
        service = alias.removeprefix(_MANAGED)
        return _managed_policy(service, key.region, key.account_id, name)
    return parse(key.policy, kind="resource", name=name)


def grants_policy(key_arn: str, retired: str = "") -> Policy | None:
    """The grants of a key as a policy, None where it has none.

    `retired` is the grant that a RetireGrant is about: its retiring principal may do that.
    """
    key = find_key(key_arn, "", "")
    if key is None or not key.grants:
        return None
    statements = [s for grant in key.grants.values() for s in _statements(grant, retired)]
    if not statements:
        return None
    document = {"Version": "2008-10-17", "Statement": statements}  # which has no variables
    return parse(json.dumps(document), kind="resource", name=f"grants of {key.id}")


def key_tags(key: Key) -> dict[str, str]:
    tags: dict[str, str] = _backend(key.account_id, key.region).tagger.get_tag_dict_for_resource(
        key.id
    )
    return tags


def _backend(account: str, region: str) -> Any:
    from moto.kms.models import kms_backends

    return kms_backends[account][region]


def _any_key(name: str, region: str) -> Key | None:
    from moto.kms.models import kms_backends

    for backends in list(kms_backends.values()):
        if region in backends and name in backends[region].keys:
            return backends[region].keys[name]
    return None


@lru_cache(maxsize=64)
def _managed_policy(service: str, region: str, account: str, name: str) -> Policy:
    conditions = {
        "kms:CallerAccount": account,
        "kms:ViaService": f"{service}.{region}.amazonaws.com",
    }
    uses = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"kms:{name}" for name in _USES],
        "Resource": "*",
        "Condition": {"StringEquals": conditions},
    }
    looks = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": [f"kms:{name}" for name in _LOOKS],
        "Resource": "*",
    }
    document = {"Version": "2012-10-17", "Statement": [uses, looks]}
    return parse(json.dumps(document), kind="resource", name=name)


def _statements(grant: Grant, retired: str) -> list[dict[str, Any]]:
    conditions = _conditions(grant.constraints or {})
    found = []
    for operation in grant.operations:
        if operation == "CreateGrant" and conditions:
            continue
        if operation == "RetireGrant" and grant.id != retired:
            continue
        statement = _allows(grant.grantee_principal, f"kms:{operation}")
        if operation == "CreateGrant":  # nobody passes on more than they have
            own = {"ForAllValues:StringEquals": {"kms:GrantOperations": list(grant.operations)}}
            statement["Condition"] = own
        elif conditions and operation not in _WITHOUT_CONTEXT:
            statement["Condition"] = conditions
        found.append(statement)
    if grant.id == retired and grant.retiring_principal:
        found.append(_allows(grant.retiring_principal, "kms:RetireGrant"))
    return found


def _allows(principal: str, action: str) -> dict[str, Any]:
    named = {"Service" if principal.endswith(".amazonaws.com") else "AWS": principal}
    return {"Effect": "Allow", "Principal": named, "Action": action, "Resource": "*"}


def _conditions(constraints: dict[str, Any]) -> dict[str, Any]:
    """EncryptionContextSubset wants its pairs, EncryptionContextEquals no other ones either."""
    exact = constraints.get("EncryptionContextEquals")
    pairs = exact or constraints.get("EncryptionContextSubset") or {}
    found: dict[str, Any] = {}
    if pairs:
        found["StringEquals"] = {f"kms:EncryptionContext:{k}": v for k, v in pairs.items()}
    if exact:
        found["ForAllValues:StringEquals"] = {"kms:EncryptionContextKeys": list(exact)}
    return found
