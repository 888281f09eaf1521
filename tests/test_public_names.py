"""The names that people import from the package stay where they are."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import labhelpers
from labhelpers import terraform

NAMES = {
    "labhelpers": (
        "Lab LabError Outcome SandboxOnly charts check compare_grants least_privilege mask masked "
        "open_lab playground policy read_cloudtrail_files terraform write_cloudtrail_files"
    ),
    "labhelpers.terraform": (
        "Access Configuration Deployment Diagnostic Resource TerraformError Unknown access_graph "
        "access_table audit deploy destroy load trust_graph"
    ),
}


@pytest.mark.parametrize("room", NAMES)
def test_public_names_stay(room: str) -> None:
    """Every name can be had, stands in __all__ and in dir(), and there is no other one."""
    module = importlib.import_module(room)
    names = NAMES[room].split()
    assert sorted(module.__all__) == names == sorted(dir(module))
    assert all(getattr(module, name) is not None for name in names)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    for module in (labhelpers, terraform):
        with pytest.raises(AttributeError, match="nothing_of_this_name"):
            module.nothing_of_this_name  # noqa: B018


def test_functions_are_not_hidden_by_modules_of_the_same_name() -> None:
    """deploy, access_graph, load, audit … are functions, whichever module was imported before."""
    for found in pkgutil.walk_packages(terraform.__path__, "labhelpers.terraform."):
        importlib.import_module(found.name)
    for name in ("access_graph", "access_table", "audit", "deploy", "destroy", "load"):
        assert inspect.isfunction(getattr(terraform, name)), name
    assert inspect.isfunction(terraform.trust_graph)
    assert inspect.isclass(terraform.Access)
