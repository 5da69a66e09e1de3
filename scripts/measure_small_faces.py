"""How many small faces are found within a second, and whether faces are seen where there are none.

    python scripts/measure_small_faces.py CLIP... --markdown docs/benchmarks/small-faces.md

Each CLIP is a video without a face. The finder is the live one, as shipped.
"""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice, product
from pathlib import Path

from fer_live.realtime.bench.small_faces import Place, faces_in, look_for_portrait
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.results import Frame
from fer_live.realtime.sources import open_video

WIDTHS_PX = (32, 48, 64, 100)
SIZES_WH = ((1280, 720), (1920, 1080))


def first_frames(clip: Path, count: int) -> list[Frame]:
    """Decode the first frames of a clip."""
    with open_video(clip) as source:
        return list(islice(source, count))


def head(places: int, clips: int) -> list[str]:
    """Return what stands above the tables."""
    return [
        "# Small faces",
        "",
        "Written by `scripts/measure_small_faces.py`, "
        f"{datetime.now(UTC).date().isoformat()}, fer-live {version('fer-live')}.",
        "",
        f"The portrait of `fer_live.realtime.demo_clip` at {places} seeded places a row, before "
        f"{clips} clips without a face in turn. Width: hull of the landmarks. Found: a face "
        "overlaps it with an IoU of at least 0.4 within one second of video, counted from the "
        "first frame, search as shipped, live. False faces: faces elsewhere, in any frame.",
        "",
    ]


def row(size_wh: tuple[int, int], width_px: int, places: list[Place]) -> str:
    """Return one line of the table."""
    times_s = sorted(place.found_s for place in places if place.found_s is not None)
    median = f"{times_s[len(times_s) // 2]:.2f}" if times_s else "-"
    false_faces = sum(place.false_faces for place in places)
    return (
        f"| {size_wh[0]}x{size_wh[1]} | {width_px} | {len(times_s)} of {len(places)} "
        f"| {100 * len(times_s) / len(places):.1f} % | {median} | {false_faces} |"
    )


def main() -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--places", type=int, default=40, help="for each size")
    parser.add_argument("--frames", type=int, default=300, help="of a clip, searched for no face")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    clips = {clip.name: first_frames(clip, options.frames) for clip in options.clips}
    lines = [
        *head(options.places, len(clips)),
        "| picture | face, px | found | part | median, s | false faces |",
        "|---|---|---|---|---|---|",
    ]
    record: list[dict[str, object]] = []
    for size_wh, width_px in product(SIZES_WH, WIDTHS_PX):
        with open_finder(FaceSettings(), live=True) as finder:
            places = look_for_portrait(finder, clips, size_wh, width_px, options.places)
        record += [asdict(place) for place in places]
        lines.append(row(size_wh, width_px, places))
        print(lines[-1], flush=True)
    lines += ["", "| clip | picture | frames | false faces |", "|---|---|---|---|"]
    for name, frames in clips.items():
        for size_wh in SIZES_WH:
            with open_finder(FaceSettings(), live=True) as finder:
                seen = faces_in(finder, frames, size_wh)
            lines.append(f"| {name} | {size_wh[0]}x{size_wh[1]} | {len(frames)} | {len(seen)} |")
            print(lines[-1], flush=True)
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
