"""Read frames from network streams: RTSP, HTTP (Motion JPEG, HLS, MPEG-TS), UDP, RTMP, SRT."""

import itertools
import logging
import time
from collections.abc import Iterator
from typing import Final

from fer_live.arrays import Image
from fer_live.errors import SourceError
from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.sources.latest import Paced
from fer_live.realtime.sources.pixels import RgbConverter, fitted
from fer_live.realtime.sources.source import BaseSource, silence
from fer_live.realtime.sources.streams.addresses import SCHEMES, public_name, typed
from fer_live.realtime.sources.streams.connection import Connection, Patience, Transport

TOLD_BEHIND_S: Final = 0.5
"""Shortest delay that is logged."""

_log = logging.getLogger(__name__)


def open_stream(
    url: str, *, patience: Patience | None = None, transport: Transport = "auto"
) -> BaseSource:
    """Open a network stream; if the connection is lost, reconnect.

    The times of a live stream count from its first frame, by this machine's clock. A stream that
    announces its duration, a recording, is played at normal speed by its own timestamps, and ends
    where it ends. Passwords and other secrets in the address never appear in names or messages.

    Args:
        url: rtsp://, http(s)://, rtmp://, udp://, srt:// or tcp://, with user:password@ if needed.
        patience: Timeouts for connecting, reading and reconnecting.
        transport: Transport of RTSP.

    Raises:
        SourceError: The server does not answer or refuses, or the stream is not a video.
    """
    url = typed(url)
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in sorted(SCHEMES))
        raise SourceError(f"{public_name(url)} is not an address that can be opened; use {known}")
    stream = StreamSource(url, patience or Patience(), transport=transport)
    return Paced(stream) if stream.finite else stream


class StreamSource(BaseSource):
    """The frames of a stream; created by `open_stream`."""

    def __init__(self, url: str, patience: Patience, *, transport: Transport = "auto") -> None:
        super().__init__()
        self._url, self._name, self._patience = url, public_name(url), patience
        self._transport: Transport = transport
        self._losses, self._away_s = 0, 0.0
        self._lost_s: float | None = None
        self._told_behind, self._most_behind_s = False, 0.0
        self._told_sizes: set[tuple[int, int]] = set()
        self._connection = self._connect()
        self._to_rgb = RgbConverter(self._connection.view)
        self._info = self._connection.describe()

    @property
    def info(self) -> SourceInfo:
        """The properties that the stream announced when first connected."""
        return self._info

    @property
    def finite(self) -> bool:
        """Whether the stream announces its duration, as a recording does."""
        return self._info.duration_s is not None

    @property
    def trouble(self) -> str | None:
        """Why no frames are arriving at the moment; None while they are."""
        lost_s, waiting_s = self._lost_s, self._connection.waiting_s  # another thread may change
        if lost_s is not None:
            return f"lost {time.monotonic() - lost_s:.0f} s ago, reconnecting"
        return silence(waiting_s)

    @property
    def behind_s(self) -> float:
        """Delay added for smooth playback, in seconds."""
        return self._connection.behind_s

    @property
    def fault(self) -> str | None:
        """A sentence on how often the stream was lost; None if it never was."""
        if not self._losses:
            return None
        if self.finite:
            return f"{self._name} broke off before its end; everything before that was kept"
        times = "once" if self._losses == 1 else f"{self._losses} times"
        lost_s = self._lost_s  # copied: the reading thread may reset it meanwhile
        still_s = 0.0 if lost_s is None else time.monotonic() - lost_s
        return f"{self._name} was lost {times}, for {self._away_s + still_s:.1f} s in all"

    def _connect(self) -> Connection:
        return Connection(self._url, self._patience, self._closing, transport=self._transport)

    def _read(self) -> Iterator[Frame]:
        """Yield frames; reconnect after a loss."""
        first_s: float | None = None
        index = itertools.count()
        while True:
            for time_s, picture in self._connection.pictures(live=not self.finite):
                captured_s = self._connection.picture_s
                first_s = captured_s if first_s is None else first_s
                shown_s = time_s if self.finite else captured_s - first_s
                self._log_delay()
                if not self.held:
                    rgb = self._fitted(self._to_rgb(picture))
                    yield Frame(next(index), shown_s, rgb, captured_s)
            if self._closing.is_set() or (self.finite and self._connection.ended):
                return
            self._losses += 1
            if self.finite:
                return
            self._reconnect()

    def _fitted(self, rgb: Image) -> Image:
        """Return the frame scaled to the announced size; log each deviating size once."""
        promised_wh, given_wh = self._info.size_wh, (rgb.shape[1], rgb.shape[0])
        others = {*self._to_rgb.other_sizes, given_wh} - {promised_wh}
        for size_wh in others - self._told_sizes:
            wanted, given = ("x".join(map(str, wh)) for wh in (promised_wh, size_wh))
            _log.warning("%s now sends %s; shown whole within %s", self._name, given, wanted)
        self._told_sizes |= others
        return rgb if given_wh == promised_wh else fitted(rgb, promised_wh)

    def _log_delay(self) -> None:
        """Log the delay of a segmented stream once, after its first segment."""
        behind_s = self._connection.behind_s
        if behind_s < self._most_behind_s - TOLD_BEHIND_S and not self._told_behind:
            self._told_behind = True
            _log.warning(
                "%s comes in pieces: it is shown up to %.1f s late, so that it runs evenly",
                self._name,
                self._most_behind_s,
            )
        self._most_behind_s = max(behind_s, self._most_behind_s)

    def _reconnect(self) -> None:
        """Reconnect, with growing pauses between attempts.

        Raises:
            SourceError: The stream did not come back in time, or the source is being closed.
        """
        last_s, pause_s = self._connection.picture_s, self._patience.pause_s
        self._lost_s = last_s
        self._connection.close()
        while True:
            _log.warning("%s was lost; trying again in %g s", self._name, pause_s)
            self._closing.wait(pause_s)
            try:
                self._connection = self._connect()
            except SourceError as error:
                if self._closing.is_set():
                    raise
                if time.monotonic() - last_s > self._patience.give_up_s:
                    raise SourceError(
                        f"{self._name} was lost and did not come back within "
                        f"{self._patience.give_up_s:g} s: {error}"
                    ) from error
            else:
                self._lost_s = None
                self._to_rgb = RgbConverter(self._connection.view)
                self._away_s += self._connection.picture_s - last_s
                return
            pause_s = min(2 * pause_s, self._patience.longest_pause_s)

    def _release(self) -> None:
        """Disconnect."""
        self._connection.close()
