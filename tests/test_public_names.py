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
    "labhelpers.charts": (
        "clock_slider decision exposure handshake key_chain lifetimes reach sequence timeline "
        "trust_graph"
    ),
    "labhelpers.policy": (
        "ALLOWED Decision EXPLICITLY_DENIED Explanation Failure Finding IMPLICITLY_DENIED "
        "POLICY_NAMES Policy PolicyError Principal Request StatementResult Step decide_line "
        "evaluate evaluate_trust explain guess_kind lint parse principal_context validate "
        "validate_boundary validate_identity validate_rcp validate_resource validate_scp "
        "validate_session validate_trust"
    ),
    "labhelpers.terraform": (
        "Access Configuration Deployment Diagnostic Resource TerraformError Unknown access_graph "
        "access_table audit deploy destroy load trust_graph"
    ),
}


@pytest.mark.parametrize("room", NAMES)
def test_public_names_stay(room: str) -> None:
    """Every name can be had and stands in __all__, there is no other one, and none is a file."""
    module = importlib.import_module(room)
    names = NAMES[room].split()
    assert sorted(module.__all__) == names
    rooms = ("charts", "policy", "terraform")
    files = [n for n in names if inspect.ismodule(getattr(module, n)) and n not in rooms]
    assert files == []


@pytest.mark.parametrize("room", ["labhelpers", "labhelpers.terraform"])
def test_lazy_names_are_shown(room: str) -> None:
    """What is loaded at first use is offered by dir() before, and so by completion."""
    assert sorted(dir(importlib.import_module(room))) == NAMES[room].split()


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
