"""What the access graph shows: principals → roles → resources, each edge a decision.

Plain dictionaries, so that checks need no graph library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from labhelpers.policy import Decision, explain
from labhelpers.policy.language.arn import account_of
from labhelpers.policy.language.principals import account_in, entries_of
from labhelpers.policy.linting.catalogue import can_hold
from labhelpers.terraform.access.arguments import NOT_KNOWN
from labhelpers.terraform.access.best_case import conditions_of, context_for, listed, statements
from labhelpers.terraform.access.carriers import Carrier, carriers
from labhelpers.terraform.access.decisions import ASSUME, Decisions
from labhelpers.terraform.access.identities import Identity


class Relations:
    """Nodes by name and edges by (tail, head), with the attributes that access_graph() names."""

    def __init__(self, access: Decisions):
        self.access = access
        self.nodes: dict[str, dict[str, Any]] = {}
        self.edges: dict[tuple[str, str], dict[str, Any]] = {}
        for identity in access.identities.values():
            if identity.is_role:
                self._declared(identity)
        for role in access.roles:
            self._trust(role)
        for identity in access.identities.values():
            self._permissions(identity)
        for carried in carriers(access):
            self._carrier(carried)

    def _declared(self, identity: Identity) -> str:
        kind = "role" if identity.is_role else "user"
        where = {"file": identity.resource.file, "line": identity.resource.line}
        self._node(identity.address, kind=kind, label=identity.name, **where)
        return identity.address

    def _node(self, name: str, **attributes: Any) -> None:
        self.nodes.setdefault(name, {}).update(attributes)

    def _edge(self, tail: str, head: str, how: str, label: str, **more: Any) -> None:
        """Add an edge; several statements about one pair share it, an allowed one wins."""
        old = self.edges.get((tail, head))
        if old is None or old["how"] != how or (old["refused"] and not more["refused"]):
            edge = self.edges.setdefault((tail, head), {})
            edge.update(how=how, label=label, said=(label,), **more)
        elif old["refused"] == more["refused"]:
            said = old["said"] if label in old["said"] else (*old["said"], label)
            rest = f", … {len(said) - 2} more" if len(said) > 2 else ""
            conditions = _either(old["conditions"], more["conditions"])
            old.update(said=said, label=", ".join(said[:2]) + rest, conditions=conditions)

    def _trust(self, role: Identity) -> None:
        if role.trust is None:
            self._node(NOT_KNOWN, kind="principal", label=NOT_KNOWN)
            reason = "The trust policy is not known."
            more = {"conditions": (), "refused": False, "reason": reason, "seconds": 0}
            self._edge(NOT_KNOWN, role.address, "assume", "may assume?", **more)
            return
        for statement in statements(role.trust):
            if statement["Effect"] == "Allow" and "Principal" in statement:
                for kind, value in entries_of(statement["Principal"]):
                    self._named(role, statement, kind, value)

    def _named(self, role: Identity, statement: Mapping, kind: str, value: str) -> None:
        """Add the edge from a principal that a trust policy names."""
        known = self.access.by_arn.get(value) if kind == "AWS" else None
        if known is not None:
            self._assume(self._declared(known), known, role, statement)
            return
        account = account_in(value) if kind == "AWS" else ""
        node = f"{kind}:{account or value}"
        label = (
            "every AWS principal" if value == "*" else f"account {account}" if account else value
        )
        self._node(node, kind="principal", label=label)
        who = f"arn:aws:iam::{account}:user/somebody" if account else value
        self._assume(node, who, role, statement)
        if account and account == account_of(role.arn) or value == "*":
            for identity in self.access.identities.values():
                if identity is not role and _names(identity, role.arn):
                    self._assume(self._declared(identity), identity, role, statement)

    def _assume(self, node: str, who: str | Identity, role: Identity, statement: Mapping) -> None:
        conditions, best = tuple(conditions_of(statement)), context_for(statement)
        for action in listed(statement.get("Action", ())):
            wanted = ASSUME if "*" in action else (action,) if action in ASSUME else ()
            for call in wanted:
                held = {key: value for key, value in best.items() if can_hold(call, key)}
                decision = self.access.decide(who, call, role.address, held)
                if len(wanted) > 1 and not decision.allowed:
                    continue  # a wildcard names calls that this principal never makes
                seconds = role.resource.values.get("max_session_duration", 3600)
                seconds = seconds if isinstance(seconds, int) else 3600
                if isinstance(who, Identity) and who.is_role:
                    seconds = min(seconds, 3600)  # a chained session
                elif isinstance(who, str) and who.endswith(".amazonaws.com"):
                    seconds = 0  # a service takes as long as it likes (IAM User Guide, quotas)
                more = {"conditions": conditions, "seconds": seconds}
                self._edge(node, role.address, "assume", call, **more, **_judged(decision))

    def _permissions(self, identity: Identity) -> None:
        for policy in identity.policies:
            for statement in statements(policy):
                if statement["Effect"] == "Allow":
                    self._declared(identity)
                    self._allowed(identity, statement)

    def _allowed(self, identity: Identity, statement: Mapping) -> None:
        element = "Action" if "Action" in statement else "NotAction"
        actions = listed(statement[element])
        words = _short(actions) if element == "Action" else f"all but {_short(actions)}"
        conditions, context = tuple(conditions_of(statement)), context_for(statement)
        for resource in _resources(statement):
            role = self.access.by_arn.get(resource)
            if role is not None and set(actions) & set(ASSUME):
                self._assume(
                    self._declared(identity), identity, role, _as_trust(statement, actions)
                )
                actions = [a for a in actions if a not in ASSUME]
                words = _short(actions)
            if not words:
                continue
            label = "every resource" if resource == "*" else resource
            self._node(resource, kind="resource", label=label)
            action = _example(actions) if element == "Action" else "s3:GetObject"
            target = resource.replace("*", "x") if resource != "*" else "*"
            decision = self.access.decide(identity, action, target, context)
            more = {"conditions": conditions, **_judged(decision)}
            self._edge(identity.address, resource, "may", words, **more)

    def _carrier(self, carried: Carrier) -> None:
        resource, role = carried.resource, carried.role
        named = (resource.values.get(key) for key in ("name", "function_name", "family"))
        name = next((n for n in named if isinstance(n, str)), resource.address)
        where = {"file": resource.file, "line": resource.line}
        self._node(resource.address, kind=carried.kind, label=name, **where)
        decision = self.access.decide(
            carried.service, carried.action, role.address, carried.context
        )
        judged = _judged(decision)
        if role.trust is None:
            judged = {"refused": False, "reason": "The trust policy is not known."}
        words = f"{carried.label} {carried.service}" if judged["refused"] else carried.label
        self._edge(resource.address, role.address, "carries", words, conditions=(), **judged)


def _either(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return the conditions of two statements of which either may allow."""
    if one == other or not one or not other:
        return one if one == other else ()
    return (f"{' and '.join(one)} or {' and '.join(other)}",)


def _judged(decision: Decision) -> dict[str, Any]:
    sentence = str(explain(decision)).partition("\n")[0]
    return {"refused": not decision.allowed, "reason": sentence}


def _names(identity: Identity, arn: str) -> bool:
    """Whether a permission of an identity names this role, not only everything."""
    found = (s for policy in identity.policies for s in statements(policy))
    return any(
        arn in listed(s.get("Resource", ()))
        and set(listed(s.get("Action", ()))) & {*ASSUME, "sts:*"}
        for s in found
    )


def _as_trust(statement: Mapping, actions: Iterable[str]) -> dict[str, Any]:
    return {
        "Action": [a for a in actions if a in ASSUME],
        "Condition": statement.get("Condition", {}),
    }


def _resources(statement: Mapping) -> Iterator[str]:
    if "NotResource" in statement:
        yield f"all but {', '.join(listed(statement['NotResource']))}"
    yield from listed(statement.get("Resource", ()))


def _example(actions: list[str]) -> str:
    """Return an action that the first pattern of a statement names."""
    return actions[0].replace("*", "x") if actions[0] != "*" else "s3:GetObject"


def _short(actions: list[str]) -> str:
    """Name the first actions, and say how many more there are."""
    more = len(actions) - 3
    return ", ".join(actions) if more <= 1 else f"{', '.join(actions[:3])} and {more} more"
