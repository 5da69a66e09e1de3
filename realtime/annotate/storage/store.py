"""The interface of the store for the outputs of a run; here a local folder."""

from pathlib import Path

from fer_live.realtime.annotate.fingerprint import sha256_of_output


class OutputStore:
    """A store for the outputs of a run: a local folder, in which they are created and kept.

    Attributes:
        folder: The folder.
        name: Name of the store in messages.
        address: Address that outputs are uploaded to, without a password; None for a folder.
    """

    address: str | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = str(folder)

    def has(self, path: Path) -> bool:
        """Return whether an output exists in the store.

        Args:
            path: Its path in `folder`.
        """
        return path.exists()

    def checksum(self, path: Path) -> str:
        """Return the SHA-256 digest of an existing output, in hex."""
        return sha256_of_output(path)

    def fetch(self, path: Path) -> None:
        """Download an output to `folder`, if it exists in the store."""

    def send(self, path: Path) -> None:
        """Upload an output from `folder` to the store."""

    def clear_slices(self, folder: Path) -> None:
        """Remove the slices of a file where they are not in the folder itself."""

    def told(self, path: Path) -> Path:
        """Return the path or address of an output for the report."""
        return path
