"""Streams of an XDF recording, such as LabRecorder writes, on one clock."""

import gzip
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError, FerLiveError

_CLOCK_OFFSET: Final = 4
"""Tag of a chunk with the offset of a stream's clock from the recorder's."""


@dataclass(frozen=True, slots=True)
class XdfStream:
    """One stream.

    Attributes:
        name: Its name.
        kind: Its type: "Markers", "EEG", "Expression" or any other.
        host: The machine that it came from.
        texts: The first channel of each sample, as text.
        times_s: The time of each, in seconds on the clock of the recording machine.
    """

    name: str
    kind: str
    host: str
    texts: tuple[str, ...]
    times_s: NDArray[np.float64]


def read_streams(path: Path, names: Sequence[str | None]) -> list[XdfStream]:
    """Return streams of a recording, their clocks corrected by the recorded offsets.

    Other streams, such as hours of EEG, are not loaded. Apart from that correction, times are as
    recorded: they are not moved to a regular rate.

    Args:
        path: An .xdf file.
        names: Of the streams, in any order; None for the only one of type "Markers".

    Raises:
        DataError: It cannot be read, a stream is missing or its name is not unique, or streams come
            from several machines whose clock offsets were not recorded.
    """
    try:
        from pyxdf import load_xdf  # noqa: PLC0415 (an extra)
        from pyxdf.pyxdf import parse_chunks, parse_xdf  # noqa: PLC0415
    except ImportError as error:
        raise DataError(
            "reading XDF needs pyxdf, which is not installed: pip install 'fer-live[xdf]'"
        ) from error
    with _told(path), _opened(path) as file:
        chunks = parse_xdf(file)
    with _told(path):
        there = parse_chunks(chunks)
    numbers = [int(_chosen(there, name, path)["stream_id"]) for name in names]
    with _told(path), _opened(path) as file:
        loaded, _ = load_xdf(file, select_streams=sorted(set(numbers)), dejitter_timestamps=False)
        found = {int(stream["info"]["stream_id"]): _stream(stream) for stream in loaded}
    streams = [found[number] for number in numbers]
    measured = {chunk["stream_id"] for chunk in chunks if chunk["tag"] == _CLOCK_OFFSET}
    if len({stream.host for stream in streams}) > 1:
        for stream, number in zip(streams, numbers, strict=True):
            if number not in measured:
                raise DataError(
                    f"{path}: {stream.name} comes from the machine {stream.host or 'unnamed'}, "
                    "others from elsewhere, and no clock offsets of it were recorded; its times "
                    "cannot be compared with theirs"
                )
    return streams


@contextmanager
def _told(path: Path) -> Generator[None]:
    """Turn errors of reading into a sentence; for a damaged file pyxdf may raise anything."""
    try:
        yield
    except FerLiveError:
        raise
    except OSError as error:
        reason = error.strerror.lower() if error.strerror else "it is not an XDF recording"
        raise DataError(f"{path} cannot be read: {reason}") from error
    except Exception as error:
        raise DataError(f"{path} cannot be read; it is damaged: {error}") from error


def _opened(path: Path) -> BinaryIO:
    """Open a recording, compressed or not."""
    if path.suffix == ".xdfz" or path.suffixes[-2:] == [".xdf", ".gz"]:
        return cast(BinaryIO, gzip.open(path))
    return path.open("rb")


def _chosen(there: Sequence[dict[str, Any]], name: str | None, path: Path) -> dict[str, Any]:
    """Return the one stream that matches."""
    if name is None:
        alike, which = [s for s in there if s["type"] == "Markers"], "of the type Markers"
    else:
        alike, which = [s for s in there if s["name"] == name], f"named {name!r}"
    if len(alike) == 1:
        return alike[0]
    told = ", ".join(f"{s['name']} ({s['type']})" for s in there) or "none"
    count = "no stream" if not alike else f"{len(alike)} streams"
    raise DataError(f"{path} has {count} {which}; name one; its streams: {told}")


def _stream(found: dict[str, Any]) -> XdfStream:
    """Convert a stream from pyxdf's representation."""
    info = found["info"]

    def word(key: str) -> str:
        return str((info.get(key) or [""])[0] or "")

    firsts = (sample[0] for sample in found["time_series"])
    return XdfStream(
        word("name"),
        word("type"),
        word("hostname"),
        tuple(first if isinstance(first, str) else _number(float(first)) for first in firsts),
        np.asarray(found["time_stamps"], np.float64),
    )


def _number(value: float) -> str:
    """Write a number as people do.

    >>> _number(3.0), _number(2.5)
    ('3', '2.5')
    """
    return str(int(value)) if value.is_integer() else str(value)
