"""Atomic writing: a file is complete or absent."""

import errno
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fer_live.errors import SinkError

_DISK: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
_PATH: Final = {errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.EISDIR} | {
    errno.ENAMETOOLONG,
    errno.ELOOP,
}


@contextmanager
def published(path: Path, data: bytes) -> Generator[Path]:
    """Write `data` to a temporary file next to `path`, let the caller check it, then rename it.

    If the caller raises or the disk is full, the file never appears under its name, an older one
    is kept, and no temporary file remains.

    Args:
        path: The final name. Its folder is created if necessary.
        data: The whole content.

    Yields:
        The path of the finished file under its temporary name.

    Raises:
        SinkError: The file cannot be written.
    """
    temporary: Path | None = None
    path = path.resolve() if path.is_symlink() else path  # a symbolic link stays a link
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix, delete=False
            ) as file:
                temporary = Path(file.name)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())  # or a power cut could leave the name on an empty file
        except OSError as error:
            raise SinkError(_sentence(path, error)) from error
        yield temporary
        try:
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        except OSError as error:
            raise SinkError(_sentence(path, error)) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file completely or, if that fails, leave it as it was before; text as UTF-8.

    Raises:
        SinkError: The file cannot be written.
    """
    with published(path, content.encode() if isinstance(content, str) else content):
        pass


def disk_fault(error: OSError) -> str | None:
    """Return a sentence about a failure of the disk or a path; None for any other error.

    For files that libraries write themselves, such as plots.
    """
    place = f"{error.filename}" if error.filename else "a file"
    reason = error.strerror or str(error)
    if error.errno in _DISK:
        return f"{place} cannot be written: {reason}; make room, or choose a folder on another disk"
    if error.errno in _PATH and error.filename:
        return f"{place} cannot be opened: {reason}"
    return None


def _sentence(path: Path, error: OSError) -> str:
    """Return why a file cannot be written, in the system's words."""
    return f"{path} cannot be written: {error.strerror or error}"


def _umask() -> int:
    """Return the process's umask, which temporary files ignore."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
