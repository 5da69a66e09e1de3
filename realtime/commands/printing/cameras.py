"""What `fer-live cameras` prints."""

import dataclasses
import json
from collections.abc import Sequence

import typer
from rich.console import Console

from fer_live.realtime.sources.cameras.devices import CameraInfo
from fer_live.realtime.sources.cameras.v4l2 import Mode
from fer_live.terminal.tables import plain_table

NOTHING = (
    "no camera is listed here: on Linux, check that it is plugged in and that /dev/video0 "
    "exists; other systems do not list cameras, so try fer-live --camera 0, then 1"
)


def show_cameras(found: Sequence[tuple[CameraInfo, Sequence[Mode]]], *, as_json: bool) -> None:
    """Print cameras with their modes, or a sentence where there is none.

    Args:
        found: Every camera, with what it offers.
        as_json: A list of objects in place of a table.
    """
    if as_json:
        typer.echo(
            json.dumps(
                [
                    {
                        "index": index_of(camera),
                        "place": camera.place,
                        "name": camera.name,
                        "modes": [dataclasses.asdict(mode) for mode in modes],
                    }
                    for camera, modes in found
                ],
                indent=2,
            )
        )
        return
    if not found:
        typer.echo(NOTHING, err=True)
        return
    table = plain_table("--camera", "device", "name", "sizes and highest rates")
    for camera, modes in found:
        table.add_row(index_of(camera), camera.place, camera.name, modes_line(modes))
    Console(markup=False).print(table)


def index_of(camera: CameraInfo) -> str:
    """Return what to give to `--camera`."""
    number = camera.place.removeprefix("/dev/video")
    return number if number.isdecimal() else camera.place


def modes_line(modes: Sequence[Mode]) -> str:
    """Return the modes of a camera, one line per encoding.

    >>> modes_line([Mode("MJPG", (1280, 720), 30.0), Mode("MJPG", (640, 480), 60.0)])
    'MJPG: 1280x720 at 30, 640x480 at 60'
    """
    lines: dict[str, list[str]] = {}
    for mode in modes:
        rate = "" if mode.fps is None else f" at {mode.fps:g}"
        size = "x".join(map(str, mode.size_wh))
        lines.setdefault(mode.coding, []).append(f"{size}{rate}")
    return "\n".join(f"{coding}: {', '.join(sizes)}" for coding, sizes in lines.items()) or "-"
