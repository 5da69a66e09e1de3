"""What the three commands share: how they fail, and how they are stopped."""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

import typer

from fer_live.errors import FerLiveError
from fer_live.libraries import missing_library


@contextmanager
def plain_errors(command: str) -> Generator[None]:
    """Turn an error that the user can put right into one line and exit status 1.

    Args:
        command: The name that the line begins with, such as "fer-live".
    """
    try:
        yield
    except FerLiveError as error:
        tell_error(command, str(error))
        raise typer.Exit(1) from error
    except (ImportError, OSError) as error:
        sentence = missing_library(error)
        if sentence is None:
            raise
        tell_error(command, sentence)
        raise typer.Exit(1) from error


def tell_error(command: str, sentence: str) -> None:
    """Write one red line to stderr."""
    typer.secho(f"{command}: {sentence}", err=True, fg="red")


@contextmanager
def stop_signals() -> Generator[Callable[[], bool]]:
    """Turn the first Ctrl-C or SIGTERM into a question that a loop may ask: was I told to stop?

    Files are then closed between two frames and never in the middle of a write. A second signal
    raises KeyboardInterrupt, for whoever does not want to wait. To be used on the main thread.
    """
    told = False

    def tell(number: int, frame: FrameType | None) -> None:
        nonlocal told
        if told:
            raise KeyboardInterrupt
        told = True

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, tell) for number in signals]
    try:
        yield lambda: told
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
