"""What runs with a role: instances, functions, tasks, clusters … and the service that takes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from labhelpers.terraform.access.decisions import Decisions
from labhelpers.terraform.access.identities import Identity
from labhelpers.terraform.language.values import Attributes, Unknown
from labhelpers.terraform.modules.configuration import Resource

# type -> (kind, argument that names the role, service principal that takes it)
_RUNS = {
    "aws_lambda_function": (("function", "role", "lambda.amazonaws.com"),),
    "aws_ecs_task_definition": (
        ("task", "task_role_arn", "ecs-tasks.amazonaws.com"),
        ("task", "execution_role_arn", "ecs-tasks.amazonaws.com"),
    ),
    "aws_eks_cluster": (("cluster", "role_arn", "eks.amazonaws.com"),),
    "aws_eks_node_group": (("nodes", "node_role_arn", "ec2.amazonaws.com"),),
    "aws_eks_fargate_profile": (
        ("pods", "pod_execution_role_arn", "eks-fargate-pods.amazonaws.com"),
    ),
    "aws_eks_pod_identity_association": (("pods", "role_arn", "pods.eks.amazonaws.com"),),
    "aws_codebuild_project": (("build", "service_role", "codebuild.amazonaws.com"),),
    "aws_codepipeline": (("pipeline", "role_arn", "codepipeline.amazonaws.com"),),
    "aws_sfn_state_machine": (("state machine", "role_arn", "states.amazonaws.com"),),
    "aws_glue_job": (("job", "role_arn", "glue.amazonaws.com"),),
    "aws_sagemaker_notebook_instance": (("notebook", "role_arn", "sagemaker.amazonaws.com"),),
    "aws_cloudformation_stack": (("stack", "iam_role_arn", "cloudformation.amazonaws.com"),),
    "aws_scheduler_schedule": (("schedule", "target.role_arn", "scheduler.amazonaws.com"),),
    "aws_cloudwatch_event_target": (("rule", "role_arn", "events.amazonaws.com"),),
}
_EC2 = (
    "aws_instance",
    "aws_launch_template",
    "aws_launch_configuration",
    "aws_spot_instance_request",
)


@dataclass(frozen=True)
class Carrier:
    """A resource that runs with a role; `service` has to be trusted for it."""

    resource: Resource
    role: Identity
    service: str
    kind: str
    label: str = "runs as"
    action: str = "sts:AssumeRole"
    context: dict[str, str] = field(default_factory=dict)
    profile: Resource | None = None


def carriers(access: Decisions) -> Iterator[Carrier]:
    """Yield what carries the roles of a configuration, instance profiles included."""
    configuration = access.configuration
    index = _Index(access)
    for type_, ways in _RUNS.items():
        for resource in configuration.of_type(type_):
            for kind, argument, service in ways:
                role = index.role(resource, argument)
                if role is not None:
                    yield Carrier(resource, role, service, kind)
    carried = set()
    for resource in configuration.of_type(*_EC2):
        profile = index.profile(resource)
        role = index.role(profile, "role") if profile else None
        if profile is not None and role is not None:
            carried.add(profile.address)
            yield Carrier(resource, role, "ec2.amazonaws.com", "instance", profile=profile)
    for profile in configuration.of_type("aws_iam_instance_profile"):
        role = index.role(profile, "role")
        if role is not None and profile.address not in carried:
            yield Carrier(
                profile, role, "ec2.amazonaws.com", "instance profile", "carries", profile=profile
            )


class _Index:
    def __init__(self, access: Decisions):
        self.roles: dict[str, Identity] = {}
        for role in access.roles:
            base = role.address.partition("[")[0]
            for key in (role.arn, role.name, role.address, base):
                self.roles.setdefault(key, role)
        self.profiles: dict[str, Resource] = {}
        for profile in access.configuration.of_type("aws_iam_instance_profile"):
            base = profile.address.partition("[")[0]
            told = (profile.values.get("name"), profile.values.get("arn"), profile.address, base)
            for name in told:
                if isinstance(name, str):
                    self.profiles.setdefault(name, profile)

    def role(self, resource: Resource, argument: str) -> Identity | None:
        return _found(self.roles, resource, resource.values, argument, "aws_iam_role")

    def profile(self, resource: Resource) -> Resource | None:
        values = resource.values
        if resource.type == "aws_launch_template":
            blocks = values.get("iam_instance_profile")
            for block in blocks if isinstance(blocks, list) else ():
                for key in ("name", "arn"):
                    if isinstance(block, Attributes) and block.get(key) is not None:
                        return _found(self.profiles, resource, block, key, _PROFILE)
            return None
        return _found(self.profiles, resource, values, "iam_instance_profile", _PROFILE)


_PROFILE = "aws_iam_instance_profile"


def _found(known: dict, resource: Resource, values: Any, argument: str, wanted: str) -> Any:
    """Return what an argument names: by its value, or by what its expression refers to."""
    outer, _, inner = argument.partition(".")
    value = values.get(outer)
    if inner:
        blocks = value if isinstance(value, list) else []
        value = next((b.get(inner) for b in blocks if isinstance(b, Attributes)), None)
    if isinstance(value, str):
        return known.get(value) or known.get(value.rpartition("/")[2])
    if value is not Unknown:
        return None
    prefix = resource.address[: resource.address.rfind(resource.type)]
    references = [values.references.get(outer, "")] if hasattr(values, "references") else []
    references += [prefix + name for name in resource.references if name.startswith(f"{wanted}.")]
    return next((known[name] for name in references if name in known), None)
