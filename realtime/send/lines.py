"""JSON lines on standard output, for the next program in a pipe."""

import os
import sys

from fer_live.realtime.send.channel import UnreachableError
from fer_live.realtime.send.message import Message


class LinesChannel:
    """One message a line on standard output."""

    name = "standard output"

    def open(self) -> None:
        """Nothing has to be reached."""

    def send(self, message: Message) -> None:
        """Write a line, past Python's own buffer so that it is there at once.

        Raises:
            UnreachableError: Nobody reads any more.
        """
        line = (message.text + "\n").encode()
        try:
            while line:
                line = line[os.write(sys.stdout.fileno(), line) :]
        except BrokenPipeError as error:
            raise UnreachableError("the program that reads has ended") from error

    def close(self) -> None:
        """Standard output stays open."""

    def abort(self) -> None:
        """A program that never reads is left waiting: the process ends without it."""
