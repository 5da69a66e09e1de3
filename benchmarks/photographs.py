"""300 photographs of 13 formats and some clips in one `fer-live annotate`, checked and timed.

    python benchmarks/photographs.py PHOTOGRAPHS... --clips a.mp4 b.mp4 --count 300

From the JPEGs given, photographs of 13 formats are made, every tenth of them lying on its side
with an Exif orientation that says so. The rows of `pictures.csv` are counted against a loop over
`analyze_image`, which is timed too; whether an annotated picture stands upright is told by its
likeness to the photograph before it was turned. The command's time includes its start and the
writing of everything; photographs alone are timed, without the clips.
"""

import argparse
import csv
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import PIL.Image

FORMATS: Final = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".avif": "AVIF",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".ppm": "PPM",
    ".pgm": "PPM",
    ".jp2": "JPEG2000",
    ".gif": "GIF",
    ".heic": "HEIF",
}
TURNED: Final = {
    3: PIL.Image.Transpose.ROTATE_180,
    6: PIL.Image.Transpose.ROTATE_90,
    8: PIL.Image.Transpose.ROTATE_270,
}
"""How a photograph lies that an Exif orientation sets upright."""
ORIENTATION: Final = 0x0112
TURN_EVERY: Final = 10
ENLARGED: Final = 3
UPRIGHT_FROM: Final = 0.8


def make(originals: Sequence[Path], count: int, folder: Path) -> dict[str, PIL.Image.Image]:
    """Write photographs of all formats; return each upright, by its name."""
    upright = {}
    chosen = random.Random(0).sample(list(originals), count)
    for index, original in enumerate(chosen):
        suffix = list(FORMATS)[index % len(FORMATS)]
        with PIL.Image.open(original) as opened:
            picture = opened.convert("L" if suffix == ".pgm" else "RGB")
        picture = picture.resize((ENLARGED * picture.width, ENLARGED * picture.height))
        name = f"{index:03}{suffix}"
        upright[name] = picture.convert("L")
        if suffix in (".jpg", ".jpeg", ".jfif") and index % TURN_EVERY:
            orientation = list(TURNED)[index % len(TURNED)]
            exif = PIL.Image.Exif()
            exif[ORIENTATION] = orientation
            picture.transpose(TURNED[orientation]).save(folder / name, FORMATS[suffix], exif=exif)
        else:
            picture.save(folder / name, FORMATS[suffix])
    return upright


def annotated(folder: Path, out: Path, *more: Path) -> float:
    """Run the command; return how long it took, in seconds."""
    begun_s = time.perf_counter()
    command = [sys.executable, "-m", "fer_live.realtime", "annotate", str(folder), *map(str, more)]
    subprocess.run([*command, "--out", str(out)], check=True, env=dict(os.environ))
    return time.perf_counter() - begun_s


def looped(folder: Path, names: Sequence[str]) -> tuple[Counter[str], float]:
    """Return the faces of each photograph by `analyze_image`, and the seconds for one."""
    from fer_live import analyze_image  # noqa: PLC0415 (heavy)

    begun_s = time.perf_counter()
    faces = Counter({name: len(analyze_image(folder / name).tracks) for name in names})
    return faces, (time.perf_counter() - begun_s) / len(names)


def standing(out: Path, upright: dict[str, PIL.Image.Image]) -> int:
    """Return how many annotated pictures look like their photograph before it was turned."""
    count = 0
    for name, before in upright.items():
        (path,) = out.glob(f"{name}.annotated.*")
        with PIL.Image.open(path) as opened:
            drawn = opened.convert("L")
        if drawn.size == before.size:
            pair = [np.asarray(each, float).ravel() for each in (before, drawn)]
            count += bool(np.corrcoef(pair[0], pair[1])[0, 1] > UPRIGHT_FROM)
    return count


def counted(table: Path) -> tuple[Counter[str], int]:
    """Return the rows with a face of each source, and how many sources there are."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Counter(r["source"] for r in rows if r["track"]), len({r["source"] for r in rows})


def main() -> None:
    """Make, run, check and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", nargs="+", type=Path)
    parser.add_argument("--clips", nargs="*", default=[], type=Path)
    parser.add_argument("--count", type=int, default=300)
    wanted = parser.parse_args()
    from pillow_heif import register_heif_opener  # noqa: PLC0415 (an extra)

    register_heif_opener()
    with TemporaryDirectory() as place:
        folder, out = Path(place, "in"), Path(place, "out")
        folder.mkdir()
        upright = make(wanted.photographs, wanted.count, folder)
        ours_s = annotated(folder, out) / len(upright)
        for clip in wanted.clips:
            (folder / clip.name).symlink_to(clip.resolve())
        mixed = Path(place, "mixed")
        annotated(folder, mixed)
        found, sources = counted(mixed / "pictures.csv")
        due, loop_s = looped(folder, list(upright))
        clips = sum((mixed / f"{clip.name}.annotated.mp4").exists() for clip in wanted.clips)
        print(f"{sources} of {len(upright)} photographs and {clips} of {len(wanted.clips)} clips")
        wrong = sorted(name for name in upright if found[name] != due[name])
        print(f"faces: {found.total()} rows, {due.total()} by analyze_image; differ: {wrong}")
        print(f"upright: {standing(mixed, upright)} of {len(upright)}")
        print(
            f"a photograph: {1000 * ours_s:.0f} ms in one command, {1000 * loop_s:.0f} in a loop "
            f"over analyze_image: {loop_s / ours_s:.1f} times as fast"
        )


if __name__ == "__main__":
    main()
