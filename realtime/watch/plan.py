"""The streams to watch and their settings, read from a TOML file."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from fer_live.bundle import DEFAULT_MODEL
from fer_live.contract import Prior
from fer_live.errors import SettingsError
from fer_live.realtime.faces import FaceSettings
from fer_live.realtime.inference.session import Device
from fer_live.realtime.sinks.table import TableFormat
from fer_live.realtime.sources.streams.connection import Transport

MOST_STREAMS: Final = 256
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_EXAMPLE: Final = 'write [streams] with a line such as door = "rtsp://camera/stream"'


@dataclass(frozen=True, slots=True)
class WatchedStream:
    """One stream.

    Attributes:
        name: The name used for its files and figures.
        address: A stream's address, a camera of this machine, or a file played at its own speed.
        transport: How an RTSP stream sends its pictures; None leaves it open.
    """

    name: str
    address: str = field(repr=False)  # may hold a password
    transport: Transport | None = None


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """The streams to watch, and where results go.

    Attributes:
        streams: The streams, with unique names.
        out: Folder of the tables and of `health.json`.
        form: The tables' format.
        fps: Process at most this many pictures of a stream per second.
        model: Name of a shipped model, or the path of an .onnx file.
        device: Where the model runs.
        prior: The prior at which labels are chosen.
        faces: How faces are detected, in each stream.
        send: Addresses to which every result of every stream is sent; see
            `fer_live.realtime.send`.
        workers: Number of processes; None for one per processor core, but no more than streams.
        metrics_port: Port on the loopback interface for Prometheus, 0 for any free one; None for
            no metrics.
    """

    streams: tuple[WatchedStream, ...]
    out: Path
    form: TableFormat = "csv"
    fps: float = 10.0
    model: str = DEFAULT_MODEL
    device: Device = "auto"
    prior: Prior = "balanced"
    faces: FaceSettings = field(default_factory=FaceSettings)
    send: tuple[str, ...] = field(default=(), repr=False)
    workers: int | None = None
    metrics_port: int | None = None

    def __post_init__(self) -> None:
        """Check what the types cannot express.

        Raises:
            SettingsError: There is nothing to watch, or too much, or a number makes no sense.
        """
        if not self.streams:
            raise SettingsError(f"there is no stream to watch: {_EXAMPLE}")
        if len(self.streams) > MOST_STREAMS:
            raise SettingsError(f"{len(self.streams)} streams are more than {MOST_STREAMS}")
        if not 0 < self.fps <= 1000:  # noqa: PLR2004 (more than any camera)
            raise SettingsError(f"fps is {self.fps:g}: give a number above 0")
        if self.workers is not None and self.workers < 1:
            raise SettingsError(f"workers is {self.workers}: there has to be one at least")

    @property
    def processes(self) -> int:
        """Number of processes that share the streams."""
        return min(self.workers or os.cpu_count() or 1, len(self.streams))


def read_plan(path: Path, *, out: Path | None = None) -> WatchSettings:
    """Read the streams and settings from a TOML file.

        out = "tables"          # a folder beside the file; -o says otherwise
        fps = 10
        [streams]
        door = "rtsp://anna:${DOOR_PASSWORD}@10.0.0.7/stream"
        hall = { address = "rtsp://10.0.0.8/stream", transport = "udp" }

    The keys before `[streams]` are `WatchSettings`' and `max_faces`. `${NAME}` in an address is an
    environment variable, so that passwords need not be in the file.

    Args:
        path: The TOML file.
        out: Overrides the file's `out`.

    Raises:
        SettingsError: The file cannot be read, or something in it makes no sense.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    try:
        return _settings(table, path.parent, out)
    except (SettingsError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _settings(table: Mapping[str, Any], beside: Path, out: Path | None) -> WatchSettings:
    """Turn the content of the file into settings."""
    given = dict(table)
    streams = given.pop("streams", {})
    if not isinstance(streams, dict):
        raise SettingsError(f"streams is not a table: {_EXAMPLE}")
    place = beside / _text("out", given.pop("out", "."))
    known: dict[str, Any] = {"faces": FaceSettings(max_faces=_count(given, "max_faces", 8))}
    for key, value in given.items():
        if key not in _READERS:
            raise SettingsError(f"{key!r} is none of {', '.join(sorted([*_READERS, *_OTHERS]))}")
        name = "form" if key == "format" else key
        known[name] = _READERS[key](key, value)
    made = tuple(_stream(name, value) for name, value in streams.items())
    return WatchSettings(made, out or place, **known)


def _stream(name: str, value: object) -> WatchedStream:
    """Read one line of `[streams]`."""
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"a stream cannot be called {name!r}: its files are; use letters, digits, '-' and '_'"
        )
    given = dict(value) if isinstance(value, dict) else {"address": value}
    address = _with_variables(_text(f"streams.{name}", given.pop("address", None)))
    transport = given.pop("transport", None)
    if given:
        raise SettingsError(f"streams.{name} has an address and a transport, no {min(given)!r}")
    if transport is not None:
        transport = _one_of(f"streams.{name}.transport", transport, get_args(Transport))
    return WatchedStream(name, address, transport)


def _with_variables(address: str) -> str:
    """Replace `${NAME}` by the environment's values."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in os.environ:
            raise SettingsError(f"the environment variable {found[1]} of an address is not set")
        return os.environ[found[1]]

    return _VARIABLE.sub(value, address)


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{key} has to be a text")
    return value


def _texts(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise SettingsError(f"{key} has to be a list of texts")
    return tuple(_with_variables(_text(key, one)) for one in value)


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SettingsError(f"{key} has to be a number")
    return float(value)


def _whole(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SettingsError(f"{key} has to be a whole number")
    return value


def _count(given: dict[str, Any], key: str, otherwise: int) -> int:
    return _whole(key, given.pop(key, otherwise))


def _one_of(key: str, value: object, allowed: tuple[str, ...]) -> Any:
    if value not in allowed:
        raise SettingsError(f"{key} is {value!r}: use one of {', '.join(allowed)}")
    return value


_READERS: Final = {
    "format": lambda key, value: _one_of(key, value, get_args(TableFormat)),
    "fps": _number,
    "model": _text,
    "device": lambda key, value: _one_of(key, value, get_args(Device)),
    "prior": lambda key, value: _one_of(key, value, get_args(Prior)),
    "send": _texts,
    "workers": _whole,
    "metrics_port": _whole,
}
_OTHERS: Final = ("out", "max_faces", "streams")
