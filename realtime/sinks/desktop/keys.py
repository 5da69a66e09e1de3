"""Key presses: from the codes of `cv2.waitKeyEx` to actions.

Whole codes are compared. `cv2.waitKey` cuts them to eight bits, which turns the up arrow into an R.
"""

import sys
from enum import Enum
from typing import Final


class Key(Enum):
    """The action of a key; the value is its description in the help."""

    QUIT = "quit; so does Escape"
    PAUSE = "pause"
    SAVE = "save a picture"
    RECORD = "record"
    BLUR = "blur faces"
    MIRROR = "mirror"
    NEUTRAL = "record the resting expression (3 s)"
    STRIP = "the last 30 seconds"
    HELP = "this help"


KEYS: Final = {
    "q": Key.QUIT,
    "p": Key.PAUSE,
    "s": Key.SAVE,
    "r": Key.RECORD,
    "b": Key.BLUR,
    "m": Key.MIRROR,
    "n": Key.NEUTRAL,
    "t": Key.STRIP,
    "h": Key.HELP,
}
"""The keys; Escape quits as well, and capitals work too."""

OTHER_LAYOUTS: Final = {
    "q": "йضๆქ",
    "p": "зπפحยპ",
    "s": "ыіσדسหს",
    "r": "кρרقพრ",
    "b": "иβנذิბﻻ",
    "m": "ьμצةپทმ",
    "n": "тνמىืნ",
    "t": "еτאفะტ",
    "h": "рηיا้ჰ",
}
"""Letters that other layouts have on the same keys: Russian with Ukrainian, Belarusian and Kazakh;
Greek; Hebrew; Arabic and Persian; Thai; Georgian. Taken from xkeyboard-config. A letter that two
layouts have on different keys is assigned to the more widely used one; Greek and Hebrew have none
on the Q, so there Escape is the key to quit."""

_ESCAPES: Final = frozenset({0x1B, 0xFF1B})
_LATIN_OF: Final = {
    letter: latin for latin, letters in OTHER_LAYOUTS.items() for letter in letters
} | {latin: latin for latin in KEYS}
_CODEPAGES: Final = {
    0x00: "latin-1",
    0x05: "iso8859-6",
    0x06: "koi8-u",
    0x07: "iso8859-7",
    0x0C: "iso8859-8",
    0x0D: "iso8859-11",
}
"""X's older keysyms are letters of these code pages, by their upper byte (X11/keysymdef.h)."""
_UNICODE_KEYSYM: Final = 0x01000000
"""X's newer keysyms are this and the letter's number in Unicode."""


def key_of(code: int) -> Key | None:
    """Return the action for a key code of `cv2.waitKeyEx`; None for no key or an unused one."""
    if code < 0:
        return None
    if code in _ESCAPES:
        return Key.QUIT
    latin = _LATIN_OF.get(_letter(code).lower())
    return None if latin is None else KEYS[latin]


def _letter(code: int) -> str:
    """Return the letter for a key code; "" for arrows and other keys without one.

    X returns keysyms, macOS Unicode, Windows characters of its code page and, for keys without a
    character, their number times 65,536.
    """
    if sys.platform == "darwin":
        return chr(code) if code <= sys.maxunicode else ""
    if sys.platform == "win32":
        return bytes([code]).decode("mbcs", errors="ignore") if 0 < code < 0x100 else ""  # noqa: PLR2004 (a byte)
    if _UNICODE_KEYSYM <= code <= _UNICODE_KEYSYM + sys.maxunicode:
        return chr(code - _UNICODE_KEYSYM)
    page = _CODEPAGES.get(code >> 8)
    return "" if page is None else bytes([code & 0xFF]).decode(page, errors="ignore")
