"""SimulatePrincipalPolicy, SimulateCustomPolicy and the calls that list context keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labhelpers.policy import (
    ALLOWED,
    EXPLICITLY_DENIED,
    IMPLICITLY_DENIED,
    Decision,
    Policy,
    Principal,
    Request,
    evaluate,
    principal_context,
)
from labhelpers.policy.deciding.case import Case
from labhelpers.sandbox.answer.iam.faults import fault
from labhelpers.sandbox.answer.iam.pages import page
from labhelpers.sandbox.answer.iam.simulate import sources
from labhelpers.sandbox.answer.iam.simulate.context import (
    context_of,
    keys_in,
    keys_of,
    statements_of,
    variables_in,
)
from labhelpers.sandbox.answer.iam.simulate.sources import Source
from labhelpers.sandbox.answer.iam.simulate.statements import matched
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state.organizations import control_policies
from labhelpers.sandbox.wire.errors import not_modelled

_WORDS = {
    ALLOWED: "allowed",
    EXPLICITLY_DENIED: "explicitDeny",
    IMPLICITLY_DENIED: "implicitDeny",
}
_USER = re.compile(r"arn:aws:iam::(\d{12}):user/\S+", re.ASCII)
_OWNER = re.compile(r"(?:arn:aws:iam::)?(\d{12})(?::root)?", re.ASCII)


@dataclass(frozen=True)
class _Simulation:
    """Everything but action and resource; `caller` None: nobody in particular."""

    account_id: str
    caller: Principal | None
    identity: list[Source]
    boundaries: list[Source]
    resource: Source | None
    owner: str
    context: Mapping[str, Any]
    scps: list[list[Policy]] = field(default_factory=list)


def simulate_principal_policy(call: Call) -> dict[str, Any]:
    """What the policies of a user, group or role would allow."""
    values, account = call.subject, call.account_id
    kind, entity = sources.entity_of(values["PolicySourceArn"], account)
    excluded = values.get("PolicyExclusionList", [])
    held = sources.kept(sources.policies_of(kind, entity, account), excluded)
    added = sources.given(values.get("PolicyInputList", []), "PolicyInputList", "identity")
    boundaries = _given_boundaries(values)
    if not boundaries:
        boundaries = sources.kept(sources.boundary_of(kind, entity, account), excluded)
    without = {entry.get("PolicyType") for entry in excluded}
    scps = [] if "scp" in without else control_policies(account, "scp")
    return _answer(call, held + added, boundaries, scps, sources.principal_of(entity.arn, account))


def simulate_custom_policy(call: Call) -> dict[str, Any]:
    """What policies that nobody has would allow."""
    values = call.subject
    identity = sources.given(values["PolicyInputList"], "PolicyInputList", "identity")
    levels = [
        [
            sources.source(text, "scp", f"ServiceControlPolicyInputList.{number}", {}).policy
            for number, text in enumerate(level.get("ServiceControlPolicyInputList", []), 1)
        ]
        for level in values.get("OrderedOrganizationPolicyInputList", [])
    ]
    return _answer(call, identity, _given_boundaries(values), levels, None)


def context_keys_for_principal_policy(call: Call) -> dict[str, Any]:
    """The condition keys of an identity's policies, and of those that come along."""
    values, account = call.subject, call.account_id
    kind, entity = sources.entity_of(values["PolicySourceArn"], account)
    held = sources.policies_of(kind, entity, account)
    held += sources.given(values.get("PolicyInputList", []), "PolicyInputList", "identity")
    return {"ContextKeyNames": keys_of(one.policy for one in held)}


def context_keys_for_custom_policy(call: Call) -> dict[str, Any]:
    """The condition keys of policies, in the order of their texts."""
    texts = call.subject["PolicyInputList"]
    held = sources.given(texts, "PolicyInputList", "identity")
    return {"ContextKeyNames": keys_of(one.policy for one in held)}


def _given_boundaries(values: Mapping[str, Any]) -> list[Source]:
    name = "PermissionsBoundaryPolicyInputList"
    return sources.given(values.get(name, []), name, "boundary")


def _answer(
    call: Call,
    identity: list[Source],
    boundaries: list[Source],
    scps: list[list[Policy]],
    principal: Principal | None,
) -> dict[str, Any]:
    values = call.subject
    caller = _caller(values, principal, call.account_id)
    owner = _OWNER.fullmatch(values.get("ResourceOwner") or call.account_id)
    if owner is None:
        raise fault("InvalidInput", f"Invalid Resource Owner: {values['ResourceOwner']}", 400)
    resource = None
    if "ResourcePolicy" in values:
        resource = sources.source(values["ResourcePolicy"], "resource", "ResourcePolicy", {})
    simulation = _Simulation(
        call.account_id,
        caller,
        identity,
        boundaries,
        resource,
        owner[1],
        context_of(values.get("ContextEntries", [])),
        scps,
    )
    asked = [
        (_action(action), arn, "ResourceArns" in values)
        for action in values["ActionNames"]
        for arn in values.get("ResourceArns", ["*"])
    ]
    listed, rest = page(asked, call)
    return {"EvaluationResults": [_result(simulation, *one) for one in listed], **rest}


def _action(name: str) -> str:
    service, colon, action = name.partition(":")
    if not (service and colon and action) or re.search(r"[*?\s]", name):
        why = "Write service and action, e.g. s3:GetObject; the simulator takes no wildcards."
        raise fault("InvalidInput", f"Invalid Action Name: {name}", 400, why)
    return name


def _caller(
    values: Mapping[str, Any], principal: Principal | None, account_id: str
) -> Principal | None:
    """CallerArn, which has to be an IAM user; else the user or role whose policies are asked."""
    arn = values.get("CallerArn")
    if arn is None:
        if "ResourcePolicy" in values and (principal is None or principal.kind != "user"):
            text = "CallerArn is required when ResourcePolicy is specified."
            raise fault("InvalidInput", text, 400)
        return principal
    found = _USER.fullmatch(arn)
    if found is None:
        text = f"Invalid Caller Arn: {arn}"
        raise fault("InvalidInput", text, 400, "CallerArn takes the ARN of an IAM user only.")
    if principal is not None and principal.arn == arn:
        return principal
    return Principal("user", arn, found[1])


def _result(simulation: _Simulation, action: str, arn: str, named: bool) -> dict[str, Any]:
    decision = _decide(simulation, action, arn)
    held = [*simulation.identity, *simulation.boundaries]
    held += [simulation.resource] if simulation.resource else []
    common: dict[str, Any] = {
        "MatchedStatements": matched(decision, held),
        "MissingContextValues": _missing(simulation, decision, held),
    }
    case = decision.case
    if simulation.boundaries and case is not None:
        allowed = case.allows("boundary") and not case.denies("boundary")
        common["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
    if case is not None and not case.same_account:
        common["EvalDecisionDetails"] = {
            "IAM Policy": _verdict(case, "identity"),
            "Resource Policy": _verdict(case, "resource"),
        }
    outcome = _WORDS[decision.outcome]
    result = {"EvalActionName": action, "EvalResourceName": arn, "EvalDecision": outcome, **common}
    if simulation.scps and case is not None:
        allowed = case.allows("scp") and not case.denies("scp")
        result["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": allowed}
    if named:
        specific = {"EvalResourceName": arn, "EvalResourceDecision": outcome, **common}
        result["ResourceSpecificResults"] = [specific]
    return result


def _verdict(case: Case, kind: str) -> str:
    """What one side says of a request across accounts."""
    if case.denies(kind):
        return _WORDS[EXPLICITLY_DENIED]
    return _WORDS[ALLOWED if case.allows(kind) else IMPLICITLY_DENIED]


def _decide(simulation: _Simulation, action: str, arn: str) -> Decision:
    # Without a caller nothing follows from one: keys such as aws:username are missing.
    nobody = Principal(
        "user", f"arn:aws:iam::{simulation.account_id}:user/-", simulation.account_id
    )
    absent = {} if simulation.caller else dict.fromkeys(principal_context(nobody))
    # The simulator reads trust policies and passes them over (trial of 2026-05).
    trusting = action.lower().startswith("sts:assume")
    resource = None if trusting else simulation.resource
    caller = simulation.caller or nobody
    decision = evaluate(
        Request(
            principal=caller,
            action=action,
            resource=arn,
            resource_account=simulation.owner if resource else caller.account,
            context={**absent, **simulation.context},
        ),
        identity=[one.policy for one in simulation.identity],
        boundaries=[one.policy for one in simulation.boundaries],
        resource=resource.policy if resource else None,
        scps=simulation.scps,
    )
    if decision.blocked_by == "not modelled":
        raise not_modelled(f"the condition key {decision.unmodelled}")
    return decision


def _missing(simulation: _Simulation, decision: Decision, held: list[Source]) -> list[str]:
    """The keys that a statement about this action and resource asks for, and nobody gave."""
    known = {key.lower() for key in simulation.context}
    if simulation.caller:
        known |= {key.lower() for key in principal_context(simulation.caller)}
    by_name = {one.name: one.policy for one in held}
    found: dict[str, str] = {}
    for result in decision.statements:
        policy = by_name.get(result.policy_name)
        if policy is None:
            continue
        statement = statements_of(policy)[result.index]
        failed = {failure.element for failure in result.failures} - {"Condition"}
        # Another resource for want of a variable's value may be this one with it.
        if failed == {"Resource"} and {key.lower() for key in variables_in(statement)} - known:
            failed.clear()
        for key in () if failed else keys_in(statement):
            if key.lower() not in known:
                found.setdefault(key.lower(), key)
    return list(found.values())
