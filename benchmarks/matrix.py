"""Container x video codec x sound codec x peculiarity: which files come out right.

    python -m benchmarks.matrix --jobs 4 --markdown docs/results/matrix.md
    python -m benchmarks.matrix --quick --only mkv

The command ffmpeg writes and judges the files. The status is 1 if any comes out wrong.
"""

import argparse
import collections
import multiprocessing
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from fer_live.terminal.markdown import markdown_table
from tests.matrix.cells import Cell, all_cells, quick_cells
from tests.matrix.checks import hold
from tests.matrix.generator import write
from tests.support.tiny_models import tiny_bytes

RIGHT, NOT_MADE = "right", "not made"
INTRODUCTION = """\
# Difficult files

Every combination of video and audio codec in every container, then every peculiarity with every
video codec: streams that start late, B-frames, variable frame rate, rotation, non-square pixels,
full range, interlacing. The command `ffmpeg` writes each file, with four colours, a flash and a
beep. Table and annotated video are checked with `ffmpeg` and `ffprobe`: number of frames, times
(within 1.1 ms, Matroska's rounding), orientation and colours of the picture (24 levels, after two
lossy encoders), aspect ratio, and the offset between beep and flash (20 ms).

`python -m benchmarks.matrix --jobs 4 --markdown docs/results/matrix.md` writes this page.
`tests/matrix/` tests the same: part of it in `make test`, all of it in `make test-long`.

"""


def main(arguments: Sequence[str]) -> int:
    """Try the cells; print what is wrong, and a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only those that `make test` tries")
    parser.add_argument("--verbose", action="store_true", help="name the right ones too")
    parser.add_argument("--only", default="", help="only names with this in them")
    parser.add_argument("--jobs", type=int, default=1, help="so many at once")
    parser.add_argument("--markdown", type=Path, help="write the table there")
    options = parser.parse_args(arguments)
    cells = quick_cells() if options.quick else list(all_cells())
    cells = [cell for cell in cells if options.only in str(cell)]
    verdicts: dict[Cell, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "tiny.onnx")
        model.write_bytes(tiny_bytes())
        context = multiprocessing.get_context("spawn")  # a fork would copy MediaPipe's locks
        with ProcessPoolExecutor(options.jobs, context) as pool:
            tried = pool.map(verdict, cells, repeat(Path(folder)), repeat(str(model)))
            for cell, said in zip(cells, tried, strict=True):
                verdicts[cell] = said
                if options.verbose or said != RIGHT:
                    print(f"{cell}: {said}", flush=True)
    table = as_markdown(verdicts)
    print(table)
    if options.markdown:
        options.markdown.write_text(INTRODUCTION + table, encoding="utf-8")
    return int(
        any(verdict not in {RIGHT} and NOT_MADE not in verdict for verdict in verdicts.values())
    )


def verdict(cell: Cell, folder: Path, model: str) -> str:
    """Return "right", or what is wrong, or that such a file cannot be made."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        try:
            source = write(cell, Path(own))
        except RuntimeError as error:
            return f"{NOT_MADE}: {str(error).splitlines()[0]}"
        try:
            hold(cell, source, Path(own, "out"), model)
        except Exception as error:  # whatever goes wrong is the verdict
            return f"{type(error).__name__}: {error}"
    return RIGHT


def as_markdown(verdicts: dict[Cell, str]) -> str:
    """Return how many files of each container and peculiarity are right, and name the others."""
    count: dict[tuple[str, str], list[int]] = collections.defaultdict(lambda: [0, 0])
    for cell, said in verdicts.items():
        if NOT_MADE not in said:
            count[cell.container, cell.variant][0] += said == RIGHT
            count[cell.container, cell.variant][1] += 1
    variants = list(dict.fromkeys(variant for _, variant in count))
    rows = []
    for container in dict.fromkeys(container for container, _ in count):
        cells = [count.get((container, variant)) for variant in variants]
        told = ["" if c is None else f"{c[0]} of {c[1]}" for c in cells]
        rows.append((container, *told))
    made = sum(total for _, total in count.values())
    right = sum(fine for fine, _ in count.values())
    lines = [markdown_table(("container", *variants), rows), "", f"{made} files, {right} right."]
    lines += [f"- {cell}: {said}" for cell, said in verdicts.items() if said != RIGHT]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
