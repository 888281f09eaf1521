"""When a run's process ends without close(): a signal, the kernel's shutdown, an interrupted cell,
the interpreter's end. Each of them closes the lab, as far as there is time. A process that was
forked from it inherits all of them, and its end is no end of the run."""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from labhelpers.account.cleanup.farewell import Farewell
from labhelpers.account.state.threads import at_fork

#: As far as the system has them. SIGBREAK is what Windows makes of a closed console.
_SIGNALS = ("SIGTERM", "SIGHUP", "SIGBREAK")
#: Seconds that a process goes on after a signal at most; `docker stop` gives ten.
_AFTER_SIGNAL = 8.0


class Occasions:
    """Watches from now on until remove(). `farewell` is for when there is little time, `close`
    removes everything; `shell` is IPython's where there is one."""

    def __init__(self, farewell: Farewell, close: Callable[[], None], shell: Any = None) -> None:
        self._farewell, self._close, self._shell = farewell, close, shell
        self._before: dict[int, Any] = {}
        self._ending = self._shut_down = False
        self._process = os.getpid()
        self._held_back = threading.local()
        at_fork(self)
        atexit.register(self._close_telling)
        self._watch_signals()
        if shell is not None:
            shell.events.register("post_run_cell", self._after_cell)
            if shell.has_trait("exit_now"):  # ipykernel's: its shutdown message has come
                shell.observe(self._at_shutdown, "exit_now")

    def remove(self) -> None:
        """Leave everything as it was before."""
        atexit.unregister(self._close_telling)
        if threading.current_thread() is threading.main_thread():
            for number, before in self._before.items():
                if signal.getsignal(number) == self._on_signal:
                    signal.signal(number, before)
            self._before = {}
        if self._shell is not None:
            with suppress(ValueError):
                self._shell.events.unregister("post_run_cell", self._after_cell)
            if self._shell.has_trait("exit_now"):
                self._shell.unobserve(self._at_shutdown, "exit_now")
            self._shell = None

    @property
    def is_ending(self) -> bool:
        """Whether the process has been told to end."""
        return self._ending or self._shut_down

    @property
    def _is_forked(self) -> bool:
        return os.getpid() != self._process

    def forking(self) -> None:
        """Hold signals back: one that comes early to a new process would be lost on our handler,
        for Python forgets there what has come (PyOS_AfterFork_Child)."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, self._before)
        self._held_back.numbers = self._before.keys() - before

    def has_forked(self) -> None:
        """Let them through again."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._held_back.numbers)

    def forked(self) -> None:
        """In a forked process: its signals and its end do what they do without a lab."""
        self.remove()
        self.has_forked()

    def _watch_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # Python lets nobody else
        for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)):
            before = signal.getsignal(number)
            if before not in (None, signal.SIG_IGN):  # under nohup it ends nothing
                self._before[number] = before
                signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Clean up, then do what this signal did before. The second one does that at once.

        In threads: the one that was interrupted may hold what is needed, and is waited for then.
        """
        if not (self._ending or self._is_forked):
            self._ending = True
            _in_thread(self._farewell.say, 2.5)
            # After its message Jupyter waits for us, and the other sweep has begun long ago.
            if not (self._shut_down and self._farewell.goes_on()):
                _in_thread(self._close, _AFTER_SIGNAL)
        before = self._before[number]
        if callable(before):
            before(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    def _at_shutdown(self, change: Any) -> None:
        if change["new"] and not self._is_forked:
            self._shut_down = True
            _quietly(self._farewell.say)

    def _after_cell(self, result: Any) -> None:
        if isinstance(result.error_in_exec, KeyboardInterrupt) and not self._is_forked:
            print("Interrupted: removing what this notebook has created.")
            self._close_telling()

    def _close_telling(self) -> None:
        if self._is_forked:
            return
        try:
            self._close()
        except Exception as error:  # nobody is left to catch it; the journal remembers
            if not self._farewell.goes_on():  # what is left here, it may be removing right now
                print(f"The lab could not clean up: {error}")


def _in_thread(work: Callable[[], None], seconds: float) -> None:
    with suppress(RuntimeError):  # the interpreter is ending: close() is under way
        thread = threading.Thread(target=_quietly, args=(work,), daemon=True)
        thread.start()
        thread.join(seconds)


def _quietly(work: Callable[[], None]) -> None:
    with suppress(Exception):  # nobody is left to read it; the journal remembers
        work()
