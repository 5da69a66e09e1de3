"""Streams from the network: RTSP, HTTP (motion JPEG, HLS, MPEG-TS), UDP, RTMP."""

import itertools
import logging
import time
from collections.abc import Iterator

from fer_live.errors import SourceError
from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.sources.addresses import SCHEMES, public_name, typed
from fer_live.realtime.sources.connection import Connection, Patience
from fer_live.realtime.sources.latest import Paced
from fer_live.realtime.sources.pixels import RgbConverter
from fer_live.realtime.sources.source import BaseSource

_log = logging.getLogger(__name__)


def open_stream(url: str, *, patience: Patience | None = None) -> BaseSource:
    """Open what an address sends, and stay with it when it breaks off.

    A live stream counts time from its first picture, by this machine's clock. One that announces
    how long it lasts is played at its own speed, by its own times, and not tried again. Passwords
    and secrets in the address are left out of every name and message.

    Args:
        url: rtsp://, http(s)://, rtmp://, udp://, srt:// or tcp://, with user:password@ if need be.
        patience: How long to wait for what.

    Raises:
        SourceError: There is no answer, it is refused, or it is no video.
    """
    url = typed(url)
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in sorted(SCHEMES))
        raise SourceError(f"{public_name(url)} is not an address that can be opened; use {known}")
    stream = StreamSource(url, patience or Patience())
    return Paced(stream) if stream.finite else stream


class StreamSource(BaseSource):
    """The pictures of a stream; made by `open_stream`."""

    def __init__(self, url: str, patience: Patience) -> None:
        super().__init__()
        self._url, self._name, self._patience = url, public_name(url), patience
        self._losses, self._away_s = 0, 0.0
        self._lost_s: float | None = None
        self._connection = Connection(url, patience, self._closing)
        self._to_rgb = RgbConverter(self._connection.view)
        self._info = self._connection.describe()

    @property
    def info(self) -> SourceInfo:
        """What the stream said of itself when it was first reached."""
        return self._info

    @property
    def finite(self) -> bool:
        """Whether it says how long it lasts, as a recording does."""
        return self._info.duration_s is not None

    @property
    def fault(self) -> str | None:
        """A sentence on how often the stream was lost so far; None when never."""
        if not self._losses:
            return None
        if self.finite:
            return f"{self._name} broke off before its end; everything before that was kept"
        times = "once" if self._losses == 1 else f"{self._losses} times"
        lost_s = self._lost_s  # copied: the reading thread may take it away meanwhile
        still_s = 0.0 if lost_s is None else time.monotonic() - lost_s
        return f"{self._name} was lost {times}, for {self._away_s + still_s:.1f} s in all"

    def _read(self) -> Iterator[Frame]:
        """Yield pictures; on a loss, try again with growing pauses."""
        first_s = self._connection.picture_s
        index = itertools.count()
        while True:
            for time_s, picture in self._connection.pictures():
                captured_s = self._connection.picture_s
                shown_s = time_s if self.finite else captured_s - first_s
                yield Frame(next(index), shown_s, self._to_rgb(picture), captured_s)
            if self._closing.is_set() or (self.finite and self._connection.came_to_its_end):
                return
            self._losses += 1
            if self.finite:
                return
            self._reconnect()

    def _reconnect(self) -> None:
        """Connect again, with growing pauses.

        Raises:
            SourceError: It did not come back in time, or the source is being closed.
        """
        last_s, pause_s = self._connection.picture_s, self._patience.pause_s
        self._lost_s = last_s
        self._connection.close()
        while True:
            _log.warning("%s was lost; trying again in %g s", self._name, pause_s)
            self._closing.wait(pause_s)
            try:
                self._connection = Connection(self._url, self._patience, self._closing)
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
                self._away_s += self._connection.picture_s - last_s
                return
            pause_s = min(2 * pause_s, self._patience.longest_pause_s)

    def _release(self) -> None:
        """Hang up."""
        self._connection.close()
