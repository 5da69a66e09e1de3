"""What options are read as."""

import pytest
import typer

from fer_live.realtime.commands.cli_options import size_of


def test_a_size_is_width_and_height() -> None:
    assert size_of("640x480") == size_of("640X480") == (640, 480)
    assert size_of(None) is None


@pytest.mark.parametrize("text", ["640", "640x", "0x480", "axb", "640x480x3"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write it like 1280x720"):
        size_of(text)
