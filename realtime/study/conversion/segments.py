"""Intervals in which a face has the same label."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fer_live.realtime.sinks.table_reader import read_table

LONGEST_GAP_S: Final = 0.5
"""A face that was away for longer than this starts a new segment."""
USUAL_FRAME_S: Final = 0.04


@dataclass(slots=True)
class Segment:
    """A period in which one face has one label.

    Attributes:
        track: Number of the face.
        label: Its label.
        uncertain: Whether the label is uncertain.
        start_s: Start, on the table's clock.
        end_s: End, on the table's clock.
    """

    track: int
    label: str
    uncertain: bool
    start_s: float
    end_s: float

    @property
    def shown(self) -> str:
        """The label, with a question mark if it is uncertain."""
        return f"{self.label}?" if self.uncertain else self.label


def read_segments(table: Path) -> list[Segment]:
    """Return the segments of every face, by face and time.

    A frame lasts until the next frame of the file; the last as long as the one before it.

    Raises:
        DataError: The table cannot be read.
    """
    columns, rows = read_table(table)
    wanted = [columns.index(name) for name in ("time_s", "track", "label", "uncertain")]
    cells = [[row[k] for k in wanted] for row in rows]
    times = sorted({float(str(time)) for time, *_ in cells})
    until = dict(zip(times, [*times[1:], _end(times)], strict=True)) if times else {}
    found: dict[int, list[Segment]] = {}
    for time, track, label, uncertain in cells:
        if track not in (None, ""):
            start_s = float(str(time))
            end_s = min(until[start_s], start_s + LONGEST_GAP_S)
            new = Segment(int(str(track)), str(label), str(uncertain) == "1", start_s, end_s)
            _append(found.setdefault(new.track, []), new)
    return [segment for track in sorted(found) for segment in found[track]]


def by_time(segments: Iterable[Segment]) -> list[Segment]:
    """Return the segments of all faces in order of time."""
    return sorted(segments, key=lambda each: (each.start_s, each.track))


def _append(segments: list[Segment], new: Segment) -> None:
    """Add a frame to a face's segments: to the last one if nothing changed."""
    last = segments[-1] if segments else None
    same = last is not None and (last.label, last.uncertain) == (new.label, new.uncertain)
    if last is not None and same and new.start_s - last.end_s <= LONGEST_GAP_S:
        last.end_s = new.end_s
    else:
        segments.append(new)


def _end(times: Sequence[float]) -> float:
    """Return when the last frame ends."""
    frame_s = times[-1] - times[-2] if len(times) > 1 else USUAL_FRAME_S
    return times[-1] + frame_s
