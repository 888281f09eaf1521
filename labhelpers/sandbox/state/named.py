"""What stands behind a name of Secrets Manager, ECS, EKS or SNS in moto's state.

Everything here reads; None is what nobody knows.
"""

from __future__ import annotations

from typing import Any


def secret_arn(account_id: str, region: str, secret_id: str) -> str | None:
    """The ARN of a secret by its name, its ARN or the beginning of it, as moto finds it."""
    from moto.secretsmanager.models import secretsmanager_backends

    secrets = secretsmanager_backends[account_id][region].secrets
    return str(secrets[secret_id].arn) if secret_id in secrets else None


def latest_task_definition(account_id: str, region: str, family: str) -> str | None:
    """`family:revision` of the newest task definition of a family."""
    from moto.ecs.models import ecs_backends

    revisions: dict[int, Any] = ecs_backends[account_id][region].task_definitions.get(family, {})
    return f"{family}:{max(revisions)}" if revisions else None


def roles_of_task(account_id: str, region: str, definition: str) -> dict[str, str]:
    """{"taskRoleArn": …, "executionRoleArn": …} of `family:revision`, without those it has not."""
    from moto.ecs.models import ecs_backends

    family, _, revision = definition.rpartition(":")
    revisions: dict[int, Any] = ecs_backends[account_id][region].task_definitions.get(family, {})
    found = revisions.get(int(revision)) if revision.isdigit() else None
    roles = {
        "taskRoleArn": getattr(found, "task_role_arn", None),
        "executionRoleArn": getattr(found, "execution_role_arn", None),
    }
    return {name: role for name, role in roles.items() if role}


def part_of_cluster(account_id: str, region: str, cluster: str, kind: str, name: str) -> str | None:
    """The ARN of a node group ("nodegroup") or Fargate profile ("fargateprofile") of EKS."""
    from moto.eks.models import eks_backends

    found = eks_backends[account_id][region].clusters.get(cluster)
    if found is None:
        return None
    if kind == "nodegroup":
        group = found.nodegroups.get(name)
        return None if group is None else str(group.arn)
    profile = found.fargate_profiles.get(name)
    return None if profile is None else str(profile.fargate_profile_arn)


def sends_on(topic_arn: str) -> bool:
    """Whether a topic has subscriptions by which moto would reach another service or the net."""
    from moto.sns.models import sns_backends

    parts = topic_arn.split(":")
    if len(parts) < 6 or not parts[4].isdigit():
        return False
    _, _, _, region, account_id, *_ = parts
    subscriptions = sns_backends[account_id][region].subscriptions.values()
    return any(
        s.topic.arn == topic_arn and s.protocol in ("firehose", "http", "https", "lambda", "sqs")
        for s in subscriptions
    )
