"""What a key asks for, by the codes that OpenCV's window gives on X."""

import string
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.realtime.sinks.desktop.keys import KEYS, OTHER_LAYOUTS, Key, key_of

x_only = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="other systems give other codes"
)
FIRST_FUNCTION_KEY, LAST_FUNCTION_KEY = 0xFE00, 0xFFFF
"""X's keysyms of arrows, keypad, function keys, modifiers and dead keys."""
KOI8_PAGE = 0x600


@x_only
@given(st.integers(FIRST_FUNCTION_KEY, LAST_FUNCTION_KEY))
def test_arrows_and_other_keys_without_a_letter_ask_for_nothing_but_escape(code: int) -> None:
    assert key_of(code) == (Key.QUIT if code == 0xFF1B else None)


@given(st.integers(-1, 0x01FFFFFF))
def test_no_code_fails_and_only_known_letters_mean_something(code: int) -> None:
    key = key_of(code)
    if 0x20 <= code < 0x7F:
        assert key == KEYS.get(chr(code).lower())


@pytest.mark.parametrize("letter", string.ascii_letters)
def test_letters_count_small_and_large(letter: str) -> None:
    assert key_of(ord(letter)) == KEYS.get(letter.lower())


@x_only
@pytest.mark.parametrize(
    ("latin", "cyrillic"),
    [
        ("q", "йЙ"),
        ("p", "зЗ"),
        ("s", "ыі"),
        ("r", "кК"),
        ("b", "иИ"),
        ("m", "ьЬ"),
        ("h", "\u0440\u0420"),
    ],
)
def test_a_cyrillic_layout_has_the_same_keys_by_old_and_new_codes(
    latin: str, cyrillic: str
) -> None:
    for letter in cyrillic:
        assert key_of(KOI8_PAGE | letter.encode("koi8-u")[0]) == KEYS[latin]
        assert key_of(0x01000000 | ord(letter)) == KEYS[latin]


def test_no_letter_of_another_layout_stands_for_two_keys() -> None:
    letters = "".join(OTHER_LAYOUTS.values())
    assert len(set(letters)) == len(letters)
    assert letters == letters.lower()
