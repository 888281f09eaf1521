"""What people import from the rooms keeps its name, wherever the files go."""

import subprocess
import sys
from importlib import import_module
from types import ModuleType

import pytest

NAMES = {
    "labhelpers.policy": """
        ALLOWED EXPLICITLY_DENIED IMPLICITLY_DENIED POLICY_NAMES Decision Explanation Failure
        Finding Policy PolicyError Principal Request StatementResult Step decide_line evaluate
        evaluate_trust explain guess_kind lint parse principal_context validate
        validate_boundary validate_identity validate_rcp validate_resource validate_scp
        validate_session validate_trust
    """,
    "labhelpers.charts": """
        clock_slider decision exposure handshake key_chain lifetimes reach sequence timeline
        trust_graph
    """,
}


@pytest.mark.parametrize("room", NAMES)
def test_the_names_of_a_room(room):
    """All are there, and none is a module that happens to have the name."""
    found, names = import_module(room), NAMES[room].split()
    assert sorted(found.__all__) == sorted(names)
    assert not [name for name in names if isinstance(getattr(found, name), ModuleType)]


# What an interpreter has loaded by itself (.pth files of an editable install) does not count.
LOADS = """
import sys
before = set(sys.modules)
import labhelpers.policy
new = {name for name in set(sys.modules) - before if name.split(".")[0] not in
       sys.stdlib_module_names}
print(*sorted(name for name in new if not (name + ".").startswith("labhelpers.policy.")))
"""


def test_the_policy_room_loads_nothing_else():
    """Not even another file of ours, beside the package that it stands in."""
    run = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["labhelpers"]
