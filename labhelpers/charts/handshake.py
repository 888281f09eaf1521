"""AssumeRole in five steps, with the real values and without the secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from matplotlib.axes import Axes

from labhelpers.charts import style
from labhelpers.charts.sequence import LANE, draw, mono
from labhelpers.charts.session_rows import require_aware
from labhelpers.masking import mask

_CALLER, _STS, _SERVICE = 1.5, 4.8, 8.1  # inches: where the three lanes are
_TEXT = 2.75  # the width of what is written along an arrow between two neighbours


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
        (_CALLER, _STS, "asks: sts:AssumeRole", mono(f"RoleArn={role}", _TEXT)),
        (_STS, _STS, "the role's trust policy decides", mono(trust_policy, 2.35)),
        (_STS, _CALLER, "hands out three parts", parts),
        (_CALLER, _SERVICE, "signs a call with them", mono(action, 5.6)),
        (
            _SERVICE,
            _CALLER,
            f"they expire at {style.moment(expires)} UTC{left}",
            ["from then on the service refuses them"],
        ),
    )
    written = [(x, head, mono(words, LANE - 0.2)) for x, head, words in lanes]
    told = [(start, end, [head], lines) for start, end, head, lines in steps]
    return draw(written, told, ax, dashed={5})


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
