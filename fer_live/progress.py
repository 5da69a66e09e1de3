"""Progress of a long run, and an estimate of the time left.

Progress is reported where the work is done, whether or not anybody displays it: `counted` and
`phase` do nothing unless a `Meter` was set up around them. The time left is extrapolated: each
expected phase has a weight, in any common unit, and the seconds per unit are measured on the way.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Phase:
    """A part of a run: its name, its share of the work, and how long it took if it has ended."""

    name: str
    weight: float
    seconds: float | None = None


class Meter:
    """One run, phase by phase.

    Args:
        changed: Called after every change.
        clock: Returns the time in seconds.
    """

    def __init__(
        self,
        changed: Callable[["Meter"], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._changed, self._clock = changed, clock
        self._phases: list[_Phase] = []
        self._running: _Phase | None = None
        self._begun = self._share = 0.0

    @property
    def name(self) -> str:
        """Name of the running phase; empty between phases."""
        return self._running.name if self._running else ""

    @property
    def is_running(self) -> bool:
        """Whether a phase has begun and not ended."""
        return self._running is not None

    def expect(self, name: str, weight: float) -> None:
        """Announce a phase that will come after those announced before."""
        self._phases.append(_Phase(name, weight))

    def begin(self, name: str) -> None:
        """Begin a phase; announced phases before it that have not begun are dropped."""
        open_ones = [phase for phase in self._phases if phase.seconds is None]
        place = next((k for k, phase in enumerate(open_ones) if phase.name == name), None)
        if place is None:
            self._running = _Phase(name, 0.0)
            done = len(self._phases) - len(open_ones)
            self._phases.insert(done, self._running)
        else:
            self._running = open_ones[place]
            for left_out in open_ones[:place]:
                self._phases.remove(left_out)
        self._begun, self._share = self._clock(), 0.0
        self._changed(self)

    def to(self, share: float) -> None:
        """Set how much of the running phase is done, in [0, 1]."""
        self._share = min(1.0, max(0.0, share))
        self._changed(self)

    def end(self) -> None:
        """End the running phase."""
        if self._running is not None:
            self._running.seconds = self._clock() - self._begun
            self._running, self._share = None, 0.0
            self._changed(self)

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take; None if it cannot be estimated yet."""
        ended = [phase for phase in self._phases if phase.seconds is not None]
        ahead = [phase for phase in self._phases if phase.seconds is None]
        left, spent = 0.0, sum(phase.seconds or 0.0 for phase in ended if phase.weight)
        units = sum(phase.weight for phase in ended)
        if self._running is not None:
            ahead.remove(self._running)
            now = self._clock() - self._begun
            if self._running.weight:
                spent, units = spent + now, units + self._running.weight * self._share
            if self._share:
                left = now * (1 - self._share) / self._share
            elif units:
                left = self._running.weight * spent / units
            else:
                return None
        to_come = sum(phase.weight for phase in ahead)
        if to_come and not units:
            return None
        return left + (to_come * spent / units if to_come else 0.0)

    @property
    def share(self) -> float:
        """How much of the whole run is done by weight, in [0, 1]."""
        whole = sum(phase.weight for phase in self._phases)
        if not whole:
            return self._share
        done = sum(phase.weight for phase in self._phases if phase.seconds is not None)
        return (done + (self._running.weight * self._share if self._running else 0.0)) / whole


_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered(meter: Meter) -> Generator[Meter]:
    """Make this the meter to which code run inside reports its progress."""
    token = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(token)


def expect(name: str, weight: float) -> None:
    """Announce a phase to the meter, if there is one; see `Meter.expect`."""
    if (meter := _meter.get()) is not None:
        meter.expect(name, weight)


@contextmanager
def phase(name: str) -> Generator[Callable[[float], None]]:
    """Run a phase, and yield a function that takes the share done; silent within another phase."""
    meter = _meter.get()
    if meter is None or meter.is_running:
        yield lambda _: None
        return
    meter.begin(name)
    try:
        yield meter.to
    finally:
        meter.end()


def counted(name: str, items: Iterable[T], count: int | None = None) -> Iterator[T]:
    """Yield the items, counting each as one step of a phase.

    Args:
        name: Of the phase.
        items: What is worked on.
        count: How many there are; None takes the length of `items`, which must then be a sequence.
    """
    total = len(items) if count is None and isinstance(items, Sequence) else count or 0
    with phase(name) as to:
        for done, item in enumerate(items):
            yield item
            to((done + 1) / max(total, done + 1))


@contextmanager
def part_of(to: Callable[[float], None], done: int, count: int) -> Generator[None]:
    """Count the phases inside as parts of one step, after `done` of `count` steps."""
    with metered(Meter(lambda inner: to((done + inner.share) / count))):
        yield
