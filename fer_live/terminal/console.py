"""How the three commands report errors and handle signals."""

import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import typer

from fer_live.errors import FerLiveError, SettingsError
from fer_live.files import disk_fault
from fer_live.system_errors import MEMORY_RAN_OUT, missing_library, ran_out_of_memory

IMPATIENT: Final = (signal.SIGINT, signal.SIGTERM)
INTERRUPTED: Final = 130
"""128 plus the number of SIGINT: what a shell reports for a command ended by Ctrl-C."""


@contextmanager
def plain_errors(command: str) -> Generator[None]:
    """Turn an error that the user can fix into one line and an exit status.

    The status is 2 if an option makes no sense, as for one that cannot be parsed, 130 after
    Ctrl-C, as shells expect, and 1 for everything else.

    Args:
        command: The name that begins the line, such as "fer-live".
    """
    try:
        yield
    except FerLiveError as error:
        tell_error(command, str(error))
        raise typer.Exit(2 if isinstance(error, SettingsError) else 1) from error
    except (ImportError, MemoryError, OSError, RuntimeError) as error:
        sentence = MEMORY_RAN_OUT if ran_out_of_memory(error) else missing_library(error)
        if sentence is None and isinstance(error, OSError):
            sentence = disk_fault(error)
        if sentence is None:
            raise
        tell_error(command, sentence)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        tell_error(command, "stopped")
        raise typer.Exit(INTERRUPTED) from error


def tell_error(command: str, sentence: str) -> None:
    """Write one line to stderr, in red if the terminal may be coloured."""
    color = None if may_colour() else False
    typer.secho(f"{command}: {printable(sentence)}", err=True, fg="red", color=color)


def may_colour() -> bool:
    """Whether a terminal may be coloured: neither NO_COLOR (no-color.org) nor TERM=dumb."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in {"dumb", "unknown"}


def printable(text: str) -> str:
    """Return text that a terminal displays but never interprets as a command.

    File names may contain anything: line breaks, sequences that move the cursor or recolour what
    follows, marks that change the direction of writing, bytes that are not UTF-8. Each such
    character is written as its escape sequence.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


class ToldToStop:
    """Whether the process was told to stop, and by which signal.

    Attributes:
        by: Number of the first signal; None while there was none.
    """

    def __init__(self) -> None:
        self.by: int | None = None

    def __call__(self) -> bool:
        """Return whether it was."""
        return self.by is not None


@contextmanager
def stop_signals(*, impatient: bool = True) -> Generator[ToldToStop]:
    """Turn the first Ctrl-C or SIGTERM into a flag that a loop can check.

    Files are then closed between two frames and never in the middle of a write. A second signal
    raises KeyboardInterrupt, for users who do not want to wait. Closing the terminal (SIGHUP) sets
    the flag too, unless it is ignored, as under `nohup`; it never raises, even if sent twice. To
    be used on the main thread.

    Args:
        impatient: Whether a second signal raises; not where the end takes no longer than seconds,
            and an exception at any line of an event loop would be reported as a fault.
    """
    told = ToldToStop()

    def tell(number: int, frame: FrameType | None) -> None:
        if impatient and told() and number in IMPATIENT:
            raise KeyboardInterrupt
        told.by = told.by or number

    hangup = getattr(signal, "SIGHUP", None)  # Windows has no SIGHUP
    closed = [] if hangup is None or signal.getsignal(hangup) == signal.SIG_IGN else [hangup]
    with _handled_by(tell, *IMPATIENT, *closed):
        yield told


@contextmanager
def _handled_by(
    handler: Callable[[int, FrameType | None], None], *signals: signal.Signals
) -> Generator[None]:
    """Set the handler of signals, and restore the old ones afterwards."""
    before = [signal.signal(number, handler) for number in signals]
    try:
        yield
    finally:
        for number, old in zip(signals, before, strict=True):
            signal.signal(number, old)
