"""Both bars of a row are as long as its numbers, each side by its own scale."""

from datetime import timedelta

import matplotlib.pyplot as plt
import pytest

from labhelpers.charts import exposure


def row(policy="1 hour", sign_ins=8, lasts=timedelta(hours=1)):
    return {"policy": policy, "sign_ins": sign_ins, "exposure": lasts}


def by_gid(ax, gid):
    return next((a for a in ax.get_children() if a.get_gid() == gid), None)


def lengths(ax, side, count):
    return [abs(by_gid(ax, f"{side}-{number}").get_width()) for number in range(count)]


def words(ax):
    return [t.get_text() for t in ax.texts]


DAY = [
    row("long-lived key", 0, None),
    row("12 hours", 1, timedelta(hours=12)),
    row("4 hours", 2, 4 * 3600),
    row("1 hour", 8),
    row("15 minutes", 32, 900),
]


def test_bars_are_to_scale_on_each_side():
    ax = exposure(DAY)
    left, right = lengths(ax, "sign-ins", 5), lengths(ax, "exposure", 5)
    assert [n / left[-1] for n in left] == pytest.approx([0, 1 / 32, 2 / 32, 8 / 32, 1])
    assert [n / right[1] for n in right[1:]] == pytest.approx([1, 4 / 12, 1 / 12, 0.25 / 12])


def test_the_sides_meet_in_the_middle_and_never_cross_it():
    ax = exposure(DAY)
    for number in range(5):
        left, right = by_gid(ax, f"sign-ins-{number}"), by_gid(ax, f"exposure-{number}")
        assert left.get_x() == right.get_x()
        assert left.get_width() <= 0 <= right.get_width()


def test_rows_stand_in_the_given_order():
    ax = exposure(DAY)
    heights = [by_gid(ax, f"exposure-{number}").get_y() for number in range(5)]
    assert heights == sorted(heights)
    assert ax.yaxis_inverted()


def test_no_end_is_the_longest_bar_with_a_head():
    ax = exposure(DAY)
    assert by_gid(ax, "endless-0") is not None and by_gid(ax, "endless-1") is None
    assert lengths(ax, "exposure", 5)[0] == max(lengths(ax, "exposure", 5))
    assert "no end" in words(ax)


def test_every_number_is_written():
    said = words(exposure(DAY))
    for told in ("long-lived key", "0", "1", "2", "8", "32", "12 h", "4 h", "1 h", "15 min"):
        assert told in said


def test_seconds_and_timedelta_mean_the_same():
    one, other = exposure([row(lasts=3600)]), exposure([row(lasts=timedelta(hours=1))])
    assert words(one) == words(other)
    assert lengths(one, "exposure", 1) == lengths(other, "exposure", 1)


@pytest.mark.parametrize(
    "rows",
    [
        DAY,
        [row(sign_ins=0, lasts=0)],
        [row(sign_ins=0, lasts=None)],
        [row(sign_ins=0.125, lasts=timedelta(days=400, hours=3))],
        [row("a name that nobody would ever give to a policy " * 3, 100000, 1)] * 12,
    ],
)
@pytest.mark.parametrize("title", [None, "What a day costs"])
def test_every_word_can_be_read(rows, title, legible):
    legible(exposure(rows, title=title))


def test_nothing_yet(legible):
    ax = exposure([])
    assert words(ax) == ["no policies yet"]
    legible(ax)


def test_given_axes_are_used(legible):
    _, ax = plt.subplots(figsize=(5, 2))
    assert exposure(DAY, ax=ax, title="Small") is ax
    legible(ax)


def test_dollar_signs_are_no_formula():
    ax = exposure([row("${aws:username} ${aws:userid}")], title="$1 a $2")
    assert not any(t.get_parse_math() for t in ax.texts)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("x", "row 2 must be a mapping"),
        (row(policy=""), "row 2: policy must be text"),
        ({"policy": "x", "sign_ins": 1}, "row 2: exposure is missing"),
        ({"policy": "x", "exposure": None}, "row 2: sign_ins is missing"),
        (row(sign_ins=-1), "row 2: sign_ins must be a number"),
        (row(sign_ins=None), "row 2: sign_ins must be a number"),
        (row(sign_ins=True), "row 2: sign_ins must be a number"),
        (row(lasts="1 h"), "row 2: exposure must be a timedelta"),
        (row(lasts=timedelta(seconds=-1)), "row 2: exposure must be a timedelta"),
        (row(lasts=float("nan")), "row 2: exposure must be a timedelta"),
        (row(lasts=float("inf")), "row 2: exposure must be a timedelta"),
    ],
)
def test_a_malformed_row_is_named(broken, told):
    with pytest.raises(ValueError, match=f"^{told}"):
        exposure([row(), broken])
