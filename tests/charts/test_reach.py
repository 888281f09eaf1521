"""The table of outcomes: each word in its place, and what was not meant marked."""

import matplotlib.pyplot as plt
import pytest

from labhelpers.charts import reach
from labhelpers.outcome import Outcome

IN, NO, NEVER = "Allowed", "ImplicitlyDenied", "ExplicitlyDenied"
TABLE = {
    "alice (team web)": {"web/": IN, "data/": NO},
    "bob (team data)": {"web/": IN, "data/": NEVER},
}


def cells(ax):
    return [p.get_gid().removeprefix("cell-") for p in ax.patches]


def words(ax):
    return [t.get_text() for t in ax.texts]


def test_every_outcome_stands_in_its_row_and_column():
    ax = reach(TABLE)
    at = {t.get_text(): t.get_position() for t in ax.texts}
    never = at["✗ ExplicitlyDenied"]
    assert never == (at["data/"][0], at["bob (team data)"][1])
    assert words(ax).count("✓ Allowed") == 2
    assert cells(ax) == ["right", "refused", "right", "refused"]


def test_what_is_not_meant_is_marked():
    meant = {("alice (team web)", "web/"), ("bob (team data)", "data/")}
    ax = reach(TABLE, meant)
    assert cells(ax) == ["right", "refused", "too wide", "too tight"]
    assert "✓ Allowed\ntoo wide" in words(ax)
    assert "✗ ExplicitlyDenied\ntoo tight" in words(ax)


def test_outcomes_of_attempts_are_taken_as_they_are():
    ax = reach({"alice": {"web/": Outcome(NO, "s3:GetObject")}})
    assert "✗ ImplicitlyDenied" in words(ax)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (8, 6), (3, 7)])
def test_every_word_can_be_read(rows, columns, legible):
    table = {
        f"row {r} repo:our-org/shop:ref:refs/heads/main of a developer": {
            f"column {c} of the trust policy with repo:our-org/*": (IN, NO, NEVER)[(r + c) % 3]
            for c in range(columns)
        }
        for r in range(rows)
    }
    meant = {(list(table)[0], c) for c in list(table.values())[0]}
    ax = reach(table, meant)
    boxes = legible(ax)
    assert ax.figure.get_size_inches()[0] <= 9.7
    walls = [p.get_window_extent() for p in ax.patches]
    for text, box in boxes.items():
        if text.get_text()[0] in "✓✗":
            assert any(w.x0 <= box.x0 + 1 and box.x1 <= w.x1 + 1 for w in walls), text


def test_given_axes_are_used():
    _, axes = plt.subplots(1, 2, figsize=(10, 4))
    assert reach(TABLE, ax=axes[1]) is axes[1]


@pytest.mark.parametrize(
    ("table", "named"),
    [
        pytest.param({}, "at least one row", id="no rows"),
        pytest.param({"a": {}}, "at least one row", id="no columns"),
        pytest.param({"a": {"x": IN}, "b": {"y": IN}}, "same columns", id="different columns"),
        pytest.param({"a": {"x": "yes"}}, "'yes' is no outcome", id="another word"),
        pytest.param({"a": {"x": True}}, "True is no outcome", id="a bool"),
    ],
)
def test_mistakes_are_named(table, named):
    with pytest.raises(ValueError, match=named):
        reach(table)
