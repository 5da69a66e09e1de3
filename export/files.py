"""Files that are whole or not there at all."""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from fer_live.errors import SinkError


@contextmanager
def published(path: Path, data: bytes) -> Generator[Path]:
    """Write `data` beside `path`, let the caller test it there, then give it its name.

    When the caller raises, the file never appears under its name and an older one stays.

    Args:
        path: The name it is to have. Its folder is made if need be.
        data: The whole content.

    Yields:
        The path of the finished file under its temporary name.

    Raises:
        SinkError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix, delete=False
        ) as file:
            file.write(data)
    except OSError as error:
        raise SinkError(f"{path} cannot be written: {error.strerror}") from error
    temporary = Path(file.name)
    try:
        yield temporary
        try:
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        except OSError as error:
            raise SinkError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    """Return the process's umask, which temporary files do not heed."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
