"""XDF recordings made by hand, from the format's own description (github.com/sccn/xdf/wiki).

A file is "XDF:" and chunks: how many bytes the length takes, the length, a tag, and the content.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

FILE_HEADER, STREAM_HEADER, SAMPLES, CLOCK_OFFSET, STREAM_FOOTER = 1, 2, 3, 4, 6


@dataclass(frozen=True)
class MadeStream:
    """What is to be recorded: texts, or a number a sample, with times on the sender's own clock.

    `offset_s` is what has to be added to these for the recorder's clock, as it was measured at the
    sender's time 0 and grows by `drift` a second; None for never measured.
    """

    name: str
    kind: str
    samples: Sequence[str] | Sequence[float]
    times_s: Sequence[float]
    host: str = "lab"
    offset_s: float | None = 0.0
    drift: float = 0.0
    rate: float = field(default=0.0)


def write_xdf(path: Path, streams: Sequence[MadeStream]) -> Path:
    """Write a recording."""
    chunks = [_chunk(FILE_HEADER, b'<?xml version="1.0"?><info><version>1.0</version></info>')]
    for number, stream in enumerate(streams, start=1):
        at = struct.pack("<I", number)
        chunks.append(_chunk(STREAM_HEADER, at + _header(stream)))
        chunks.append(_chunk(SAMPLES, at + _samples(stream)))
        if stream.offset_s is not None:
            for then_s in range(0, 200, 5):
                offset_s = stream.offset_s + stream.drift * then_s
                # Measured on the recorder's clock, as the time of the measurement is.
                chunks.append(_chunk(CLOCK_OFFSET, at + struct.pack("<dd", then_s, offset_s)))
        chunks.append(_chunk(STREAM_FOOTER, at + b'<?xml version="1.0"?><info></info>'))
    path.write_bytes(b"XDF:" + b"".join(chunks))
    return path


def _header(stream: MadeStream) -> bytes:
    form = "string" if isinstance(stream.samples[0], str) else "double64"
    return (
        f'<?xml version="1.0"?><info><name>{stream.name}</name><type>{stream.kind}</type>'
        f"<channel_count>1</channel_count><nominal_srate>{stream.rate}</nominal_srate>"
        f"<channel_format>{form}</channel_format><source_id>{stream.name}</source_id>"
        f"<hostname>{stream.host}</hostname><desc/></info>"
    ).encode()


def _samples(stream: MadeStream) -> bytes:
    content = _length(len(stream.samples))
    for sample, time_s in zip(stream.samples, stream.times_s, strict=True):
        content += b"\x08" + struct.pack("<d", time_s)
        if isinstance(sample, str):
            text = sample.encode()
            content += _length(len(text)) + text
        else:
            content += struct.pack("<d", sample)
    return content


def _length(count: int) -> bytes:
    return b"\x04" + struct.pack("<I", count)


def _chunk(tag: int, content: bytes) -> bytes:
    return _length(len(content) + 2) + struct.pack("<H", tag) + content
