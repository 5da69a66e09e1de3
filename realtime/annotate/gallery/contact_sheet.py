"""Contact sheets: many annotated pictures on one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import PIL.ImageOps

from fer_live.realtime.annotate.inputs.jobs import CONTACT_SHEET
from fer_live.realtime.annotate.workspace import disk_errors
from fer_live.realtime.sources import Limits, read_picture

COLUMNS: Final = 10
ROWS: Final = 10
CELL_PX: Final = 180
CAPTION_PX: Final = 18
GAP_PX: Final = 6
GROUND: Final = (250, 250, 250)
INK: Final = (40, 40, 40)
QUALITY: Final = 85
_LETTER_PX: Final = 12


@dataclass(frozen=True, slots=True)
class DrawnPicture:
    """One picture of a sheet.

    Attributes:
        picture: The annotated picture.
        name: What is written below it.
    """

    picture: Path
    name: str


def write_contact_sheets(out: Path, shown: Sequence[DrawnPicture]) -> tuple[Path, ...]:
    """Write `out`/contact-sheet-001.jpg and so on, a hundred pictures each; return where.

    Sheets of an earlier run that had more pictures are removed.

    Raises:
        SourceError: An annotated picture cannot be read.
        SinkError: The disk refuses.
    """
    sheets = []
    for first in range(0, len(shown), COLUMNS * ROWS):
        part, number = shown[first : first + COLUMNS * ROWS], first // (COLUMNS * ROWS) + 1
        path = out / f"{CONTACT_SHEET}{number:03}.jpg"
        with disk_errors(path):
            _sheet(part).save(path, quality=QUALITY)
        sheets.append(path)
    for old in set(out.glob(f"{CONTACT_SHEET}*.jpg")) - set(sheets):
        with disk_errors(old):
            old.unlink()
    return tuple(sheets)


def _sheet(shown: Sequence[DrawnPicture]) -> Any:
    """Return one sheet, no higher than its pictures need."""
    rows = -(-len(shown) // COLUMNS)
    columns = min(COLUMNS, len(shown))
    width, height = CELL_PX + GAP_PX, CELL_PX + CAPTION_PX + GAP_PX
    sheet = PIL.Image.new("RGB", (columns * width + GAP_PX, rows * height + GAP_PX), GROUND)
    writing = PIL.ImageDraw.Draw(sheet)
    font = PIL.ImageFont.load_default(_LETTER_PX)
    for one, (x, y) in zip(shown, _corners(width, height), strict=False):
        small = _small(one.picture)
        left, top = (CELL_PX - small.width) // 2, (CELL_PX - small.height) // 2
        sheet.paste(small, (x + left, y + top))
        writing.text((x, y + CELL_PX + 2), _fitting(one.name, writing, font), INK, font)
    return sheet


def _corners(width: int, height: int) -> Iterator[tuple[int, int]]:
    """Yield where the pictures begin, row by row."""
    for row in range(ROWS):
        for column in range(COLUMNS):
            yield GAP_PX + column * width, GAP_PX + row * height


def _small(path: Path) -> Any:
    """Return a picture that fits into a cell; a JPEG is not decoded in full for it."""
    with PIL.Image.open(path) if path.suffix in (".jpg", ".jpeg") else _whole(path) as opened:
        opened.draft("RGB", (2 * CELL_PX, 2 * CELL_PX))
        return PIL.ImageOps.contain(opened.convert("RGB"), (CELL_PX, CELL_PX))


def _whole(path: Path) -> Any:
    """Return a picture of any format, decoded; it was within the limits when it was read."""
    return PIL.Image.fromarray(read_picture(path, Limits(megapixels=float("inf"))))


def _fitting(name: str, writing: Any, font: Any) -> str:
    """Shorten a name from its beginning until it fits below a picture."""
    name = name.encode("utf-8", "replace").decode()
    if writing.textlength(name, font) <= CELL_PX:
        return name
    while name and writing.textlength("..." + name, font) > CELL_PX:
        name = name[1:]
    return "..." + name
