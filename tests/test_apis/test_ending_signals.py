from __future__ import annotations

import signal
import threading

import pytest

from difftracker.apis.ending_signals import NAMES, EndingSignal, ending_signals

NUMBERS = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]


@pytest.mark.usefixtures('ending_by_default')
@pytest.mark.parametrize('number', NUMBERS)
def test_a_signal_interrupts_and_the_next_ones_wait(number):
    with pytest.raises(EndingSignal) as caught, ending_signals():
        try:
            signal.raise_signal(number)
        finally:
            for other in NUMBERS:
                signal.raise_signal(other)
    assert caught.value.number == number
    assert isinstance(caught.value, KeyboardInterrupt)
    assert {signal.getsignal(other) for other in NUMBERS} == {signal.SIG_DFL}


@pytest.mark.parametrize('kept', [signal.SIG_IGN, lambda number, frame: None])
def test_a_signal_that_is_ignored_or_handled_stays_so(kept):
    before = signal.signal(signal.SIGTERM, kept)
    try:
        with ending_signals():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is kept
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures('ending_by_default')
def test_another_thread_runs_without_handlers():
    done = []

    def work() -> None:
        with ending_signals():
            done.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [signal.SIG_DFL]
