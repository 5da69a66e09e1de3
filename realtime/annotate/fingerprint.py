"""Fingerprints of inputs and settings, so that finished outputs are not made again."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fer_live.errors import SourceError
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.version import installed_version

_CHUNK_BYTES: Final = 2**20


def sha256_of_file(path: Path, alive: Callable[[], None] = lambda: None) -> str:
    """Return the sha256 of a file in hex.

    Args:
        path: The file.
        alive: Called every megabyte; may raise to give up.

    Raises:
        SourceError: The file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                alive()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SourceError(f"{path} cannot be read: {reason}") from error
    return digest.hexdigest()


def sha256_of_output(path: Path) -> str:
    """Return the sha256 of a file, or of a folder: that of the lines printed by `sha256sum *`.

    Raises:
        SourceError: It cannot be read.
    """
    if not path.is_dir():
        return sha256_of_file(path)
    lines = [
        f"{sha256_of_file(file) if file.is_file() else 'no file'}  {file.name}\n"
        for file in sorted(path.iterdir())
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def fingerprint(
    input_sha256: str,
    model_sha256: str,
    settings: AnnotateSettings,
    neutral_sha256: str | None = None,
) -> dict[str, Any]:
    """Return everything that the written files depend on, as JSON values."""
    return {
        **({} if neutral_sha256 is None else {"neutral_sha256": neutral_sha256}),
        "input_sha256": input_sha256,
        "model_sha256": model_sha256,
        "version": installed_version(),
        "settings": settings.as_json(),
    }


def differences(old: object, new: Mapping[str, Any]) -> list[str]:
    """Return short descriptions of the differences between two fingerprints; empty if equal.

    Args:
        old: As read from a summary, which may contain anything.
        new: As `fingerprint` returns it.
    """
    before, after = dict(_flat("", old)), dict(_flat("", new))
    return [
        _said(key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def _flat(prefix: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield the leaves of nested mappings with their dotted names."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), inner)
    else:
        yield prefix, value


def _said(key: str, old: object, new: object) -> str:
    """Describe the difference of one leaf."""
    if key == "neutral_sha256":
        return "the resting face is of another file"
    if key in ("input_sha256", "model_sha256"):
        return f"the {key.removesuffix('_sha256')} is another file"
    name = key.removeprefix("settings.")
    return f"{name} was {_word(old)}, now {_word(new)}"


def _word(value: object) -> str:
    """Return a value as a person would write it."""
    return "not set" if value is None else str(value)
