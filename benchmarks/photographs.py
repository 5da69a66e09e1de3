"""300 photographs of 13 formats and some clips in one `fer-live annotate`, checked and timed.

    python -m benchmarks.photographs PHOTOGRAPHS... --clips a.mp4 b.mp4 --count 300

From the JPEGs given, photographs of 13 formats are made; nine of ten JPEGs among them lie on their
side or head, with an Exif orientation that says so. The rows of `pictures.csv` are counted against
a loop over `analyze_image`. An annotated picture stands upright if in no other position it is more
like the photograph before it was turned. Of both ways the processor's time is taken, in which
other programs have no part; the command's includes its start and the writing of everything, of
the photographs alone.
"""

import argparse
import csv
import os
import random
import resource
import subprocess
import sys
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
SMALL_PX: Final = 64


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


def annotated(folder: Path, out: Path) -> float:
    """Run the command; return the processor's time that it took, in seconds."""
    begun_s = used_s(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "fer_live.realtime", "annotate", str(folder)]
    subprocess.run([*command, "--out", str(out)], check=True, env=dict(os.environ))
    return used_s(resource.RUSAGE_CHILDREN) - begun_s


def looped(folder: Path, names: Sequence[str]) -> tuple[Counter[str], float]:
    """Return the faces of each photograph by `analyze_image`, and the processor's time for one."""
    from fer_live import analyze_image  # noqa: PLC0415 (heavy)

    begun_s = used_s(resource.RUSAGE_SELF)
    faces = Counter({name: len(analyze_image(folder / name).tracks) for name in names})
    return faces, (used_s(resource.RUSAGE_SELF) - begun_s) / len(names)


def used_s(whose: int) -> float:
    """Return the processor's time that was used so far, in which other programs have no part."""
    usage = resource.getrusage(whose)
    return usage.ru_utime + usage.ru_stime


def lying(out: Path, upright: dict[str, PIL.Image.Image]) -> list[str]:
    """Return the photographs whose annotated picture does not look as it did before turning."""
    found = []
    for name, before in upright.items():
        (path,) = out.glob(f"{name}.annotated.*")
        with PIL.Image.open(path) as opened:
            drawn = opened.convert("L")
        one, *others = (
            np.asarray(each.resize((SMALL_PX, SMALL_PX)), float).ravel()
            for each in (before, drawn, *(drawn.transpose(turn) for turn in TURNED.values()))
        )
        likeness = [float(np.corrcoef(one, other)[0, 1]) for other in others]
        if drawn.size != before.size or likeness[0] < max(likeness):
            found.append(name)
    return found


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
    if len(wanted.photographs) < wanted.count:
        given = len(wanted.photographs)
        parser.error(f"{wanted.count} photographs are to be made of {given}; give more, or --count")
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
        print(f"upright: {len(upright) - len(lying(mixed, upright))} of {len(upright)}")
        print(
            f"a photograph: {1000 * ours_s:.0f} ms in one command, {1000 * loop_s:.0f} in a loop "
            f"over analyze_image: {loop_s / ours_s:.1f} times as fast"
        )


if __name__ == "__main__":
    main()
