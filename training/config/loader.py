"""Settings dataclasses from TOML or JSON tables, with errors that name file and key."""

import dataclasses
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from fer_live.errors import SettingsError

T = TypeVar("T")


def require(holds: bool, sentence: str) -> None:
    """Raise an error with this sentence unless the condition holds; `from_table` adds the file.

    Raises:
        SettingsError: The condition does not hold.
    """
    if not holds:
        raise SettingsError(sentence)


def from_toml(kind: type[T], path: Path) -> T:
    """Create a settings dataclass from a TOML file.

    Raises:
        SettingsError: It is missing, not TOML, or contains a key or value that makes no sense.
    """
    return from_table(kind, read_toml(path), where=str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises:
        SettingsError: It is missing or not TOML.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror}; give a .toml file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    return table


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two tables; if both have a key, tables are merged and values replaced."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        merged[key] = laid_over(under, value) if both else value  # type: ignore[arg-type]  # both are
    return merged


def from_table(kind: type[T], table: Mapping[str, Any], *, where: str) -> T:
    """Create a settings dataclass from a table of TOML or JSON values.

    Args:
        kind: A frozen dataclass of settings.
        table: Its keys and values; nested tables become nested dataclasses.
        where: The beginning of every error message, such as the file's name.

    Raises:
        SettingsError: A key is unknown or missing, or a value is of the wrong kind or makes no
            sense.
    """
    hints = typing.get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]  # T is a dataclass
    for key in table:
        if key not in fields:
            known = ", ".join(sorted(fields))
            raise SettingsError(f"{where}: there is no key {key!r}; known here: {known}")
    for key, one in fields.items():
        no_default = (
            one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        )
        if no_default and key not in table:
            raise SettingsError(f"{where}: the key {key!r} is missing")
    values = {k: _value(hints[k], v, where=f"{where}: {k}") for k, v in table.items()}
    try:
        return kind(**values)
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from error


def _value(hint: Any, value: Any, *, where: str) -> Any:
    """Return `value` as the type `hint`, or raise `SettingsError`."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_table(hint, _table(value, where=where), where=where)
    if origin is types.UnionType:
        inner = next(a for a in arguments if a is not type(None))
        return None if value is None else _value(inner, value, where=where)
    if origin is Literal:
        return _choice(arguments, value, where=where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise SettingsError(f"{where} must be a list, got {value!r}")
        return tuple(_value(arguments[0], one, where=where) for one in value)
    if origin is Mapping:
        table = _table(value, where=where)
        return {str(k): _value(arguments[1], v, where=f"{where}.{k}") for k, v in table.items()}
    return _scalar(hint, value, where=where)


def _table(value: Any, *, where: str) -> Mapping[str, Any]:
    """Return `value` if it is a table."""
    if not isinstance(value, Mapping):
        raise SettingsError(f"{where} must be a table, got {value!r}")
    return value


def _choice(allowed: tuple[Any, ...], value: Any, *, where: str) -> Any:
    """Return `value` if it is one of the allowed values."""
    if value not in allowed:
        raise SettingsError(f"{where} is {value!r}; allowed are {', '.join(map(str, allowed))}")
    return value


def _scalar(hint: type, value: Any, *, where: str) -> Any:
    """Return `value` if it is a `hint`; an integer is accepted as a float."""
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise SettingsError(f"{where} must be of kind {hint.__name__}, got {value!r}")
    return value


def as_table(settings: Any) -> dict[str, Any]:
    """Return settings as plain JSON values; `from_table` reads them back."""
    table: dict[str, Any] = dataclasses.asdict(settings)
    return table
