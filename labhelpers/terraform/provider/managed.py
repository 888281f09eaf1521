"""Policies that AWS manages: their ARNs and documents, as moto's copy of IAM's list has them."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from labhelpers.terraform.language.values import Attributes, Unknown
from labhelpers.terraform.provider.target import Target

_PREFIX = ":iam::aws:policy/"


@lru_cache(maxsize=1)
def _all() -> dict[str, dict[str, Any]]:
    """Return name -> policy. Spares start-up: moto.iam, which holds the list, is not imported.

    It would bring boto3 and the whole of moto's IAM with it.
    """
    package = find_spec("moto")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("No module named 'moto'")
    file = Path(package.submodule_search_locations[0], "iam", "aws_managed_policies.py")
    listed = SourceFileLoader("aws_managed_policies", str(file))
    module = ModuleType(listed.name)
    listed.exec_module(module)
    return json.loads(module.aws_managed_policies_data)


def managed_document(arn: str) -> str | None:
    """Return the JSON text of a policy of AWS by its ARN, None if there is no such policy."""
    if _PREFIX not in arn:
        return None
    found = _all().get(arn.rpartition("/")[2])
    return json.dumps(found["Document"]) if found else None


def managed_policy(values: Attributes, target: Target) -> dict[str, Any]:
    """Return the attributes of data.aws_iam_policy that follow from its `name` or `arn`."""
    arn, name = values.get("arn"), values.get("name")
    if arn is None and isinstance(name, str) and (found := _all().get(name)):
        path = found.get("Path", "/")
        arn = f"arn:{target.partition}:iam::aws:policy{path}{name}"
    if not isinstance(arn, str):
        return {"arn": Unknown, "id": Unknown}
    path, _, name = arn.partition(":policy")[2].rpartition("/")
    policy = managed_document(arn)
    known = {"arn": arn, "id": arn, "name": name, "path": f"{path}/"}
    return known | {"policy": Unknown if policy is None else policy}
