"""The bars are what the records say, and every word can be read."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.dates import date2num
from scene import issue

from labhelpers.charts import lifetimes
from labhelpers.charts.style import span
from labhelpers.sandbox.state.sessions import SessionRegistry

NOON = datetime(2026, 7, 26, 12, 0, 0, tzinfo=UTC)
ALICE = "arn:aws:iam::111122223333:user/people/alice"
CI = "arn:aws:sts::444455556666:assumed-role/Deploy/ci-run-7"


def session(minutes=0, seconds=3600, **fields):
    issued = NOON + timedelta(minutes=minutes)
    return {
        "session_name": "reading",
        "role_arn": "arn:aws:iam::111122223333:role/audit/Reader",
        "caller_arn": ALICE,
        "issued": issued,
        "expires": issued + timedelta(seconds=seconds),
        "chained": False,
        "max_session_duration": 3600,
    } | fields


def by_gid(ax, gid):
    return next((a for a in ax.get_children() if a.get_gid() == gid), None)


def words(ax):
    return [t.get_text() for t in ax.texts]


def test_a_bar_runs_from_issued_to_expires_and_its_outline_to_the_maximum():
    made = session(10, 1800, max_session_duration=7200)
    ax = lifetimes([made], NOON + timedelta(minutes=20))
    bar, outline = by_gid(ax, "session-0"), by_gid(ax, "max-0")
    assert bar.get_x() == pytest.approx(date2num(made["issued"]), abs=1e-9)
    assert bar.get_width() == pytest.approx(1800 / 86400, abs=1e-9)
    assert outline.get_x() == bar.get_x()
    assert outline.get_width() == pytest.approx(7200 / 86400, abs=1e-9)
    assert outline.get_facecolor()[3] == 0  # transparent


def test_other_time_zones_are_drawn_at_the_same_moment_and_written_in_utc():
    seoul = timezone(timedelta(hours=9))
    made = session()
    moved = made | {k: made[k].astimezone(seoul) for k in ("issued", "expires")}
    here, there = lifetimes([made], NOON), lifetimes([moved], NOON.astimezone(seoul))
    assert words(here) == words(there)
    assert by_gid(here, "session-0").get_x() == by_gid(there, "session-0").get_x()


@pytest.mark.parametrize(
    ("after", "label"),
    [
        pytest.param(timedelta(0), "alive now", id="at issue"),
        pytest.param(timedelta(seconds=3599), "alive now", id="one second left"),
        pytest.param(timedelta(seconds=3600), "expired", id="at expires, as STS sees it"),
        pytest.param(timedelta(days=2), "expired", id="two days later"),
        pytest.param(timedelta(seconds=-1), "issued after now", id="seen from before"),
    ],
)
def test_the_legend_and_the_bar_tell_the_state(after, label):
    ax = lifetimes([session()], NOON + after)
    legend = ax.get_legend()
    named = {
        t.get_text(): h for t, h in zip(legend.get_texts(), legend.legend_handles, strict=True)
    }
    states = {"alive now", "expired", "issued after now"} & named.keys()
    bar = by_gid(ax, "session-0")
    assert states == {label}
    assert bar.get_hatch() == named[label].get_hatch()
    assert bar.get_facecolor() == named[label].get_facecolor()


def test_alive_and_expired_differ_in_a_grey_print():
    """Measured on the rendered pixels, coarse enough to blur the hatch."""
    ax = lifetimes([session(), session(60)], NOON + timedelta(minutes=70))
    ax.figure.canvas.draw()
    grey = np.asarray(ax.figure.canvas.buffer_rgba())[::-1, :, :3] @ [0.299, 0.587, 0.114]
    light = {}
    for y in (0, 1):
        box = by_gid(ax, f"session-{y}").get_window_extent()
        inner = grey[int(box.y0) + 3 : int(box.y1) - 3, int(box.x0) + 3 : int(box.x1) - 3]
        light[y] = inner.mean()
    assert light[0] - light[1] > 80
    assert by_gid(ax, "session-0").get_hatch() and not by_gid(ax, "session-1").get_hatch()


def test_only_chained_sessions_have_the_one_hour_cap():
    rows = [session(), session(5, 900, chained=True, caller_arn=CI)]
    ax = lifetimes(rows, NOON)
    cap = by_gid(ax, "cap-1")
    hour = rows[1]["issued"] + timedelta(hours=1)
    assert by_gid(ax, "cap-0") is None
    assert list(cap.get_xdata()) == pytest.approx([date2num(hour)] * 2)
    assert "role chaining ends after 1 h" in [t.get_text() for t in ax.get_legend().get_texts()]
    low, high = ax.get_xlim()
    assert low < date2num(hour) < high


def test_who_when_and_how_long_are_written():
    made = session(0, 900, chained=True, caller_arn=CI, max_session_duration=43200)
    said = words(lifetimes([made], NOON + timedelta(minutes=5)))
    assert "Reader ← Deploy/ci-run-7" in said
    assert "reading · chained · from 444455556666" in said
    assert "2026-07-26 12:15:00" in said
    assert "in 10 min · max 12 h" in said
    assert "now 2026-07-26 12:05:00 UTC" in said


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (899, "15 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (43200, "12 h"),
        (86399, "1 d"),
        (270000, "3 d 3 h"),
    ],
    ids=str,
)
def test_a_length_of_time_is_told_in_two_units_at_most(seconds, words):
    assert span(seconds) == span(timedelta(seconds=seconds)) == words


def test_the_now_line_stands_at_now():
    now = NOON + timedelta(minutes=17)
    ax = lifetimes([session()], now)
    assert list(by_gid(ax, "now").get_xdata()) == [date2num(now)] * 2


def test_a_long_maximum_does_not_squeeze_a_short_session():
    ax = lifetimes([session(0, 900, max_session_duration=43200)], NOON)
    low, high = ax.get_xlim()
    assert by_gid(ax, "session-0").get_width() > 0.5 * (high - low)
    assert by_gid(ax, "max-0").get_width() > high - low  # it runs out of the chart


@pytest.mark.parametrize("count", [1, 2, 8, 30])
@pytest.mark.parametrize(
    ("minutes", "seconds"),
    [
        pytest.param(0.4, 900, id="within 15 minutes"),
        pytest.param(20, 3600, id="hours"),
        pytest.param(140, 43200, id="three days"),
    ],
)
@pytest.mark.parametrize("along", [0, 0.5, 1], ids=["now first", "now inside", "now last"])
def test_every_word_can_be_read(count, minutes, seconds, along, legible):
    long = "AuditorWithAVeryLongRoleNameThatFillsAllOfTheSixtyFourCharacters"
    rows = [
        session(
            number * minutes,
            seconds,
            chained=number % 3 == 1,
            session_name=["short", "s" * 64][number % 2],
            role_arn=f"arn:aws:iam::111122223333:role/{['Reader', long][number // 2 % 2]}",
            caller_arn=[ALICE, CI, CI.replace("Deploy", long)][number % 3],
            max_session_duration=43200,
        )
        for number in range(count)
    ]
    ax = lifetimes(rows, NOON + along * (rows[-1]["expires"] - NOON))
    boxes = legible(ax)
    data = ax.get_window_extent()
    crossing = [t.get_text() for t, box in boxes.items() if box.shrunk(1, 1).overlaps(data)]
    assert crossing == []  # words stand beside the data, the legend too


def test_the_dates_say_utc():
    ax = lifetimes([session(), session(60 * 24 * 3)], NOON)
    ax.figure.canvas.draw()
    assert "UTC" in ax.get_xlabel()
    assert "2026-Jul" in ax.xaxis.get_offset_text().get_text()


def test_given_axes_are_used_and_words_shrink_to_fit(legible):
    figure, ax = plt.subplots(figsize=(11, 3.6), layout="constrained")
    assert lifetimes([session(n) for n in range(8)], NOON, ax=ax, title="Mine") is ax
    assert ax.get_title() == "Mine"
    assert len(figure.axes) == 1
    legible(ax)


def test_no_sessions_yet(legible):
    ax = lifetimes([], NOON)
    assert words(ax) == ["no sessions yet"]
    legible(ax)


def test_dollar_signs_are_no_formula():
    ax = lifetimes([session(session_name="a$b_1$c")], NOON)
    assert "a$b_1$c" in words(ax)
    assert not any(t.get_parse_math() for t in [*ax.texts, ax.title])


def test_the_sandbox_sessions_fit_and_show_no_secret(drawn):
    """The oracle for the field names is the sandbox's own registry."""
    made = session()
    registry = SessionRegistry()
    issued = issue(registry, **made)
    ax = lifetimes(registry.all(), NOON)
    said = " ".join(t.get_text() for t in drawn(ax))
    assert issued.secret_access_key not in said and issued.session_token not in said
    assert by_gid(ax, "session-0").get_x() == date2num(made["issued"])


FIELDS = list(session())


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("shape", [dict, lambda d: SimpleNamespace(**d)], ids=["dict", "object"])
def test_a_missing_field_is_named(field, shape):
    broken = {name: value for name, value in session().items() if name != field}
    with pytest.raises(ValueError, match=rf"^session 2: {field} is missing"):
        lifetimes([shape(session()), shape(broken)], NOON)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("issued", NOON.replace(tzinfo=None), id="naive issued"),
        pytest.param("expires", NOON.replace(tzinfo=None), id="naive expires"),
        pytest.param("expires", "2026-07-26T13:00:00Z", id="text for a date"),
        pytest.param("expires", NOON, id="no life at all"),
        pytest.param("chained", "no", id="text for a bool"),
        pytest.param("max_session_duration", timedelta(hours=1), id="timedelta for seconds"),
        pytest.param("max_session_duration", float("nan"), id="not a number"),
        pytest.param("max_session_duration", True, id="bool for seconds"),
        pytest.param("session_name", None, id="no name"),
    ],
)
def test_a_malformed_field_is_named(field, value):
    with pytest.raises(ValueError, match=f"^session 1: {field} "):
        lifetimes([session(**{field: value})], NOON)


@pytest.mark.parametrize("sessions", [[], [session()]], ids=["empty", "one"])
def test_a_naive_now_is_named(sessions):
    with pytest.raises(ValueError, match="^now is naive"):
        lifetimes(sessions, NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            "import sys, labhelpers.charts as c; c.__all__; assert 'matplotlib' not in sys.modules",
            id="importing the package loads no matplotlib",
        ),
        pytest.param(
            "import labhelpers.charts.lifetimes; from labhelpers import charts;"
            "assert charts.lifetimes([], __import__('datetime').datetime.now("
            "__import__('datetime').UTC))",
            id="the name is the function even if its module came first",
        ),
        pytest.param(
            "from labhelpers import charts\n"
            "try: charts.pie\n"
            "except AttributeError as e: assert 'lifetimes' in str(e)\n"
            "else: raise SystemExit(1)",
            id="an unknown name lists those on offer",
        ),
    ],
)
def test_the_package_is_lazy(code):
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
