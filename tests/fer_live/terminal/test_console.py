"""What a terminal is given to show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.terminal.console import printable

pytestmark = pytest.mark.packages


@given(st.text(st.characters(exclude_categories=[])))
def test_a_terminal_obeys_nothing_that_is_shown(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    shown.encode("utf-8")


@given(st.text())
def test_what_can_be_shown_is_shown_as_it_is(text: str) -> None:
    if text.isprintable():
        assert printable(text) == text


def test_colours_line_breaks_and_foreign_bytes_are_written_as_escapes() -> None:
    assert printable("é\n\x1b[31m\u202e\udcff") == r"é\n\x1b[31m\u202e\udcff"
