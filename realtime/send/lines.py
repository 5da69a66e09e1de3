"""JSON lines on standard output, for the next program in a pipe."""

import os
import sys

from fer_live.realtime.send.channel import UnreachableError
from fer_live.realtime.send.message import Message


class LinesChannel:
    """One message a line on standard output."""

    name = "standard output"

    def open(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def send(self, message: Message) -> None:
        """Write a line, bypassing Python's buffer so that it arrives at once.

        Raises:
            UnreachableError: The reader is gone.
        """
        line = (message.text + "\n").encode()
        try:
            while line:
                line = line[os.write(sys.stdout.fileno(), line) :]
        except BrokenPipeError as error:
            raise UnreachableError("the program that reads has ended") from error

    def close(self) -> None:
        """Do nothing: standard output stays open."""

    def abort(self) -> None:
        """Do nothing: the process ends even if the program never reads."""
