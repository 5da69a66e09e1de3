"""Find and verify the files that ship with fer-live.

`assets/checksums.json` lists the sha256 of each. A file that does not match is refused, so that a
damaged installation gives an error instead of strange labels.
"""

import hashlib
import json
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from fer_live.errors import ModelError

LANDMARKER: Final = "face_landmarker.task"
DEFAULT_MODEL: Final = "small"
MAX_MODEL_BYTES: Final = 256 * 2**20
"""A larger model file is refused before it is read: no compact network is that large."""


def sha256_of(data: bytes) -> str:
    """Return the sha256 of `data`, in hex."""
    return hashlib.sha256(data).hexdigest()


def asset(name: str) -> Traversable:
    """Return the shipped file `name`, such as "models/cnn6.onnx"; it may not exist."""
    return files("fer_live.assets").joinpath(*name.split("/"))


@cache
def checksums() -> dict[str, str]:
    """Return the sha256 in hex of every shipped model file, by its name under assets/."""
    table: dict[str, str] = json.loads(asset("checksums.json").read_text(encoding="utf-8"))
    return table


def read_asset(name: str) -> bytes:
    """Return the bytes of a shipped file, checked.

    Raises:
        ModelError: It is missing or its sha256 is not the recorded one.
    """
    try:
        data = asset(name).read_bytes()
    except OSError as error:
        raise ModelError(f"the shipped file {name} is missing; install fer-live again") from error
    if sha256_of(data) != checksums().get(name):
        raise ModelError(f"the shipped file {name} is damaged (sha256); install fer-live again")
    return data


def model_names() -> list[str]:
    """Return the names of the shipped models, the default first."""
    names = [n.removeprefix("models/").removesuffix(".onnx") for n in checksums() if ".onnx" in n]
    return sorted(names, key=lambda name: (name != DEFAULT_MODEL, name))


def read_model(name_or_path: str) -> bytes:
    """Return the bytes of a shipped model by its name, or of an ONNX file by its path.

    Raises:
        ModelError: There is no such model (the message lists the shipped ones), the file is
            larger than `MAX_MODEL_BYTES`, or it cannot be read.
    """
    if name_or_path in model_names():
        return read_asset(f"models/{name_or_path}.onnx")
    path = Path(name_or_path)
    if not path.is_file():
        raise ModelError(
            f"no model {name_or_path!r}: give the path of an .onnx file or one of "
            f"{', '.join(model_names()) or '(none shipped)'}"
        )
    try:
        if (size := path.stat().st_size) > MAX_MODEL_BYTES:
            raise ModelError(
                f"{path} has {size:,} bytes, more than the {MAX_MODEL_BYTES:,} that a compact "
                "network can need; it is not a fer-live model"
            )
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
