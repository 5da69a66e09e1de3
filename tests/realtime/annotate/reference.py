"""What FFmpeg itself says of a clip, without any code of ours, and how a table is read."""

import csv
from pathlib import Path

import av


def reference_times(path: Path) -> list[float]:
    """Return the presentation time in seconds of every picture that can be decoded."""
    times_s = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        try:
            for picture in container.decode(stream):
                times_s.append(float(picture.time or 0.0))
        except av.FFmpegError:
            pass  # a damaged file: what came before counts
    return times_s


def table_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a .faces.csv."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def frame_times(rows: list[dict[str, str]]) -> list[float]:
    """Return the time of each frame of a table, once."""
    return [float(time_s) for time_s in {row["frame"]: row["time_s"] for row in rows}.values()]
