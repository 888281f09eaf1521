"""Marks and bars stand where the records say, and every word can be read."""

from datetime import UTC, datetime, timedelta, timezone

import matplotlib.pyplot as plt
import pytest
from matplotlib.dates import date2num

from labhelpers.charts import timeline

NOON = datetime(2026, 7, 26, 12, 0, 0, tzinfo=UTC)


def entry(minutes=0, lasts=None, **fields):
    start = NOON + timedelta(minutes=minutes)
    made = {"who": "alice", "what": "AssumeRole break-glass", "start": start}
    if lasts is not None:
        made["end"] = start + timedelta(minutes=lasts)
    return made | fields


def by_gid(ax, gid):
    return next((a for a in ax.get_children() if a.get_gid() == gid), None)


def words(ax):
    return [t.get_text() for t in ax.texts]


def test_marks_and_bars_stand_at_their_times():
    ax = timeline([entry(5), entry(10, lasts=30)])
    mark, bar = by_gid(ax, "entry-0"), by_gid(ax, "entry-1")
    assert mark.get_xdata()[0] == date2num(NOON + timedelta(minutes=5))
    assert bar.get_x() == date2num(NOON + timedelta(minutes=10))
    assert bar.get_width() == pytest.approx(30 / 1440, abs=1e-9)
    assert bar.get_y() > mark.get_ydata()[0]


@pytest.mark.parametrize(
    ("outcome", "marker", "label"),
    [
        ("Allowed", "o", "allowed"),
        ("ImplicitlyDenied", "X", "refused"),
        ("ExplicitlyDenied", "X", "refused"),
    ],
)
def test_a_refusal_looks_different_and_the_legend_names_it(outcome, marker, label):
    ax = timeline([entry(outcome=outcome)])
    assert by_gid(ax, "entry-0").get_marker() == marker
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [label]


def test_the_legend_names_only_what_is_shown():
    ax = timeline([entry(lasts=5)])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["lasts"]


def test_times_are_written_in_utc():
    seoul = timezone(timedelta(hours=9))
    here, there = timeline([entry()]), timeline([entry(start=NOON.astimezone(seoul))])
    assert words(here) == words(there)
    assert words(here)[0].endswith("12:00:00")


@pytest.mark.parametrize("count", [1, 2, 12, 30])
@pytest.mark.parametrize("minutes", [0, 0.2, 7, 600])
def test_every_word_can_be_read(count, minutes, legible):
    rows = [
        entry(
            number * minutes,
            lasts=15 if number % 4 == 2 else None,
            who=["bob", "a" * 64][number % 2],
            what=["PutObject", "GetObject on " + "very-long-bucket-name/" * 8][number // 2 % 2],
            outcome=["Allowed", "ExplicitlyDenied"][number // 3 % 2],
        )
        for number in range(count)
    ]
    ax = timeline(rows, title="An hour")
    boxes = legible(ax)
    data = ax.get_window_extent()
    crossing = [t.get_text() for t, box in boxes.items() if box.shrunk(1, 1).overlaps(data)]
    assert crossing == []


def test_nothing_yet(legible):
    ax = timeline([])
    assert words(ax) == ["nothing happened yet"]
    legible(ax)


def test_given_axes_are_used():
    _, ax = plt.subplots(figsize=(10, 3), layout="constrained")
    assert timeline([entry()], ax=ax, title="Mine") is ax
    assert ax.get_title() == "Mine"


def test_dollar_signs_are_no_formula():
    ax = timeline([entry(what="${aws:username} ${aws:userid}")])
    assert not any(t.get_parse_math() for t in ax.texts)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (entry(who=""), "entry 2: who must be text"),
        (entry(what=None), "entry 2: what must be text"),
        (entry(start="now"), "entry 2: start must be a datetime"),
        (entry(start=NOON.replace(tzinfo=None)), "entry 2: start is naive"),
        (entry(end=NOON.replace(tzinfo=None)), "entry 2: end is naive"),
        (entry(lasts=-1), "entry 2: end must not be earlier"),
        ("x", "entry 2 must be a mapping"),
    ],
)
def test_a_malformed_entry_is_named(broken, told):
    with pytest.raises(ValueError, match=f"^{told}"):
        timeline([entry(), broken])
