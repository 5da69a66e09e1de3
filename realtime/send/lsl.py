"""Lab Streaming Layer: samples on LSL's clock, alongside EEG, eye trackers and others."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from fer_live.realtime.results import Track
from fer_live.realtime.send.message import Message

if TYPE_CHECKING:
    from pylsl import StreamOutlet

TYPE: Final = "Expression"
FIXED: Final = ("frame", "track", "x0", "y0", "x1", "y1", "confidence", "uncertain")
"""Channels before the probabilities of each label."""
ID: Final = "fer-live"


class LslChannel:
    """Two outlets, found by LabRecorder and any inlet on the network.

    `NAME`, type "Expression": one float sample per frame, with the channels of `FIXED` and one per
    label, for the face visible longest; NaN if there is none. `NAME-messages`, type "Messages": the
    complete message of each frame as JSON. A sample's time is that of the frame's capture, or, for
    a file, of sending.
    """

    def __init__(self, name: str = ID, labels: Sequence[str] = ()) -> None:
        """Open nothing yet.

        Args:
            name: Of the stream.
            labels: The model's labels.
        """
        self.name = f"lsl:{name}"
        self._stream = name
        self._labels = tuple(labels)
        self._samples: StreamOutlet | None = None
        self._messages: StreamOutlet | None = None

    def open(self) -> None:
        """Announce both streams."""
        from pylsl import IRREGULAR_RATE, StreamInfo, StreamOutlet, cf_string  # noqa: PLC0415

        names = [*FIXED, *self._labels]
        samples = StreamInfo(
            self._stream, TYPE, len(names), IRREGULAR_RATE, "float32", f"{ID}-{self._stream}"
        )
        channels = samples.desc().append_child("channels")
        for name in names:
            channels.append_child("channel").append_child_value("label", name)
        self._samples = StreamOutlet(samples)
        messages = f"{self._stream}-messages"
        self._messages = StreamOutlet(
            StreamInfo(messages, "Messages", 1, IRREGULAR_RATE, cf_string, f"{ID}-{messages}")
        )

    def send(self, message: Message) -> None:
        """Push one sample into both streams; LSL itself never waits for inlets."""
        from pylsl import local_clock  # noqa: PLC0415

        if self._samples is None or self._messages is None:
            return
        age_s = 0.0
        if message.captured_s is not None:
            age_s = time.monotonic() - message.captured_s
        moment = local_clock() - age_s
        self._samples.push_sample(self._sample(message), moment)
        self._messages.push_sample([message.text], moment)

    def close(self) -> None:
        """Remove both streams from the network."""
        self._samples = self._messages = None

    def abort(self) -> None:
        """Do nothing: pushing never waits."""

    def _sample(self, message: Message) -> list[float]:
        """Return the values of every channel."""
        tracks = message.result.tracks
        face = min(tracks, key=lambda track: track.track_id, default=None)
        frame = float(message.result.frame_index)
        if face is None:
            return [frame, *[float("nan")] * (len(FIXED) - 1 + len(self._labels))]
        return [frame, *_fixed(face), *(face.probabilities[name] for name in self._labels)]


def _fixed(track: Track) -> list[float]:
    """Return the values before the probabilities, without the frame's number."""
    box = [float(value) for value in track.face.box]
    return [float(track.track_id), *box, float(track.confidence), float(track.uncertain)]
