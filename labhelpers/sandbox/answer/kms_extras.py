"""What KMS does and moto does not: what a key policy may not say, grants, replicas, dry runs.

Source: KMS API Reference, PutKeyPolicy, CreateKey, CreateGrant, ReplicateKey; the words of the
refusals from logs, those about grants are not verified. Inferred: that the lock-out check asks the
new key policy alone, taking the caller's own policies for willing.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labhelpers.policy import Policy, PolicyError, Request, evaluate, parse
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authorize.context import caller_context
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import iam, kms
from labhelpers.sandbox.state.stored_principals import refuse_strangers
from labhelpers.sandbox.wire.errors import Refusal
from labhelpers.sandbox.wire.http import HttpRequest, json_object

if TYPE_CHECKING:
    from moto.kms.models import Key

_MALFORMED = "MalformedPolicyDocumentException"
_LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."
_STRANGERS = "Policy contains a statement with one or more invalid principals."
_EVERYTHING = parse(
    '{"Version": "2012-10-17", '
    '"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}',
    kind="identity",
)
_WITH_POLICY = ("CreateKey", "PutKeyPolicy", "ReplicateKey")
_ENTITY = re.compile(r"arn:aws:iam::\d{12}:(user|role)/.+", re.ASCII)
_SIZE = 32768  # bytes of a key policy, "Resource quotas"


def before(http: HttpRequest, call: Call, caller: Caller, lab_now: datetime) -> None:
    """Refuse what moto would wave through."""
    params = json_object(http.body)
    key = kms.find_key(str(params.get("KeyId") or ""), caller.region, call.account_id)
    if call.operation in _WITH_POLICY and params.get("Policy") is not None:
        _check_policy(params, key, call, caller, lab_now)
    if call.operation == "CreateGrant":
        _check_grant(params)
    cancels = call.operation == "CancelKeyDeletion"
    if cancels and key is not None and key.key_state != "PendingDeletion":
        text = f"{key.arn} is not pending deletion."
        raise Refusal("KMSInvalidStateException", text, 400, blocked_by="service")
    if params.get("DryRun") is True:
        text = "The request would have succeeded, but the DryRun option is set."
        raise Refusal("DryRunOperationException", text, 400, blocked_by="service")


def after(http: HttpRequest, call: Call, caller: Caller) -> None:
    """A replica has a policy of its own, and neither grants nor aliases of its primary key."""
    params = json_object(http.body)
    if call.operation == "ReplicateKey":
        key = kms.find_key(str(params["KeyId"]), caller.region, call.account_id)
        assert key is not None, "it has just been replicated"
        region = str(params["ReplicaRegion"])
        replica = kms.find_key(key.id, region, call.account_id)
        assert replica is not None
        replica.policy = params.get("Policy") or replica.generate_default_policy()
        replica.grants, replica.aliases = {}, {}


def _check_grant(params: dict[str, Any]) -> None:
    for name in ("GranteePrincipal", "RetiringPrincipal"):
        arn = params.get(name)
        named = isinstance(arn, str) and _ENTITY.fullmatch(arn)
        if named and iam.find_principal(str(arn)) is None:
            why = f"There is no such user or role: {arn}. Create it first, or correct the name."
            raise Refusal("InvalidArnException", f"Invalid arn {arn}", 400, reason=why)


def _check_policy(
    params: dict[str, Any], key: Key | None, call: Call, caller: Caller, lab_now: datetime
) -> None:
    text = params["Policy"]
    if not isinstance(text, str) or len(text.encode()) > _SIZE:
        raise Refusal("LimitExceededException", "The key policy is too long.", 400)
    try:
        policy = parse(text, kind="resource", name="the new key policy")
    except PolicyError as error:
        where = f"At {error.path}: " if error.path else ""
        raise Refusal(_MALFORMED, str(error), 400, reason=f"{where}{error.hint}") from None
    try:
        refuse_strangers(policy, _MALFORMED)
    except Refusal as refusal:
        raise Refusal(_MALFORMED, _STRANGERS, 400, reason=refusal.reason) from None
    if params.get("BypassPolicyLockoutSafetyCheck") is True:
        return
    place = f"arn:aws:kms:{caller.region}:{call.account_id}:key/new"
    if not _can_change(policy, key.arn if key else place, caller, lab_now):
        why = "Let the caller, or the account (its root), keep kms:PutKeyPolicy."
        raise Refusal(_MALFORMED, _LOCKED_OUT, 400, reason=why)


def _can_change(policy: Policy, key_arn: str, caller: Caller, lab_now: datetime) -> bool:
    account = caller.principal.account
    context = caller_context(caller, lab_now) | {"kms:CallerAccount": account}
    request = Request(caller.principal, "kms:PutKeyPolicy", key_arn, account, context)
    return evaluate(request, identity=(_EVERYTHING,), resource=policy).allowed
