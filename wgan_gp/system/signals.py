"""SIGTERM and SIGINT: training saves a checkpoint first; anything else ends at once.

A command opens a `Listener` for its whole duration. Code that must clean up before it
stops, such as the training loop, opens `DeferredSignals` within it and looks at
`received` between its steps.
"""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any, ClassVar

STOPS = (signal.SIGTERM, signal.SIGINT)


class Stopped(Exception):  # noqa: N818
    """`DeferredSignals.check` found a signal; the code that catches it may clean up."""

    def __init__(self, number: int):
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.status = 128 + number


_END = 0  # no signal's number: ends the thread of a `Listener`


class DeferredSignals:
    """Defers the first SIGTERM or SIGINT in the `with` block.

    `received` becomes its number, and the block decides when to stop. A second signal
    ends the command at once if it has a `Listener`; otherwise it raises
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
        """Raises Stopped if a signal has been received."""
        if self.received:
            raise Stopped(self.received)

    def __exit__(self, *_) -> None:
        if Listener.current:
            Listener.current.deferred = None
        for number, handler in self._before.items():
            signal.signal(number, handler)


class Listener:
    """Ends the process at a signal that is not deferred, with one line on stderr.

    A thread does this, because Python runs no signal handlers while JAX compiles or
    computes. The exit status is 128 plus the signal's number. A checkpoint that is
    being written is lost, as after SIGKILL; finished checkpoints are not affected.

    Attributes:
      explain: `() -> text`. What is saved and how to resume, for the line on stderr;
        called when a signal ends the process. Commands replace it as they proceed.
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
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        self._outer, Listener.current = Listener.current, self
        return self

    def __exit__(self, *_) -> None:
        Listener.current = self._outer
        signal.set_wakeup_fd(self._woken)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        # The thread ends before Python does: if it collects garbage while Python shuts
        # down, JAX's arrays among it end the process with SIGABRT.
        os.write(self._write, bytes([_END]))
        self._thread.join()
        os.close(self._write)

    def _listen(self) -> None:
        while (number := os.read(self._read, 1)[0]) != _END:
            if number not in STOPS:
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
    """Restores default signal handling in a forked worker of the data loader.

    Otherwise its signals would reach the pipe of the parent's `Listener`.
    """
    if Listener.current:
        signal.set_wakeup_fd(-1)
        for number in STOPS:
            signal.signal(number, signal.SIG_DFL)


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_in_child)
