"""What a run asks of the place for its outputs; here a folder of this machine."""

from pathlib import Path

from fer_live.realtime.annotate.fingerprint import sha256_of_output


class OutputStore:
    """A folder in which outputs are made and stay.

    Attributes:
        folder: The folder.
        name: What people call the place.
        address: The address that outputs are sent to, without a password; None for a folder.
    """

    address: str | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = str(folder)

    def has(self, path: Path) -> bool:
        """Whether an output is there.

        Args:
            path: In the folder.
        """
        return path.exists()

    def checksum(self, path: Path) -> str:
        """Return the sha256 of an output that is there, in hex."""
        return sha256_of_output(path)

    def fetch(self, path: Path) -> None:
        """Have in the folder what is there, to be read; nothing where there is none."""

    def send(self, path: Path) -> None:
        """Put there what was made in the folder."""

    def clear_slices(self, folder: Path) -> None:
        """Remove the slices of a file where they are not in the folder itself."""

    def told(self, path: Path) -> Path:
        """Return what the path of an output is to whoever reads the report."""
        return path
