"""A clock to drag over the lifetimes chart."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from html import escape
from io import BytesIO
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt

from labhelpers.charts import style
from labhelpers.charts.lifetimes import lifetimes
from labhelpers.charts.session_rows import session_rows

_POSITIONS = 100  # of the slider, at most
_STEPS = [timedelta(minutes=n) for n in (1, 5, 15, 30, 60, 180, 720, 1440)]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def clock_slider(sessions: Iterable[Any], step: timedelta | None = None) -> ClockSlider:
    """The lifetimes chart of the sessions, at a moment that a slider chooses.

    `sessions` are as charts.lifetimes takes them, `step` is what one step of the slider moves
    the time by: a round length that fits by default. It only draws; the lab's clock stays.
    Raises ValueError if there is no session, or a step that is not above zero.
    """
    return ClockSlider(sessions, step)


class ClockSlider(ipywidgets.VBox):
    """The slider (`slider`), what it says in words (`words`) and the chart (`picture`)."""

    def __init__(self, sessions: Iterable[Any], step: timedelta | None = None) -> None:
        self._sessions = list(sessions)
        self._rows = session_rows(self._sessions)
        if not self._rows:
            raise ValueError("clock_slider() needs a session: there is nothing to move over.")
        moments = _moments(
            min(row.issued for row in self._rows), max(row.expires for row in self._rows), step
        )
        self._drawn: dict[datetime, bytes] = {}
        self.slider = ipywidgets.SelectionSlider(
            options=[(f"{moment:%d %b %H:%M}", moment) for moment in moments],
            description="lab time",
            continuous_update=False,  # a picture takes longer than a hand
            layout=ipywidgets.Layout(width="60%"),
        )
        self.words = ipywidgets.HTML()
        self.picture = ipywidgets.Image(format="png")
        super().__init__([self.slider, self.words, self.picture])
        self.slider.observe(lambda _: self._show(), names="value")
        self._show()

    @property
    def now(self) -> datetime:
        """The moment that is shown. Setting it moves the slider to the nearest one it has."""
        return self.slider.value

    @now.setter
    def now(self, moment: datetime) -> None:
        moments = [value for _, value in self.slider.options]
        self.slider.value = min(moments, key=lambda known: abs(known - moment))

    @property
    def alive(self) -> list[str]:
        """The names of the sessions that can be used at that moment."""
        return self._names("alive")

    def _names(self, state: str) -> list[str]:
        return [row.name for row in self._rows if row.state(self.now) == state]

    def _show(self) -> None:
        alive, expired, later = (self._names(s) for s in ("alive", "expired", "later"))
        who = f" ({', '.join(map(escape, alive))})" if alive else ""
        told = f"{len(alive)} alive{who}, {len(expired)} expired, {len(later)} still to come"
        self.words.value = f"<b>{style.moment(self.now)} UTC:</b> {told}"
        if self.now not in self._drawn:
            self._drawn[self.now] = _png(self._sessions, self.now)
        self.picture.value = self._drawn[self.now]


def _moments(start: datetime, end: datetime, step: timedelta | None) -> list[datetime]:
    """From the last round moment before the start to the first one after the end."""
    if step is None:
        fitting = (s for s in _STEPS if (end - start) / s < _POSITIONS - 2)
        step = next(fitting, (end - start) / (_POSITIONS - 2))
    if step <= timedelta(0):
        raise ValueError(f"A step must be longer than nothing, not {step}.")
    first = (start.astimezone(UTC) - _EPOCH) // step
    last = -((_EPOCH - end.astimezone(UTC)) // step)
    return [_EPOCH + number * step for number in range(first, last + 1)]


def _png(sessions: list[Any], now: datetime) -> bytes:
    """The picture, without a figure that a notebook would show a second time."""
    with plt.ioff():
        ax = lifetimes(sessions, now=now)
        drawn = BytesIO()
        figure = style.figure_of(ax)
        figure.savefig(drawn, format="png")
        plt.close(figure)
    return drawn.getvalue()
