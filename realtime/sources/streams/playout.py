"""When to show each frame of a stream: on arrival, or at a constant delay if it is segmented."""

from collections import deque
from typing import Final

PIECE_S: Final = 0.4
"""A frame that arrives this much later than its timestamp implies starts a new segment."""
PIECES: Final = 3
"""So many segments within `MEMORY_S` show that a stream is segmented, not a network hiccup."""
MEMORY_S: Final = 30.0
MOST_BEHIND_S: Final = 60.0
"""If a frame is due later than this after its arrival, its timestamp is from another clock."""
CATCH_UP_S: Final = 3.0
"""If the delay exceeds the necessary one by this much, playback skips forward."""


class Playout:
    """Computes when each frame of a live stream is due.

    The frames of a continuous stream are shown on arrival: the newest one is the best. HLS delivers
    segments of several seconds at once; shown on arrival, all but the last frame of each would be
    skipped. Such a stream is played by its timestamps, delayed by the largest lateness within the
    last `MEMORY_S`: an adaptive jitter buffer, sized by the maximum rather than a mean like the
    interarrival jitter of RFC 3550.

    Attributes:
        even: Whether frames are held back until they are due.
    """

    def __init__(self, *, even: bool, timestamps: bool = True) -> None:
        """Start without any frames.

        Args:
            even: Whether the stream is known to be segmented; otherwise this is detected.
            timestamps: Whether the timestamps are the sender's, rather than made up by the reader.
        """
        self.even = even
        self._timestamps = timestamps
        self._base_s: float | None = None
        self._latest: deque[tuple[float, float]] = deque()
        self._earliest_s = float("inf")
        self._pieces: deque[float] = deque()

    def due_s(self, media_s: float, arrived_s: float) -> float:
        """Return when a frame is due, on the monotonic clock; never before its arrival.

        Args:
            media_s: Its timestamp in seconds, never less than that of the previous frame.
            arrived_s: Its arrival time on the monotonic clock.
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
        """Record how late a frame is, and count the segments within `MEMORY_S`."""
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
