"""Outputs at an address that fsspec knows, such as s3://bucket/results."""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from fer_live.errors import SettingsError, SinkError
from fer_live.realtime.annotate.fingerprint import sha256_of_file
from fer_live.realtime.annotate.inputs.jobs import SUMMARY, is_crop
from fer_live.realtime.annotate.slices.folders import is_slice
from fer_live.realtime.annotate.storage.store import OutputStore
from fer_live.realtime.annotate.summary import read_summary

_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_WITHOUT_FOLDERS: Final = frozenset(
    {"s3", "s3a", "gs", "gcs", "az", "abfs", "adl", "oci", "memory"}
)
"""Stores of objects: a folder is there as soon as something lies in it."""
_PASSWORD: Final = re.compile(r"(?<=:)//[^/@]*@")


def is_address(out: str | Path) -> bool:
    """Whether outputs are to go to an address and not to a folder.

    >>> is_address("s3://bucket/results"), is_address("results")
    (True, False)
    """
    return isinstance(out, str) and _ADDRESS.match(out) is not None


def without_password(address: str) -> str:
    """Return what may be said aloud of an address; a path stays as it is.

    >>> without_password("sftp://anna:secret@host/results")
    'sftp://host/results'
    """
    return _PASSWORD.sub("//", address)


class RemoteStore(OutputStore):
    """An address; a folder of this machine holds what is made for it or read from it."""

    def __init__(self, address: str, folder: Path) -> None:
        """Open the address.

        Args:
            address: With the protocol; what else a protocol needs it takes from the environment.
            folder: An empty folder of this machine.

        Raises:
            SettingsError: A package is missing, or there is no such protocol.
        """
        super().__init__(folder)
        self.name = self.address = without_password(address.rstrip("/"))
        try:
            import fsspec  # noqa: PLC0415 (an extra)

            self._fs, self._root = fsspec.url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise SettingsError(
                f"results cannot be sent to {self.name}: {error}; pip install 'fer-live[s3]' for "
                "s3://, gcsfs for gs://, or the package that fsspec names for another protocol"
            ) from error
        protocol = self._fs.protocol
        names = {protocol} if isinstance(protocol, str) else set(protocol)
        self._has_folders = not names & _WITHOUT_FOLDERS

    def has(self, path: Path) -> bool:
        """Whether an output is at the address."""
        with self._faults(path):
            self._fs.invalidate_cache()
            return bool(self._fs.exists(self._key(path)))

    def checksum(self, path: Path) -> str:
        """Return the sha256 of an output as its summary says it; of a summary that of the copy."""
        if path.name.endswith(SUMMARY):
            return sha256_of_file(path)
        for summary in path.parent.glob(f"*{SUMMARY}"):
            suffix = path.name.removeprefix(summary.name.removesuffix(SUMMARY))
            told = (read_summary(summary) or {}).get("outputs")
            if isinstance(told, dict) and suffix in told:
                return str(told[suffix])
        raise SinkError(f"no summary at {self.name} says what {path.name} is; use --overwrite")

    def fetch(self, path: Path) -> None:
        """Copy a file from the address, if it is there."""
        if self.has(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._faults(path):
                self._fs.get_file(self._key(path), str(path))

    def send(self, path: Path, alive: Callable[[], None] = lambda: None) -> None:
        """Copy a file, or a folder's files, to the address.

        Args:
            path: In the folder.
            alive: Called as parts of it are there; may raise KeyboardInterrupt to give up.
        """
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            watch = _watch(alive)
            with self._faults(file):
                if self._has_folders:
                    self._fs.makedirs(self._fs._parent(self._key(file)), exist_ok=True)
                self._fs.put_file(str(file), self._key(file), callback=watch)
            if watch.told_to_stop:
                raise KeyboardInterrupt

    def remove(self, path: Path) -> None:
        """Remove an output of an earlier run, if there is one; of a folder the crops."""
        if not self.has(path):
            return
        with self._faults(path):
            if not self._fs.isdir(self._key(path)):
                self._fs.rm_file(self._key(path))
                return
            for key in self._fs.ls(self._key(path), detail=False):
                if is_crop(Path(key)):
                    self._fs.rm_file(key)

    def clear_slices(self, folder: Path) -> None:
        """Remove the slices of a file as far as the address lets; any later run can use them."""
        with suppress(SinkError):
            if not self.has(folder):
                return
            with self._faults(folder):
                for key in self._fs.ls(self._key(folder), detail=False):
                    if is_slice(Path(key).name):
                        self._fs.rm_file(key)

    def told(self, path: Path) -> Path:
        """Return the path of an output below the address."""
        return path.relative_to(self.folder)

    def _key(self, path: Path) -> str:
        """Return what the file system calls an output."""
        return f"{self._root.rstrip('/')}/{path.relative_to(self.folder).as_posix()}"

    @contextmanager
    def _faults(self, path: Path) -> Generator[None]:
        """Say in a sentence what was refused; every file system has errors of its own.

        Raises:
            SinkError: Something was.
        """
        try:
            yield
        except Exception as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            name = path.relative_to(self.folder).as_posix()
            raise SinkError(f"{self.name}/{name} cannot be written or read: {said[0]}") from error


def _watch(alive: Callable[[], None]) -> Any:
    """Return what fsspec tells of its progress, on a thread of its own that nothing may end."""
    from fsspec.callbacks import Callback  # noqa: PLC0415 (an extra)

    class Watch(Callback):  # type: ignore[misc]  # fsspec has no types
        told_to_stop = False

        def relative_update(self, inc: int = 1) -> None:
            super().relative_update(inc)
            try:
                alive()
            except KeyboardInterrupt:
                self.told_to_stop = True

    return Watch()
