"""Errors that a learner meets when cells run twice or out of order, as sentences and not as traces.

AWS makes nothing twice, and a restarted kernel has forgotten every name. The error stays what it
is, for programs and for tests; only what the notebook shows is short. `%tb` shows the whole trace.
"""

from __future__ import annotations

import linecache
from types import TracebackType
from typing import Any

from labhelpers.errors import RUN_ALL_ABOVE

_HAS_RUN = f"Has this cell run before? AWS makes and removes nothing twice: {RUN_ALL_ABOVE}"
_NOT_THERE = (
    "If it is no slip of the pen, a cell above has not run; a restarted kernel has forgotten "
    f"them all: {RUN_ALL_ABOVE}"
)
_OUT_OF_ORDER = f"If cells have run twice, or in another order, {RUN_ALL_ABOVE}"


def load_ipython_extension(shell: Any) -> None:
    """For a kernel in which no lab has been opened yet: labhelpers/kernel_config loads it."""
    shell.set_custom_exc((NameError,), _show)


def tell_in_sentences() -> None:
    """From now on cells of this kernel show such errors as sentences. Nothing outside of IPython.

    Raises nothing; a second call changes nothing.
    """
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None:
        from botocore.exceptions import ClientError

        shell.set_custom_exc((NameError, AssertionError, ClientError), _show)


def _show(
    shell: Any, kind: type, error: Exception, trace: TracebackType | None, **_: Any
) -> list[str]:
    lines = sentences(error, _line(shell, trace))
    shell._showtraceback(kind, error, lines)
    return lines


def sentences(error: Exception, line: str = "") -> list[str]:
    """What a notebook shows of an error that was raised by `line` of a cell."""
    at = [f"    {line}"] if line else []
    if isinstance(error, NameError):
        return [f"There is no `{error.name}` here.", *at, _NOT_THERE]
    if isinstance(error, AssertionError):
        return [f"This does not hold: {error}".removesuffix(": "), *at, _OUT_OF_ORDER]
    from labhelpers.outcome import REFUSAL_CODES  # only who meets a refusal loads the policies

    response = getattr(error, "response", {}).get("Error", {})
    code, message = response.get("Code", ""), response.get("Message", "")
    cure = _HAS_RUN
    if code in REFUSAL_CODES:
        cure = f"lab.attempt(call, ...) shows why. {_OUT_OF_ORDER}"
    return [f"{getattr(error, 'operation_name', '')} says {code}: {message}", *at, cure]


def _line(shell: Any, trace: TracebackType | None) -> str:
    """The innermost line of a cell that led to the error, "" if none did."""
    found = ""
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_globals is shell.user_ns:
            found = linecache.getline(frame.f_code.co_filename, trace.tb_lineno).strip() or found
        trace = trace.tb_next
    return found
