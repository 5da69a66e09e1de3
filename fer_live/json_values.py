"""Checked access to JSON values: the expected type, or an error."""

import re
from collections.abc import Mapping
from typing import Any


def mapping(value: object) -> Mapping[str, Any] | None:
    """Return `value` if it is None or a JSON object; else raise TypeError."""
    if value is None or isinstance(value, dict):
        return value
    raise TypeError(f"{value!r} is not an object")


def text(value: object) -> str:
    """Return `value` if it is a string; else raise TypeError."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def truth(value: object) -> bool:
    """Return `value` if it is true or false; else raise TypeError."""
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def digest(value: object) -> str | None:
    """Return `value` if it is None or a sha256 in hex; else raise ValueError."""
    if value is None or (isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value)):
        return value
    raise ValueError(f"{value!r} is not a sha256")
