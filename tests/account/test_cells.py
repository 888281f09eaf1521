"""A step that only the sandbox has says so, takes with it what depends on it, and no more."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from labhelpers.account.cells import CellGuard, Missing
from labhelpers.errors import SandboxOnly


@pytest.fixture
def notebook(capsys):
    """run(source) → (value shown, text printed); `only()` raises SandboxOnly."""
    shell = InteractiveShell()
    guard = CellGuard(shell)

    def only(*_, **__):
        raise SandboxOnly("Time cannot be moved.")

    shell.user_ns.update(only=only)

    def run(source):
        capsys.readouterr()
        result = shell.run_cell(source)
        said = capsys.readouterr().out
        result.raise_error()
        return result.result, said

    run.guard, run.names = guard, shell.user_ns
    yield run
    guard.close()


def test_an_ordinary_cell_is_what_it_was(notebook):
    assert notebook("x = 1\nx + 1")[0] == 2
    assert notebook("x;")[0] is None or notebook("x")[0] == 1
    assert notebook("for i in range(3):\n    x += i\nx")[0] == 4
    assert notebook("def f(y):\n    return y + x\nf(1)")[0] == 5
    assert notebook("")[0] is None
    assert notebook.guard.skipped == []


def test_errors_stay_errors_at_their_line(notebook):
    with pytest.raises(ZeroDivisionError):
        notebook("x = 1\n1 / 0")
    with pytest.raises(AssertionError):
        notebook("assert 1 == 2")
    with pytest.raises(SyntaxError):
        notebook("x = = 1")


def test_the_rest_of_the_cell_is_left_out_and_says_why_once(notebook):
    value, said = notebook("before = 1\nonly()\nafter = 2\nafter")
    assert value is None
    assert said == "Sandbox only: Time cannot be moved.\n"
    assert notebook("before")[0] == 1
    assert type(notebook.names["after"]) is Missing


def test_what_needs_it_is_left_out_as_well_with_the_first_reason(notebook):
    notebook("expired = only()")
    assert notebook("code = expired.code\ncode") == (None, "Sandbox only: Time cannot be moved.\n")
    assert notebook("print(code)")[1] == "Sandbox only: Time cannot be moved.\n"
    value, said = notebook("y = 7\ny")
    assert value == 7 and "Sandbox only" not in said


def test_an_assert_is_passed_over_alone(notebook):
    notebook("expired = only()\n")
    value, said = notebook("assert expired.code == 'x'\nassert True\nz = 3\nz")
    assert value == 3 and said.count("Sandbox only") == 1
    with pytest.raises(AssertionError):
        notebook("assert expired.code == 'x'\nassert False")


def test_functions_are_defined_and_fail_when_they_are_called(notebook):
    notebook("only()\ndef use():\n    return gone + 1\ngone = 2")
    value, said = notebook("use()")
    assert value is None and "Time cannot be moved" in said
    notebook("def calls_it():\n    return only()")
    assert "Time cannot be moved" in notebook("got = calls_it()")[1]


def test_a_list_or_dict_that_would_have_been_filled_counts_as_missing(notebook):
    notebook("rows, table, keep = [], {}, {'a': 1}")
    notebook("only()\nrows.append(1)\ntable['x']['y'] = 2")
    assert notebook("assert len(rows) == 1")[1].startswith("Sandbox only")
    assert notebook("len(table)")[1].startswith("Sandbox only")
    assert notebook("keep")[0] == {"a": 1}


def test_a_name_that_is_bound_again_is_there_again(notebook):
    notebook("x = only()")
    assert notebook("x = 5\nx")[0] == 5


def test_names_inside_of_comprehensions_are_not_touched(notebook):
    notebook("name = 'kept'")
    notebook("only()\nfound = [name for name in range(3)]")
    assert notebook("name")[0] == "kept"


@pytest.mark.parametrize(
    "use",
    ["str(m)", "m.x", "m()", "m[0]", "m + 1", "1 + m", "m == 1", "bool(m)", "len(m)", "list(m)"]
    + ["f'{m}'", "hash(m)", "m in [1]", "1 in m", "[*m]", "{**m}", "m < 2", "repr(m)", "not m"]
    + ["m | {}", "json.dumps({'a': m})", "isinstance(m.response, dict)", "[x for x in [m] if x]"],
)
def test_any_use_of_what_is_missing_is_left_out(notebook, use):
    notebook("import json")
    notebook("m = only()")
    notebook("box = [m]") if use == "m in [1]" else None
    value, said = notebook(f"def use():\n    return {use}\nuse()")
    assert value is None and "Time cannot be moved" in said


def test_the_count_of_what_ran_and_what_was_left_out(notebook):
    notebook("a = 1\nb = 2\nonly()\nc = 3")
    notebook("assert c == 3\na")
    assert notebook.guard.ran == 3
    assert notebook.guard.skipped == ["Time cannot be moved."] * 2


def test_an_error_about_what_a_left_out_step_would_have_made_has_its_reason(notebook):
    notebook("only()\ncreate('user', 'carol')")
    why = notebook.guard.why_not_made
    assert why("The user with name carol cannot be found.") == "Time cannot be moved."
    assert why('Invalid principal in policy: "AWS":"arn:aws:iam::1:user/carol"')
    assert why("The user with name dave cannot be found.") == ""


def test_after_close_nothing_is_changed(notebook):
    notebook.guard.close()
    with pytest.raises(SandboxOnly):
        notebook("only()")


def test_a_check_cell_gives_no_verdict(notebook):
    from labhelpers import check

    notebook.names.update(check=check)
    value, said = notebook("check(1, lambda answer: only())")
    assert value is None and "wrong" not in said and said.startswith("Sandbox only")
