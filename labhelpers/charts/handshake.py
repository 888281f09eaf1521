"""AssumeRole in five steps, with the real values and without the secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from labhelpers.charts import style
from labhelpers.charts.session_rows import require_aware
from labhelpers.masking import mask

_WIDTH = 9.6  # inches, as all lengths here
_CALLER, _STS, _SERVICE = 1.5, 4.8, 8.1  # where the three lanes are
_LANE = 2.7  # the width of a lane's box
_TEXT = 2.75  # the width of what is written along an arrow between two neighbours
_GAP = 0.3
_MONO = 8  # points


def handshake(
    caller: str,
    role: str,
    trust_policy: str,
    credentials: Mapping[str, Any],
    action: str,
    now: datetime | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw who says what to whom: caller, STS, service. Returns the axes.

    `caller` and `role` are ARNs, `trust_policy` says in a few words what the role's trust policy
    decided, `credentials` is the Credentials of an STS answer (or that answer), `action` what
    the caller did with them, e.g. "s3:GetObject on the bucket reports". `now`, an aware
    datetime, adds how long they live.
    Secret access key and session token are masked, in the other texts too.
    Raises ValueError, naming the part, if the credentials lack one or a date is naive.
    """
    keys, expires = _checked(credentials)
    if now is not None:
        require_aware(now, "now")
    caller, role, trust_policy, action = (
        _without_secrets(str(words), keys) for words in (caller, role, trust_policy, action)
    )
    service = re.match(r"\s*([a-z0-9-]+):", action)
    lanes = (
        (_CALLER, "caller", caller),
        (_STS, "AWS STS", "hands out temporary credentials"),
        (_SERVICE, "service", service[1] if service else "any that the role may use"),
    )
    parts = [f"{name:<16}{mask(keys[name])}" for name in _PARTS]
    left = "" if now is None else f" ({_left(expires, now)})"
    steps = (
        (_CALLER, _STS, "asks: sts:AssumeRole", _mono(f"RoleArn={role}", _TEXT)),
        (_STS, _STS, "the role's trust policy decides", _mono(trust_policy, 2.35)),
        (_STS, _CALLER, "hands out three parts", parts),
        (_CALLER, _SERVICE, "signs a call with them", _mono(action, 5.6)),
        (
            _SERVICE,
            _CALLER,
            f"they expire at {style.moment(expires)} UTC{left}",
            ["from then on the service refuses them"],
        ),
    )
    return _draw(lanes, steps, ax)


_PARTS = ("AccessKeyId", "SecretAccessKey", "SessionToken")


def _checked(credentials: Mapping[str, Any]) -> tuple[dict[str, str], datetime]:
    """The three parts and the moment of expiry."""
    if isinstance(credentials, Mapping) and "Credentials" in credentials:
        credentials = credentials["Credentials"]
    if not isinstance(credentials, Mapping):
        raise ValueError(
            "handshake() needs the Credentials of an STS answer, not "
            f"{type(credentials).__name__}: was the call refused?"
        )
    for name in (*_PARTS, "Expiration"):
        if not credentials.get(name):
            raise ValueError(f"The credentials have no {name}.")
    expires = credentials["Expiration"]
    if isinstance(expires, str):  # as the AWS CLI prints it
        try:
            expires = datetime.fromisoformat(expires)
        except ValueError:
            raise ValueError(f"Expiration is no date: {expires!r}.") from None
    require_aware(expires, "Expiration")
    return {name: credentials[name] for name in _PARTS}, expires


def _without_secrets(words: str, keys: Mapping[str, str]) -> str:
    for name in ("SecretAccessKey", "SessionToken"):
        for secret in (keys[name], quote(keys[name], safe="")):  # as it is, and as in a URL
            words = words.replace(secret, mask(keys[name]))
    return words


def _left(expires: datetime, now: datetime) -> str:
    if expires <= now:
        return f"{style.span(now - expires)} ago"
    return f"in {style.span(expires - now)}"


def _mono(words: str, inches: float) -> list[str]:
    return style.wrap(words, inches, _MONO, mono=True)


def _draw(lanes: tuple, steps: tuple, ax: Axes | None) -> Axes:
    """Heights come first: they depend on how many lines each text takes."""
    written = [(x, head, _mono(words, _LANE - 0.2)) for x, head, words in lanes]
    tall = 0.2 + style.height(1) + style.height(max(len(w) for *_, w in written), _MONO)
    ends, y = [], 0.1 + tall
    for _, _, _, lines in steps:
        y += _GAP + style.height(1) + style.height(len(lines), _MONO)
        ends.append(y)
    bottom = y + _GAP
    ax, scale = style.canvas(ax, _WIDTH, bottom)
    for x, head, lines in written:
        ax.plot([x, x], [0.1 + tall, bottom - 0.05], color=style.MUTED, linewidth=1, zorder=1)
        ax.add_patch(Rectangle((x - _LANE / 2, 0.1), _LANE, tall, zorder=3, **style.BOX))
        how = {"ha": "center", "va": "top"}
        style.text(ax, x, 0.18, head, weight="bold", fontsize=style.SIZE * scale, **how)
        _lines(ax, x, 0.2 + style.height(1), lines, scale, **how)
    for number, (step, y) in enumerate(zip(steps, ends, strict=True), start=1):
        _step(ax, number, *step, y, scale)
    return ax


def _step(
    ax: Axes, number: int, start: float, end: float, head: str, lines: list[str], y: float, scale
) -> None:
    """One numbered arrow at height `y`, its text above it (beside it if it goes nowhere)."""
    top = y - 0.03 - style.height(1) - style.height(len(lines), _MONO)
    # The lanes run behind what is written on them.
    how = {"va": "top", "ha": "center"}
    how |= {"bbox": {"facecolor": "#ffffff", "edgecolor": "none", "pad": 1}}
    arrow = {"arrowstyle": "-|>", "mutation_scale": 13 * scale, "color": style.INK, "zorder": 4}
    arrow |= {"shrinkA": 0, "shrinkB": 0, "linewidth": 1.3, "gid": f"step-{number}"}
    if start == end:
        x, how["ha"] = start + 0.62, "left"
        arm = 30 * scale  # points
        bend = f"arc,angleA=0,angleB=0,armA={arm},armB={arm},rad={arm / 5}"
        arrow |= {"connectionstyle": bend}
        ax.add_patch(FancyArrowPatch((start, top + 0.08), (start, y - 0.02), **arrow))
        badge = (start, top + 0.08)
    else:
        x = (start + end) / 2
        style_of_line = "dashed" if number == 5 else "solid"
        ax.add_patch(FancyArrowPatch((start, y), (end, y), linestyle=style_of_line, **arrow))
        badge = (start, y)
    ax.add_patch(Circle(badge, 0.13, facecolor=style.INK, edgecolor="#ffffff", zorder=5))
    middle = {"ha": "center", "va": "center_baseline", "color": "#ffffff", "weight": "bold"}
    style.text(ax, *badge, str(number), fontsize=style.SIZE * scale, **middle)
    style.text(ax, x, top, head, weight="bold", fontsize=style.SIZE * scale, **how)
    _lines(ax, x, top + style.height(1), lines, scale, **how)


def _lines(ax: Axes, x: float, y: float, lines: list[str], scale: float, **how) -> None:
    words = "\n".join(lines)
    style.text(ax, x, y, words, mono=True, fontsize=_MONO * scale, linespacing=1.1, **how)
