"""Services whose resources have names that a template alone does not turn into ARNs.

Each reader gets the action, the texts of the request's parameters (resource_arns.told), what was
given as it stands, and where; it answers with ARNs, None for one that nobody can tell, or
with nothing where the common way is right.
Source: each service's page in the Service Authorization Reference and its guide on identity-based
policies; what denials name: AWS_RECORDED C1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labhelpers.sandbox.interpret.resource_arns import check_place, named_arns, told
from labhelpers.sandbox.state import named
from labhelpers.sandbox.state.organizations import organization_of
from labhelpers.sandbox.wire.errors import not_modelled


@dataclass(frozen=True, slots=True)
class Asked:
    """One action of a request; `params` are its own parameters as they were sent."""

    action: str
    params: Mapping[str, Any]
    region: str
    account: str
    texts: Mapping[str, list[str]] = field(default_factory=dict)

    def all(self, *names: str) -> list[str]:
        """The texts of these parameters, whose case does not matter."""
        wanted = {name.lower() for name in names}
        return [t for name, texts in self.texts.items() if name.lower() in wanted for t in texts]

    def one(self, *names: str) -> str:
        return next(iter(self.all(*names)), "")

    def arn(self, service: str, rest: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"

    def here(self, arn: str) -> str:
        """An ARN as it stands, of this account and Region alone."""
        check_place(arn, self.region, self.account)
        return arn


Arns = list[str | None] | None


def arns_of(
    prefix: str, action: str, params: Mapping[str, Any], region: str, account: str
) -> list[str | None]:
    """The ARNs that a request's action is asked on; None among them cannot be told."""
    reader = _READERS.get(prefix)
    found = None
    if reader is not None:
        found = reader(Asked(action, params, region, account, told(params)))
    if found is None:
        found = named_arns(prefix, action, params, region, account)
    return list(dict.fromkeys(found))


def _dynamodb(asked: Asked) -> Arns:
    """An index stands for itself; a copy is a table, too; a batch has a table for each key."""
    items = asked.params.get("RequestItems")
    if isinstance(items, Mapping):
        return [_table(asked, str(name)) for name in items]
    targets = [_table(asked, name) for name in asked.all("TargetTableName")]
    if targets:
        sources = asked.all("SourceTableName", "SourceTableArn", "BackupArn")
        return [*targets, *(_table(asked, name) for name in sources)]
    table, index = asked.one("TableName"), asked.one("IndexName")
    if asked.action in ("Query", "Scan") and table:
        return [_table(asked, table) + (f"/index/{index}" if index else "")]
    return None


def _table(asked: Asked, name: str) -> str:
    if name.startswith("arn:"):
        return asked.here(name)
    return asked.arn("dynamodb", f"table/{name}")


def _ecs(asked: Asked) -> Arns:
    """A cluster without a name is called default; a family stands for its newest revision."""
    cluster = (asked.one("cluster") or "default").rpartition("/")[2]
    if asked.action in ("RunTask", "StartTask"):
        return [_task_definition(asked, asked.one("taskDefinition"))]
    if asked.action == "RegisterTaskDefinition":
        return [asked.arn("ecs", f"task-definition/{asked.one('family')}:*")]
    if asked.action in ("DeregisterTaskDefinition", "DeleteTaskDefinitions"):
        given = asked.all("taskDefinition", "taskDefinitions")
        return [_task_definition(asked, name) for name in given] or [None]
    for kind, action, names in (
        ("cluster", "DescribeClusters", ("clusters",)),
        ("container-instance", "ContainerInstance", ("containerInstance", "containerInstances")),
        ("service", "Service", ("service", "services", "serviceName")),
        ("task", "Task", ("task", "tasks")),
    ):
        if action not in asked.action or "TaskSet" in asked.action:
            continue
        given = asked.all(*names)
        if kind == "cluster":
            return [_of_ecs(asked, "cluster", name) for name in given or ["default"]]
        if given:
            return [_of_ecs(asked, f"{kind}/{cluster}", name) for name in given]
    if asked.action in ("CreateCluster", "DeleteCluster", "UpdateCluster", "UpdateClusterSettings"):
        return [_of_ecs(asked, "cluster", asked.one("cluster", "clusterName") or "default")]
    return None


def _of_ecs(asked: Asked, kind: str, name: str) -> str:
    return asked.here(name) if name.startswith("arn:") else asked.arn("ecs", f"{kind}/{name}")


def _task_definition(asked: Asked, name: str) -> str | None:
    if name.startswith("arn:"):
        return asked.here(name)
    if name and ":" not in name:
        name = named.latest_task_definition(asked.account, asked.region, name) or ""
    return asked.arn("ecs", f"task-definition/{name}") if name else None


def _eks(asked: Asked) -> Arns:
    """A node group and a Fargate profile have an id in their ARN that no request tells."""
    for kind in ("nodegroup", "fargateProfile"):
        name = asked.one(f"{kind}Name")
        if name and not asked.action.startswith("Create"):
            where = (asked.account, asked.region, asked.one("clusterName"))
            return [named.part_of_cluster(*where, kind.lower(), name)]
    return None


def _events(asked: Asked) -> Arns:
    """Rules stand under their bus, those of the default bus do not; buses by name or ARN."""
    bus = asked.one("EventBusName")
    bus = asked.here(bus).rpartition("event-bus/")[2] if bus.startswith("arn:") else bus
    if "EventBus" in asked.action:
        name = asked.one("Name") or "default"
        return [asked.here(name) if name.startswith("arn:") else _bus(asked, name)]
    rule = asked.one("Rule", *(("Name",) if asked.action.endswith("Rule") else ()))
    if rule:
        return [
            asked.arn("events", f"rule/{rule}" if bus in ("", "default") else f"rule/{bus}/{rule}")
        ]
    return None


def _bus(asked: Asked, name: str) -> str:
    return asked.arn("events", f"event-bus/{name}")


def _kms(asked: Asked) -> Arns:
    """For events that were read from a log (requests: kms/): an alias does not tell its key."""
    keys: Arns = [asked.arn("kms", name) for name in asked.all("AliasName")]
    for key in asked.all("KeyId", "TargetKeyId") or [""]:
        arn = asked.here(key) if key.startswith("arn:") else asked.arn("kms", f"key/{key}")
        keys = [*(keys or ()), None if not key or "alias/" in key else arn]
    return keys


def _lambda(asked: Asked) -> Arns:
    """Functions by name, ACCOUNT:function:NAME or ARN, each with or without a qualifier."""
    given = asked.one("FunctionName")
    if not given:
        layer = asked.one("LayerName")
        return (
            [asked.here(layer)]
            if layer.startswith("arn:") and "Version" not in asked.action
            else None
        )
    head, colon, name = given.rpartition("function:")
    if head.startswith("arn:") and head.count(":") != 5:
        raise not_modelled(f"a function called {given[:120]}")
    if head.startswith("arn:"):
        asked.here(given)
    elif colon and head not in (f"{asked.account}:", f"{asked.account}:{asked.region}:"):
        raise not_modelled(f"a function called {given[:120]}")
    name, _, qualifier = name.partition(":")
    qualifier = qualifier or asked.one("Qualifier")
    return [asked.arn("lambda", f"function:{name}" + (f":{qualifier}" if qualifier else ""))]


def _logs(asked: Asked) -> Arns:
    """A group is asked about as its streams are: log-group:NAME:log-stream:STREAM."""
    groups = asked.all("logGroupName", "logGroupNames", "logGroupIdentifier", "logGroupIdentifiers")
    stream = asked.one("logStreamName")
    if not groups:
        return None
    found: list[str | None] = []
    for group in groups:
        if group.startswith("arn:"):
            group = asked.here(group).split(":log-group:", 1)[-1].removesuffix(":*")
        found.append(asked.arn("logs", f"log-group:{group}:log-stream:{stream}"))
    return found


def _organizations(asked: Asked) -> Arns:
    """Everything of an organization is its management account's."""
    found = organization_of(asked.account)
    if found is None:
        return None
    given = {**asked.params, "OrganizationId": found[1].org.id}
    return named_arns("organizations", asked.action, given, asked.region, found[0])


def _secretsmanager(asked: Asked) -> Arns:
    """A secret is its stored ARN, however it is named; one that is about to be made has no last
    six characters yet."""
    if asked.action == "CreateSecret":
        return [asked.arn("secretsmanager", f"secret:{asked.one('Name')}-??????")]
    given = asked.one("SecretId")
    if not given:
        return None
    if given.startswith("arn:"):
        asked.here(given)
    return [named.secret_arn(asked.account, asked.region, given)]


def _sns(asked: Asked) -> Arns:
    """A subscription is asked about as its topic."""
    subscription = asked.one("SubscriptionArn")
    if subscription.count(":") > 5:
        return [asked.here(subscription.rpartition(":")[0])]
    return ["*"] if asked.action == "Publish" and asked.one("PhoneNumber") else None


def _sqs(asked: Asked) -> Arns:
    """A queue's URL ends in its account and its name."""
    *_, account, name = ["", "", *asked.one("QueueUrl").split("/")]
    if not name:
        return None
    if account.isdigit() and account != asked.account:
        raise not_modelled(f"the queue {name[:80]} of another account")
    return [asked.arn("sqs", name)]


def _ssm(asked: Asked) -> Arns:
    """Parameters without their first slash, and without a version or label; AWS's documents are
    nobody's."""
    if "Parameter" in asked.action and asked.action != "DescribeParameters":
        given = asked.all("Name", "Names", "Path")
        return [_parameter(asked, name) for name in given] or [None]
    document = asked.one("DocumentName", *(("Name",) if "Document" in asked.action else ()))
    if not document or document.startswith("arn:"):
        return None
    found: list[str | None] = [asked.arn("ssm", f"document/{document}")]
    if document.startswith("AWS-"):
        found = [f"arn:aws:ssm:{asked.region}::document/{document}"]
    instances = asked.all("InstanceIds", "InstanceId")
    found += [asked.arn("ec2", f"instance/{id_}") for id_ in instances]
    return found if instances or not asked.params.get("Targets") else [*found, None]


def _parameter(asked: Asked, name: str) -> str:
    if name.startswith("arn:"):
        asked.here(name)
        name = name.split(":", 5)[-1].removeprefix("parameter/")
    if "Path" not in asked.texts:
        name = name.partition(":")[0]
    return asked.arn("ssm", f"parameter/{name.removeprefix('/')}")


_READERS: Mapping[str, Callable[[Asked], Arns]] = {
    "dynamodb": _dynamodb,
    "ecs": _ecs,
    "eks": _eks,
    "events": _events,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _logs,
    "organizations": _organizations,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
}
