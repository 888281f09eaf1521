"""Who can assume which role, what the role may do then, and which instances carry it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import networkx as nx

from labhelpers.policy import Policy, PolicyError, parse
from labhelpers.policy.language.principals import account_in, entries_of
from labhelpers.terraform.access.arguments import NOT_KNOWN, name_of
from labhelpers.terraform.access.attached import Attached, policies_of, referred
from labhelpers.terraform.access.best_case import conditions_of, listed, statements
from labhelpers.terraform.language.errors import TerraformError
from labhelpers.terraform.language.values import Unknown
from labhelpers.terraform.modules.configuration import Configuration, Resource

Statement = Mapping[str, Any]


def trust_graph(configuration: Configuration) -> nx.DiGraph:
    """Return the graph principal -> role -> resource, with instances and policies.

    Nodes have `kind` (principal, role, instance, instance-profile, policy, resource) and
    `label`; those that the configuration declares are named by their address and have `file`
    and `line`. Others are named "Service:ec2.amazonaws.com", "AWS:<arn>", or by a resource's
    ARN. Edges have `label`; those out of policies also `allows` and `denies`, the actions, and
    `policies`, where they stand. Raises TerraformError for a policy that AWS would refuse.
    """
    return _Graph(configuration).built()


class _Graph:
    def __init__(self, configuration: Configuration):
        self.configuration = configuration
        self.graph = nx.DiGraph()
        self.principals = {
            r.values["arn"]: r
            for r in configuration.of_type("aws_iam_role", "aws_iam_user")
            if r.values["arn"] is not Unknown
        }

    def built(self) -> nx.DiGraph:
        for role in self.configuration.of_type("aws_iam_role"):
            self._declared(role, "role")
        for role in self.configuration.of_type("aws_iam_role"):
            self._trust(role)
            for attached in policies_of(self.configuration, role):
                self._permissions(role, attached)
        for profile in self.configuration.of_type("aws_iam_instance_profile"):
            self._declared(profile, "instance-profile")
            self._carries(profile, "role", "aws_iam_role", "carries")
        for instance in self.configuration.of_type("aws_instance"):
            self._declared(instance, "instance")
            self._carries(instance, "iam_instance_profile", "aws_iam_instance_profile", "has")
        return self.graph

    def _declared(self, resource: Resource, kind: str) -> str:
        where = {"file": resource.file, "line": resource.line}
        self.graph.add_node(resource.address, kind=kind, label=name_of(resource), **where)
        return resource.address

    def _trust(self, role: Resource) -> None:
        text = role.values.get("assume_role_policy")
        if not isinstance(text, str):
            self.graph.add_node(NOT_KNOWN, kind="principal", label=NOT_KNOWN)
            self.graph.add_edge(NOT_KNOWN, role.address, label="sts:AssumeRole?")
            return
        policy = _parsed(text, "trust", role)
        for statement in statements(policy):
            for kind, value in entries_of(statement["Principal"]):
                principal = self._principal(kind, value)
                self._rule(principal, role.address, statement, role.address)

    def _principal(self, kind: str, value: str) -> str:
        known = self.principals.get(value) if kind == "AWS" else None
        if known is not None:
            kind = "role" if known.type == "aws_iam_role" else "principal"
            return self._declared(known, kind)
        node = f"{kind}:{value}"
        label = {"*": "every AWS principal"}.get(value, value)
        if kind == "AWS" and account_in(value):
            label = f"account {account_in(value)}"
        self.graph.add_node(node, kind="principal", label=label)
        return node

    def _permissions(self, role: Resource, attached: Attached) -> None:
        known = attached.text is not Unknown
        label = attached.label if known or attached.aws else f"{attached.label} ({NOT_KNOWN})"
        self.graph.add_node(attached.node, kind="policy", label=label)
        if attached.resource:
            where = {"file": attached.resource.file, "line": attached.resource.line}
            self.graph.nodes[attached.node].update(where)
        self.graph.add_edge(role.address, attached.node, label=attached.how)
        if not known or attached.how == "permissions boundary":
            return
        for statement in statements(_parsed(attached.text, "identity", attached.resource or role)):
            for node, text in _resources(statement):
                self.graph.add_node(node, kind="resource", label=text)
                self._rule(role.address, node, statement, attached.node)

    def _rule(self, tail: str, head: str, statement: Statement, policy: str) -> None:
        """Add a statement to the edge; several statements about one pair share it."""
        if not self.graph.has_edge(tail, head):
            self.graph.add_edge(tail, head, allows=(), denies=(), policies=(), label="")
        edge = self.graph.edges[tail, head]
        named = listed(statement.get("Action", statement.get("NotAction")))
        actions = named if "Action" in statement else [f"all but {', '.join(named)}"]
        effect = "allows" if statement["Effect"] == "Allow" else "denies"
        edge[effect] = (*edge[effect], *(a for a in actions if a not in edge[effect]))
        edge["policies"] = (*edge["policies"], *([] if policy in edge["policies"] else [policy]))
        conditions = " and ".join(conditions_of(statement))
        words = ", ".join(actions) + (f" if {conditions}" if conditions else "")
        said = words if effect == "allows" else f"Deny {words}"
        edge["label"] = f"{edge['label']}; {said}" if edge["label"] else said

    def _carries(self, resource: Resource, argument: str, wanted: str, label: str) -> None:
        if resource.values.get(argument) is None:
            return
        found = referred(self.configuration, resource, argument, wanted)
        if found is not None:
            self.graph.add_edge(resource.address, found.address, label=label)
            return
        name = resource.values[argument]
        text = NOT_KNOWN if name is Unknown else str(name)
        kind = "role" if wanted == "aws_iam_role" else "instance-profile"
        self.graph.add_node(f"{kind}:{text}", kind=kind, label=text)
        self.graph.add_edge(resource.address, f"{kind}:{text}", label=label)


def _parsed(text: str, kind: str, resource: Resource) -> Policy:
    try:
        return parse(text, kind, resource.address)
    except PolicyError as error:
        where = f" ({error.path})" if error.path else ""
        message = f"{resource.address}: AWS would refuse this policy: {error}{where}"
        raise TerraformError(message, resource.file, resource.line, error.hint) from None


def _resources(statement: Statement) -> Iterator[tuple[str, str]]:
    if "NotResource" in statement:
        text = f"all but {', '.join(listed(statement['NotResource']))}"
        yield text, text
        return
    for arn in listed(statement.get("Resource")):
        yield arn, "every resource" if arn == "*" else arn
