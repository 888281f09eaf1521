"""A check cell says right, wrong and why, or not attempted; it never stops Run All."""

import functools

import pytest
from botocore.exceptions import ClientError

from labhelpers import check, exercises


@pytest.fixture(autouse=True)
def _new_kernel(monkeypatch):
    monkeypatch.setattr(exercises, "_wrong_attempts", {})


def says(verdict):
    return lambda answer: verdict


def fails(error):
    def judge(answer):
        raise error

    return judge


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def asserts(answer):
    assert "Statement" in answer, "A policy needs a Statement."


@pytest.mark.parametrize("verdict", [True, None], ids=str)
def test_right(verdict):
    result = check("answer", says(verdict), hints=["unused"])
    assert (result.status, result.why, result.hint) == ("right", "", "")


@pytest.mark.parametrize("answer", [None, ...], ids=["None", "dots"])
def test_not_attempted_asks_no_judge_and_costs_no_hint(answer):
    hints = ["first", "second"]
    result = check(answer, fails(AssertionError("asked")), hints)
    assert result.status == "not attempted"
    assert result.hint == ""
    assert check("tried", fails(AssertionError("asked")), hints).hint == "first"


@pytest.mark.parametrize("answer", [0, "", [], {}, False], ids=repr)
def test_an_empty_answer_is_an_attempt(answer):
    assert check(answer, says("Empty.")).why == "Empty."


@pytest.mark.parametrize(
    ("judge", "why"),
    [
        pytest.param(says("Because."), "Because.", id="a reason"),
        pytest.param(says(""), "This is not right yet.", id="an empty reason"),
        pytest.param(says(False), "This is not right yet.", id="False"),
        pytest.param(says(0), "no verdict: it returned int", id="a number is no verdict"),
        pytest.param(says({"a": 1}), "no verdict: it returned dict", id="nor is a dict"),
        pytest.param(asserts, "A policy needs a Statement.", id="assert"),
        pytest.param(fails(AssertionError()), "This is not right yet.", id="a silent assert"),
        pytest.param(fails(KeyError("Effect")), "(dict) has nothing under 'Effect'", id="KeyError"),
        pytest.param(fails(IndexError("x")), "(dict) is shorter", id="IndexError"),
        pytest.param(fails(TypeError("bad")), "It met TypeError: bad.", id="TypeError"),
        pytest.param(fails(RecursionError()), "It met RecursionError.", id="no text at all"),
        pytest.param(fails(Unprintable()), "It met Unprintable.", id="text that fails"),
        pytest.param(
            fails(ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetUser")),
            "AccessDenied",
            id="a refused call",
        ),
    ],
)
def test_wrong_and_why(judge, why):
    result = check({}, judge)
    assert result.status == "wrong"
    assert why in result.why
    for shown in (str(result), result._repr_html_()):
        assert "Traceback" not in shown and ".py" not in shown


def test_an_interrupt_still_interrupts():
    with pytest.raises(KeyboardInterrupt):
        check("answer", fails(KeyboardInterrupt()))


def test_a_judge_that_cannot_be_called_is_the_authors_mistake():
    with pytest.raises(TypeError, match="judge"):
        check("answer", "not a judge")


def test_hints_come_one_by_one_and_the_last_one_stays():
    got = [check("x", asserts, ("one", "two", "three")).hint for _ in range(5)]
    assert got == ["one", "two", "three", "three", "three"]


def test_a_right_answer_in_between_reveals_nothing():
    judge, hints = (lambda answer: answer == 4 or "No."), ["one", "two"]
    got = [check(answer, judge, hints) for answer in (3, 4, 5)]
    assert [r.hint for r in got] == ["one", "", "two"]


def test_exercises_count_apart():
    hints = ["one", "two"]
    assert check("x", asserts, hints).hint == "one"
    assert check("x", fails(ValueError("x")), hints).hint == "one"
    assert check("x", asserts, hints, name="other").hint == "one"
    assert check("x", asserts, hints).hint == "two"


def test_running_the_judges_cell_again_does_not_start_anew():
    def made():
        def judge(answer):
            return "No."

        return judge

    assert [check("x", made(), ["one", "two"]).hint for _ in range(2)] == ["one", "two"]


def test_a_name_joins_different_judges():
    got = [check("x", says(w), ["one", "two"], name="ex 1").hint for w in ("a", "b")]
    assert got == ["one", "two"]


def test_lambdas_of_different_exercises_do_not_share_hints():
    first = check("x", says("No."), ["look at Principal"])
    second = check("x", says("No."), ["look at Action", "look again"])
    assert (first.hint, second.hint) == ("look at Principal", "look at Action")


def test_a_lone_text_is_one_hint():
    assert [check("x", asserts, "whole").hint for _ in range(2)] == ["whole", "whole"]


def test_a_partial_can_judge():
    judge = functools.partial(lambda want, answer: answer == want or "No.", 4)
    assert check(4, judge).status == "right"
    assert check(5, judge, ["one"]).hint == "one"


@pytest.mark.parametrize(
    ("answer", "head"),
    [
        pytest.param("right", "✓ right", id="right"),
        pytest.param("wrong", "✗ wrong", id="wrong"),
        pytest.param(None, "○ not attempted", id="not attempted"),
    ],
)
def test_mark_and_word_are_both_shown(answer, head):
    result = check(answer, lambda a: a == "right" or "No.", ["Try."])
    assert str(result).startswith(head)
    assert repr(result) == str(result)
    assert f">{head}</b>" in result._repr_html_()


def test_text_shows_why_and_hint():
    assert str(check("x", says("No."), ["Try."])) == "✗ wrong: No.\n  hint: Try."


def test_html_is_escaped():
    page = check("x", says('<script>alert("&")</script>\nnext'), ["<b>"])._repr_html_()
    assert "<script>" not in page and "<b></" not in page
    assert "&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;<br>next" in page
    assert "<i>Hint:</i> &lt;b&gt;" in page
