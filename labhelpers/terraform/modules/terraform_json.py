"""Plans and states in Terraform's own JSON (`terraform show -json`), as a Configuration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labhelpers.terraform.language.errors import Problem, TerraformError
from labhelpers.terraform.language.hcl import read_text
from labhelpers.terraform.language.json_text import from_json
from labhelpers.terraform.language.values import Attributes, Unknown
from labhelpers.terraform.modules.configuration import Configuration, Resource


def from_terraform_json(path: Path) -> Configuration:
    """Read a plan or a state; what is known after apply only is Unknown.

    Files and lines are not in Terraform's JSON: `file` is the JSON file's name, `line` 0.
    """
    try:
        found = from_json(read_text(path, path.name).removeprefix("\ufeff"))
    except Problem as problem:
        raise TerraformError(problem.message, path.name, 0, problem.hint) from None
    version = isinstance(found, dict) and found.get("format_version")
    if not version or not ({"planned_values", "values", "terraform_version"} & found.keys()):
        message = "This is neither a plan nor a state in Terraform's JSON."
        hint = "Write one: terraform plan -out=plan; terraform show -json plan > plan.json"
        raise TerraformError(message, path.name, 0, hint)
    if "planned_values" in found:
        return _plan(found, path)
    values = found.get("values") or {}
    resources = dict(_resources(values.get("root_module") or {}, path.name, {}))
    return Configuration(path, resources, {}, {}, _outputs(values))


def _plan(found: dict, path: Path) -> Configuration:
    changes = {
        change["address"]: (change.get("change") or {}).get("after_unknown") or {}
        for change in found.get("resource_changes", ())
    }
    planned = found["planned_values"]
    before = (found.get("prior_state") or {}).get("values") or {}
    resources = {
        address: resource
        for address, resource in _resources(before.get("root_module") or {}, path.name, {})
        if resource.mode == "data"
    }
    resources |= _resources(planned.get("root_module") or {}, path.name, changes)
    for address, unknown in changes.items():
        if address not in resources and isinstance(unknown, dict):  # read during apply
            _, _, last = address.rpartition("data.")
            kind, _, name = last.partition(".")
            if _:
                values = _opened({}, unknown)
                resources[address] = Resource(
                    address, kind, name.partition("[")[0], values, path.name, 0, "data"
                )
    variables = {n: v.get("value") for n, v in (found.get("variables") or {}).items()}
    outputs = dict.fromkeys(found.get("output_changes") or {}, Unknown) | _outputs(planned)
    return Configuration(path, resources, variables, {}, outputs)


def _outputs(values: dict) -> dict[str, Any]:
    return {n: o.get("value", Unknown) for n, o in (values.get("outputs") or {}).items()}


def _resources(module: dict, file: str, unknown: dict) -> Iterator[tuple[str, Resource]]:
    for found in module.get("resources", ()):
        address = found["address"]
        values = _opened(found.get("values") or {}, unknown.get(address, {}))
        yield (
            address,
            Resource(address, found["type"], found["name"], values, file, 0, found["mode"]),
        )
    for child in module.get("child_modules", ()):
        yield from _resources(child, file, unknown)


def _opened(value: Any, unknown: Any) -> Any:
    """Return a planned value with Unknown where the plan says "known after apply"."""
    if unknown is True:
        return Unknown
    if isinstance(value, dict) or (isinstance(unknown, dict) and value is None):
        inner = unknown if isinstance(unknown, dict) else {}
        names = {**(value or {}), **inner}
        found = {n: _opened((value or {}).get(n), inner.get(n)) for n in names}
        return Attributes({n: v for n, v in found.items() if n in (value or {}) or v is Unknown})
    if isinstance(value, list):
        open_ = unknown if isinstance(unknown, list) else []
        open_ = [*open_, *[None] * (len(value) - len(open_))]
        return [_opened(item, part) for item, part in zip(value, open_, strict=False)]
    return value
