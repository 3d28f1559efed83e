"""SIGTERM and SIGINT: a run that trains saves first, anything else ends in one line."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any, ClassVar

STOPS = (signal.SIGTERM, signal.SIGINT)


class Stopped(Exception):  # noqa: N818
    """A signal came to a command that had noted it, and was free to clean up."""

    def __init__(self, number: int):
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.status = 128 + number


class DeferredSignals:
    """Notes the first SIGTERM or SIGINT within, rather than die of it.

    A second one ends a command that has a `Listener`; without one it raises
    `KeyboardInterrupt`.
    """

    def __init__(self):
        self.received = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "DeferredSignals":
        if Listener.current:
            Listener.current.deferred = self
        elif threading.current_thread() is threading.main_thread():
            self._before = {n: signal.signal(n, self._note) for n in STOPS}
        return self

    def _note(self, number: int, _frame: Any) -> None:
        if self.received:
            raise KeyboardInterrupt
        self.received = number

    def check(self) -> None:
        """Raises Stopped if a signal has come."""
        if self.received:
            raise Stopped(self.received)

    def __exit__(self, *_) -> None:
        if Listener.current:
            Listener.current.deferred = None
        for number, handler in self._before.items():
            signal.signal(number, handler)


class Listener:
    """Ends the process at a signal that is not deferred, with one line on stderr.

    A thread does so, since Python's handlers do not run while JAX compiles or computes.
    The exit status is 128 plus the signal's number. What is being saved is lost, as by
    a kill; what was saved is not.
    """

    current: ClassVar["Listener | None"] = None

    def __init__(self):
        self.deferred: DeferredSignals | None = None
        self.explain: Callable[[], str] = lambda: "nothing was begun"

    def __enter__(self) -> "Listener":
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._before = {n: signal.signal(n, lambda *_: None) for n in STOPS}
        self._woken = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        threading.Thread(target=self._listen, daemon=True).start()
        self._outer, Listener.current = Listener.current, self
        return self

    def __exit__(self, *_) -> None:
        Listener.current = self._outer
        signal.set_wakeup_fd(self._woken)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._write)

    def _listen(self) -> None:
        while got := os.read(self._read, 1):
            if (number := got[0]) not in STOPS:
                continue
            deferred = self.deferred
            if deferred is None or deferred.received:
                self._leave(number)
            else:
                deferred.received = number
        os.close(self._read)

    def _leave(self, number: int) -> None:
        name = signal.Signals(number).name
        # A progress bar hides the cursor, and leaves it in the bar's own line.
        clear = "\r\x1b[K\x1b[?25h" if os.isatty(2) else ""
        line = f"{clear}stopped by {name}: {self.explain()}\n"
        os.write(2, line.encode())
        os._exit(128 + number)


def _in_child() -> None:
    """A forked worker dies of a signal, and does not pass it on to this process."""
    if Listener.current:
        signal.set_wakeup_fd(-1)
        for number in STOPS:
            signal.signal(number, signal.SIG_DFL)


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_in_child)
