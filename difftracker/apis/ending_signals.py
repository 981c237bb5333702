"""Signals that ask the command to end.

Only the standard library is imported, so that `difftracker --help` answers at once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Windows has no SIGHUP.
NAMES = ('SIGTERM', 'SIGHUP')


class EndingSignal(KeyboardInterrupt):
    """A signal has asked the run to end; whatever keeps its work when it is interrupted keeps it now, too.

    Args:
        number: Number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def ending_signals() -> Iterator[None]:
    """Turns SIGTERM and SIGHUP into an exception while the block runs.

    After the first of them both are ignored until the block is left: a terminal that closes, or a machine that shuts
    down, sends several, and the next must not cut off what the first makes the run write. A signal that has a handler
    or is ignored, as `nohup` asks for, keeps to that.

    Raises:
        EndingSignal: One of them came.
    """
    if threading.current_thread() is not threading.main_thread():
        # Python lets no other thread set handlers.
        yield
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    numbers = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]

    def end(number: int, frame: FrameType | None) -> None:
        for other in numbers:
            signal.signal(other, signal.SIG_IGN)
        raise EndingSignal(number)

    try:
        for number in numbers:
            signal.signal(number, end)
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
