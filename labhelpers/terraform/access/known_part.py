"""What is certain of a policy that is Unknown as a whole: the statements in which nothing is."""

from __future__ import annotations

import re

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.json_text import to_json
from labhelpers.terraform.language.values import Attributes, Unknown, contains_unknown
from labhelpers.terraform.modules.configuration import Configuration, Resource
from labhelpers.terraform.provider.documents import converted
from labhelpers.terraform.provider.merging import rendered


def known_part(
    configuration: Configuration, resource: Resource, block: Attributes, name: str
) -> tuple[str, Resource, list[int]] | None:
    """Return (JSON text, its policy document, places of its statements there).

    `name` is the argument of `block` that holds the policy; None where nothing is certain of it:
    no aws_iam_policy_document stands behind it, or what is not known could deny or replace
    what is.
    """
    reference = block.references.get(name, "")
    if block.get(name) is not Unknown or not reference.startswith("data.aws_iam_policy_document."):
        return None
    base = resource.address[: resource.address.rfind(resource.type)] + reference
    instances = re.compile(re.escape(base) + r"(\[[^\]]*\])?\Z")
    found = [r for address, r in configuration.resources.items() if instances.match(address)]
    return _certain(found[0]) if len(found) == 1 else None


def _certain(document: Resource) -> tuple[str, Resource, list[int]] | None:
    values = document.values
    statements, version = values.get("statement"), values.get("version")
    if values.get("override_policy_documents") or values.get("source_policy_documents"):
        return None
    if not isinstance(statements, list) or not isinstance(version, str):
        return None
    places = [n for n, statement in enumerate(statements) if not contains_unknown(statement)]
    unsure = [s for n, s in enumerate(statements) if n not in places]
    if not places or any(not isinstance(s, dict) or s["effect"] != "Allow" for s in unsure):
        return None
    try:
        whole = [converted(statements[n], version) for n in places]
    except Problem:
        return None
    return to_json(rendered({"Version": version, "Id": "", "Statement": whole})), document, places
