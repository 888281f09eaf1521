"""The slider shows the sessions at its moment, in words and in a picture."""

from datetime import UTC, datetime, timedelta

import matplotlib.pyplot as plt
import pytest

from labhelpers.charts import clock_slider

NINE = datetime(2026, 7, 26, 9, 0, 20, tzinfo=UTC)


def session(name, start, minutes):
    issued = NINE + timedelta(minutes=start)
    return {
        "session_name": name,
        "role_arn": "arn:aws:iam::111122223333:role/developer",
        "caller_arn": "arn:aws:iam::111122223333:user/alice",
        "issued": issued,
        "expires": issued + timedelta(minutes=minutes),
        "chained": False,
        "max_session_duration": 3600,
    }


DAY = [session("morning", 0, 60), session("deploy", 30, 15), session("evening", 300, 60)]


@pytest.fixture
def clock():
    return clock_slider(DAY)


def test_it_starts_before_the_first_session(clock):
    assert clock.now <= NINE and clock.alive == []
    assert "0 alive, 0 expired, 3 still to come" in clock.words.value


def test_it_reaches_past_the_last(clock):
    clock.now = NINE + timedelta(days=1)
    assert "0 alive, 3 expired, 0 still to come" in clock.words.value


@pytest.mark.parametrize(
    ("minutes", "alive"),
    [
        (10, ["morning"]),
        (35, ["morning", "deploy"]),
        (50, ["morning"]),
        (90, []),
        (310, ["evening"]),
    ],
)
def test_moving_it_changes_who_is_alive(clock, minutes, alive):
    clock.now = NINE + timedelta(minutes=minutes)
    assert clock.alive == alive
    assert f"{len(alive)} alive" in clock.words.value


def test_a_hand_on_the_slider_does_the_same(clock):
    before = clock.picture.value
    clock.slider.index = 8
    assert clock.picture.value != before
    assert bytes(clock.picture.value).startswith(b"\x89PNG")
    clock.slider.index = 0
    assert clock.picture.value == before


def test_moments_are_round_and_few(clock):
    moments = [value for _, value in clock.slider.options]
    assert all(m.second == 0 and m.minute % 5 == 0 for m in moments)
    assert len(moments) <= 100
    assert len({label for label, _ in clock.slider.options}) == len(moments)


@pytest.mark.parametrize("minutes", [0.2, 1, 90, 60 * 24 * 40, 60 * 24 * 400])
def test_any_length_of_time_fits(minutes):
    clock = clock_slider([session("one", 0, minutes)])
    assert 2 <= len(clock.slider.options) <= 101


def test_a_step_of_ones_own():
    clock = clock_slider(DAY, step=timedelta(hours=1))
    assert [value.hour for _, value in clock.slider.options] == [9, 10, 11, 12, 13, 14, 15, 16]


def test_names_are_no_markup():
    clock = clock_slider([session("<b>x", 0, 60)], step=timedelta(minutes=15))
    clock.slider.index = 1
    assert "&lt;b&gt;x" in clock.words.value


def test_no_figure_is_left_open(clock):
    clock.slider.index = 3
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("given", "step", "told"),
    [
        ([], None, "needs a session"),
        (DAY, timedelta(0), "A step must be longer"),
        ([{"session_name": "x"}], None, "session 1: role_arn is missing"),
    ],
)
def test_what_it_cannot_draw_is_told(given, step, told):
    with pytest.raises(ValueError, match=told):
        clock_slider(given, step)
