"""Drawing each face: its box, a caption, and its probabilities as bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from fer_live.arrays import Image
from fer_live.realtime.overlay.drawing.colours import (
    FAINT,
    INK,
    PAPER,
    TROUGH,
    UNCERTAIN,
    Colour,
    colour_of,
    ink_on,
)
from fer_live.realtime.overlay.drawing.placing import (
    beside_edges,
    beside_sides,
    least_covering,
    near_edges,
    uncovering,
)
from fer_live.realtime.overlay.drawing.shapes import Rect, fill, frame
from fer_live.realtime.overlay.drawing.style import Style, face_style, picture_style
from fer_live.realtime.overlay.drawing.text import text_width, write
from fer_live.realtime.results import Box, Track

CARD_OPACITY: Final = 0.72
"""Of the dark ground under bars: writing on it reads on any picture, which still shines through."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A face, the text of its tag, and the positions of both.

    Attributes:
        track: The face.
        box: Its frame, within the picture.
        style: Sizes of its captions.
        words: Label, confidence and number, as far as they fit into the picture.
        place: The tag, with a strip of probabilities at its end towards the face; None if a crowd
            leaves no room for it.
    """

    track: Track
    box: Rect
    style: Style
    words: tuple[str, ...]
    place: Rect | None

    @property
    def colour(self) -> Colour:
        """Colour of frame and tag: the label's, unless it is uncertain."""
        return UNCERTAIN if self.track.uncertain else colour_of(self.track.label)


def draw_faces(
    picture: Image, tracks: Sequence[Track], labels: Sequence[str], *, taken: Sequence[Rect] = ()
) -> None:
    """Draw a box and a label for every face in `picture`, which is changed.

    A face with room at its side gets a bar for each label there, any other a strip of all
    probabilities in its tag. Tags never cover one another: in a crowd they contain less, and the
    last faces only get a box in their label's colour.

    Args:
        picture: (H, W, 3) uint8.
        tracks: The faces, in pixels of `picture`.
        labels: What component k of the probabilities means.
        taken: Areas already used for other text.
    """
    size_wh = (picture.shape[1], picture.shape[0])
    tags = placed_tags(tracks, size_wh, taken=taken)
    boxes = [tag.box for tag in tags]
    for tag in tags:
        frame(picture, tag.box, tag.colour, line_px=tag.style.line_px, dashed=tag.track.uncertain)
    occupied = [*taken, *boxes, *_places(tags)]
    for tag in tags:
        if tag.place is None:
            continue
        style = tag.style.small
        places = beside_sides(tag.box, _bars_size(style, labels), tag.style.gap_px)
        tall_enough = tag.box.height >= places[0].height / 2
        panel = uncovering(places, size_wh, others=occupied) if tall_enough else None
        if panel is not None:
            occupied.append(panel)
            _draw_bars(picture, panel, tag, labels)
        _draw_tag(picture, tag, tag.place, labels, strip=panel is None)


def placed_tags(
    tracks: Sequence[Track], size_wh: tuple[int, int], *, taken: Sequence[Rect] = ()
) -> list[Tag]:
    """Return a tag for each face, none of which covers another or what is `taken`."""
    boxes = [_within(track.face.box, size_wh) for track in tracks]
    tags: list[Tag] = []
    for track, box in zip(tracks, boxes, strict=True):
        writing = [*taken, *_places(tags)]
        tags.append(_tag(track, box, size_wh, faces=boxes, writing=writing))
    return tags


def _places(tags: Sequence[Tag]) -> list[Rect]:
    """Return where tags are."""
    return [tag.place for tag in tags if tag.place is not None]


def _within(box: Box, size_wh: tuple[int, int]) -> Rect:
    """Return a face's box in whole pixels, clipped to the picture."""
    xs = np.clip(np.round((box.x0, box.x1)), 0, size_wh[0]).astype(int).tolist()
    ys = np.clip(np.round((box.y0, box.y1)), 0, size_wh[1]).astype(int).tolist()
    return Rect(xs[0], ys[0], xs[1], ys[1])


def _tag(
    track: Track,
    box: Rect,
    size_wh: tuple[int, int],
    *,
    faces: Sequence[Rect],
    writing: Sequence[Rect],
) -> Tag:
    """Choose the text of a face's tag, and find a place for it."""
    style = face_style(picture_style(*size_wh), track.face.box)
    label = f"{track.label}?" if track.uncertain else track.label
    words: tuple[str, ...] = (label, f"{track.confidence:.0%}", f"#{track.track_id}")
    while len(words) > 1 and _words_width(words, style) > size_wh[0]:
        words = words[:-1]
    gap = style.line_px + 1
    while words:
        size = (_words_width(words, style), style.row_px + _strip_px(style))
        places = [*beside_edges(box, size, gap), *near_edges(box, size, gap)]
        place = least_covering(places, size_wh, faces=faces, writing=writing)
        if place is not None:
            return Tag(track, box, style, words, place)
        words = words[:-1]
    return Tag(track, box, style, words, None)


def _words_width(words: Sequence[str], style: Style) -> int:
    """Return the width of a tag with this text."""
    sizes = (style.text_px, style.text_px, style.small.text_px)
    written = sum(text_width(word, size) for word, size in zip(words, sizes, strict=False))
    return written + (len(words) + 1) * style.gap_px


def _strip_px(style: Style) -> int:
    """Return the height of the strip of probabilities with its dark outline."""
    return max(4, round(0.34 * style.text_px))


def _draw_tag(picture: Image, tag: Tag, place: Rect, labels: Sequence[str], *, strip: bool) -> None:
    """Draw a tag; without the strip it is lower, and remains at the face."""
    style = tag.style
    above = place.y1 <= tag.box.y0
    if not strip:
        lower = _strip_px(style)
        place = (
            place._replace(y0=place.y0 + lower) if above else place._replace(y1=place.y1 - lower)
        )
    radius = style.gap_px
    fill(picture, place.grown(1), INK, radius=radius + 1, opacity=CARD_OPACITY)
    name = place._replace(y1=place.y0 + style.row_px)
    fill(picture, name, tag.colour, radius=radius)
    ink = ink_on(tag.colour)
    x = name.x0 + style.gap_px
    sizes = (style.text_px, style.text_px, style.small.text_px)
    for word, size in zip(tag.words, sizes, strict=False):
        write(picture, x, name.middle_y, word, size, ink)
        x += text_width(word, size) + style.gap_px
    if strip:
        rim = max(1, _strip_px(style) // 4)
        ends = (place.x0 + radius, place.x1 - radius)
        trough = Rect(ends[0], name.y1 + rim, ends[1], place.y1 - rim)
        _draw_strip(picture, trough, labels, tag.track)


def _draw_strip(picture: Image, place: Rect, labels: Sequence[str], track: Track) -> None:
    """Draw all probabilities as one strip, with lengths in proportion."""
    ends = place.x0 + np.cumsum([0.0, *track.steady.tolist()]) * place.width
    edges = np.minimum(np.round(ends), place.x1).astype(int).tolist()
    for label, x0, x1 in zip(labels, edges, edges[1:], strict=False):
        fill(picture, place._replace(x0=x0, x1=x1), colour_of(label))


def _bars_size(style: Style, labels: Sequence[str]) -> tuple[int, int]:
    """Return the width and height of a panel with a bar for each label."""
    names = max(text_width(label, style.text_px) for label in labels)
    width = _edge_px(style) + names + _bar_px(style) + 4 * style.gap_px
    return width, len(labels) * _bar_row_px(style) + style.gap_px


def _edge_px(style: Style) -> int:
    """Return the width of the coloured edge that says whose bars these are."""
    return max(2, style.line_px)


def _bar_px(style: Style) -> int:
    """Return the length of a full bar."""
    return 4 * style.text_px


def _bar_row_px(style: Style) -> int:
    """Return the height of a bar's row."""
    return round(1.22 * style.text_px)


def _draw_bars(picture: Image, place: Rect, tag: Tag, labels: Sequence[str]) -> None:
    """Draw a bar for each label, an edge in the tag's colour towards the face."""
    style, track = tag.style.small, tag.track
    fill(picture, place, INK, radius=style.gap_px, opacity=CARD_OPACITY)
    left_of_face = place.x1 <= tag.box.x0
    edge_px = _edge_px(style)
    inset = style.gap_px // 2 + edge_px
    edge_x = place.x1 - inset if left_of_face else place.x0 + inset - edge_px
    edge = Rect(edge_x, place.y0 + inset, edge_x + edge_px, place.y1 - inset)
    fill(picture, edge, tag.colour, radius=edge_px // 2)
    name_x = place.x0 + style.gap_px + (0 if left_of_face else inset)
    bar_x0 = name_x + place.width - 2 * style.gap_px - inset - _bar_px(style)
    row, thick = _bar_row_px(style), max(3, round(0.42 * style.text_px))
    for number, (label, value) in enumerate(zip(labels, track.steady.tolist(), strict=True)):
        y0 = place.y0 + style.gap_px // 2 + number * row
        middle = y0 + row // 2
        name_colour = PAPER if label == track.label else FAINT
        write(picture, name_x, middle, label, style.text_px, name_colour)
        top = middle - thick // 2
        bar = Rect(bar_x0, top, bar_x0 + _bar_px(style), top + thick)
        fill(picture, bar, TROUGH, radius=thick // 2)
        length = round(value * bar.width)
        fill(picture, bar._replace(x1=bar_x0 + length), colour_of(label), radius=thick // 2)
