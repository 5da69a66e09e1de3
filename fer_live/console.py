"""What the three commands share: how they fail."""

from collections.abc import Generator
from contextlib import contextmanager

import typer

from fer_live.errors import FerLiveError


@contextmanager
def plain_errors(command: str) -> Generator[None]:
    """Turn an error that the user can put right into one line and exit status 1.

    Args:
        command: The name that the line begins with, such as "fer-live".
    """
    try:
        yield
    except FerLiveError as error:
        typer.secho(f"{command}: {error}", err=True, fg="red")
        raise typer.Exit(1) from error
