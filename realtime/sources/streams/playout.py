"""When to show each frame of a stream: at once, or evenly if the stream is segmented."""

from collections import deque
from typing import Final

PIECE_S: Final = 0.4
"""A picture that comes this much later than the one before it promised begins a new piece."""
PIECES: Final = 3
"""So many pieces within `MEMORY_S` are how a stream comes, and no hiccup of the network."""
MEMORY_S: Final = 30.0
MOST_BEHIND_S: Final = 60.0
"""A picture due later than this after it came has a timestamp from another clock."""
CATCH_UP_S: Final = 3.0
"""What is more behind than it need be, by this much, skips forward."""


class Playout:
    """Finds the moment at which each picture of a live stream is due.

    A stream that comes evenly is shown as it comes: the newest picture is the best one. HLS comes
    in segments of several seconds, each all at once; shown as they come, all but the last picture
    of each would be passed over. Such a stream is played by its own timestamps, as far behind as
    the latest picture of the last `MEMORY_S` was late (an adaptive jitter buffer, RFC 3550's
    playout delay by the maximum in place of the mean).

    Attributes:
        even: Whether pictures wait until they are due.
    """

    def __init__(self, *, even: bool, timestamps: bool = True) -> None:
        """Set the clock.

        Args:
            even: Whether the stream is known to come in pieces; otherwise that is found out.
            timestamps: Whether its timestamps are the sender's, and not made up on reading.
        """
        self.even = even
        self._timestamps = timestamps
        self._base_s: float | None = None
        self._latest: deque[tuple[float, float]] = deque()
        self._earliest_s = float("inf")
        self._pieces: deque[float] = deque()

    def due_s(self, media_s: float, arrived_s: float) -> float:
        """Return when a picture is due, on the clock of `arrived_s`; never before it came.

        Args:
            media_s: Its own time, never less than that of the picture before.
            arrived_s: When it came, on the monotonic clock.
        """
        if not self._timestamps:
            return arrived_s
        late_s = arrived_s - media_s
        self._remember(late_s, arrived_s)
        if not self.even:
            return arrived_s
        needed_s = self._latest[0][1]
        if self._base_s is None or late_s > self._base_s or self._base_s - needed_s > CATCH_UP_S:
            self._base_s = needed_s
        if media_s + self._base_s - arrived_s > MOST_BEHIND_S:
            self._base_s = late_s
        return max(arrived_s, media_s + self._base_s)

    def _remember(self, late_s: float, arrived_s: float) -> None:
        """Keep the latest arrivals of the last while, and count the pieces in it."""
        while self._latest and self._latest[-1][1] <= late_s:
            self._latest.pop()
        self._latest.append((arrived_s, late_s))
        while arrived_s - self._latest[0][0] > MEMORY_S:
            self._latest.popleft()
        if late_s > self._earliest_s + PIECE_S:
            self._pieces.append(arrived_s)
            self._earliest_s = late_s
        self._earliest_s = min(self._earliest_s, late_s)
        while self._pieces and arrived_s - self._pieces[0] > MEMORY_S:
            self._pieces.popleft()
        self.even = self.even or len(self._pieces) >= PIECES
