"""load(): from a directory of .tf files to a Configuration."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from labhelpers.terraform.language.budget import own_budget
from labhelpers.terraform.language.errors import Problem, TerraformError, did_you_mean
from labhelpers.terraform.language.hcl import parse_body, read_text
from labhelpers.terraform.language.json_text import from_json
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.values import Unknown, native
from labhelpers.terraform.modules.configuration import Configuration
from labhelpers.terraform.modules.module import Module
from labhelpers.terraform.modules.terraform_json import from_terraform_json
from labhelpers.terraform.provider.target import Target, account_of

_AUTOMATIC = (".auto.tfvars", ".auto.tfvars.json")


def load(
    directory: str | os.PathLike[str],
    variables: Mapping[str, Any] | None = None,
    account_id: str | None = None,
    caller_arn: str | None = None,
    region: str | None = None,
) -> Configuration:
    """Read and resolve a Terraform configuration; no AWS and no Terraform is needed.

    `directory` may also be a plan or state in JSON (`terraform show -json`). `variables` go
    before terraform.tfvars and *.auto.tfvars. ARNs need `account_id` (12 digits, or taken from
    `caller_arn`); `region` counts where the provider block names none. What stays open is
    Unknown; faults in the files become `diagnostics`, and the rest is resolved all the same.
    Raises TerraformError, and nothing else, for a wrong argument or a directory that cannot be
    read.
    """
    with own_budget():
        return _loaded(Path(directory), variables or {}, account_id, caller_arn, region, {})


def _loaded(
    path: Path,
    variables: Mapping[str, Any],
    account_id: str | None,
    caller_arn: str | None,
    region: str | None,
    known: Mapping[str, Mapping],
) -> Configuration:
    if not path.exists():
        raise TerraformError(f"There is no directory {path}.", hint="Check the path.")
    target = _target(account_id, caller_arn, region)
    try:
        if path.is_file() and path.suffix == ".json":
            return from_terraform_json(path)
        root = Module(path, {}, {}, target)
        root.known = known
        given = _inputs(path, root, variables)
        root.given = {name: partial(native, value) for name, value in given.items()}
        root.evaluate()
        resources = root.all_resources()
    except Problem as problem:
        raise TerraformError(problem.message, hint=problem.hint) from None
    except RecursionError:
        message = "The values of this configuration are nested too deeply, or depend on too many."
        raise TerraformError(message) from None
    declared = root.declared
    return Configuration(
        path,
        resources,
        {name: native(root.variable(name)) for name in declared.variables},
        {name: native(root.local(name)) for name in declared.locals},
        {name: native(root.output(name)) for name in declared.outputs},
        tuple(root.report.diagnostics),
        (root.target("aws") or root.base).region,
        partial(_loaded, path, variables, account_id, caller_arn, region),
    )


def _target(account_id: str | None, caller_arn: str | None, region: str | None) -> Target:
    if account_id is not None and not re.fullmatch(r"\d{12}", str(account_id), re.ASCII):
        message = f"{account_id!r} is no account id."
        raise TerraformError(message, hint="Write 12 digits as text, e.g. '111122223333'.")
    account: Any = account_of(caller_arn) if account_id is None else str(account_id)
    return Target(account, region or Unknown, caller_arn or Unknown)


def _inputs(path: Path, root: Module, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of variables: terraform.tfvars, *.auto.tfvars, then `given`."""
    files = [path / base for base in ("terraform.tfvars", "terraform.tfvars.json")]
    files += sorted(p for p in path.iterdir() if p.name.endswith(_AUTOMATIC))
    found: dict[str, Any] = {}
    for file in files:
        if file.is_file():
            try:
                found |= _values_file(file)
            except TerraformError as error:
                root.report.add(error)
    for name in sorted(found.keys() - root.declared.variables.keys()):
        message = f'A file of variables sets "{name}", but no such variable is declared.'
        hint = f'Declare it: variable "{name}" {{}}'
        root.report.add(TerraformError(message, hint=hint), "warning")
        del found[name]
    for name in given:
        if name not in root.declared.variables:
            message = f'A value is given for "{name}", but no such variable is declared.'
            hint = did_you_mean(str(name), root.declared.variables)
            raise TerraformError(message, hint=hint or f'Declare it: variable "{name}" {{}}')
    return found | dict(given)


def _values_file(file: Path) -> dict[str, Any]:
    text = read_text(file, file.name).removeprefix("\ufeff")
    if file.name.endswith(".json"):
        try:
            found = from_json(text)
        except Problem as problem:
            raise TerraformError(problem.message, file.name, 0, problem.hint) from None
        if not isinstance(found, dict):
            raise TerraformError("A file of variables holds a JSON object.", file.name)
        return found
    body = parse_body(text, file.name)
    for block in body.blocks:
        message = "A file of variables holds arguments only."
        raise TerraformError(message, file.name, block.line, "Write: name = value")
    scope = Scope(None, file.name, file.name)
    return {name: scope.evaluate(found.expression) for name, found in body.attributes.items()}
