"""`NAME.run.json` next to a live run's table: its settings, time and outcome.

The table says what was seen and when; this file says with which model, settings and versions, when
the source was interrupted, and how the run ended.
"""

import dataclasses
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias

from fer_live.errors import FerLiveError, SinkError
from fer_live.files import write_whole
from fer_live.realtime.annotate.summary import versions
from fer_live.realtime.faces.settings import resolved
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.live.settings import LiveSettings
from fer_live.realtime.results import SourceInfo
from fer_live.realtime.sinks.rows import utc
from fer_live.realtime.statistics import LiveStatus, Tally

FORMAT: Final = 1
SUFFIX: Final = ".run.json"
State: TypeAlias = Literal["running", "finished", "failed"]
"""`running` in the file of a run that has ended means that it was killed."""

_log = logging.getLogger(__name__)


def run_file_beside(log: Path) -> Path:
    """Return the path of the run file for a table.

    >>> run_file_beside(Path("seen/anna.csv")).name
    'anna.run.json'
    """
    return log.with_suffix(SUFFIX)


class Interruptions:
    """Periods in which a source gave no picture although it was asked; on the table's clock.

    A period lasts from the last picture before it to the first one after it. A pause by the user
    does not count.
    """

    def __init__(self) -> None:
        """None yet."""
        self._last_s: float | None = None
        self._open = False
        self.over: list[tuple[float, float]] = []

    def trouble(self) -> None:
        """Note that the source reports that it is lost or silent."""
        self._open = True

    def picture(self, time_s: float) -> bool:
        """Note the next picture; return whether it ended an interruption."""
        ended = self._open and self._last_s is not None
        if self._last_s is not None and ended:
            self.over.append((self._last_s, time_s))
        self._last_s, self._open = time_s, False
        return ended

    def as_json(self) -> list[dict[str, float | None]]:
        """Return all of them in seconds, to the millisecond; the current one has no end."""
        told: list[dict[str, float | None]] = [
            {"from_s": round(from_s, 3), "to_s": round(to_s, 3)} for from_s, to_s in self.over
        ]
        if self._open and self._last_s is not None:
            told.append({"from_s": round(self._last_s, 3), "to_s": None})
        return told


class RunFile:
    """Writes the file when the first picture arrives, after each interruption, and at the end.

    An error of the disk does not end the run, because the table matters more: it is logged.

    Attributes:
        path: The file.
        began: The date and time of `time_s` 0; None before the first picture.
        status: Returns the counts so far; to be set before the first picture.
        interruptions: When the source was interrupted.
        outcome: How the run went, by name; to be set before the end.
    """

    def __init__(
        self, path: Path, settings: LiveSettings, classifier: OnnxClassifier, info: SourceInfo
    ) -> None:
        """Write nothing yet."""
        self.path = path
        self.began: datetime | None = None
        self.status: Callable[[], LiveStatus] = lambda: Tally(0.0).status(0.0, dropped=0)
        self.interruptions = Interruptions()
        self.outcome: dict[str, Any] = {}
        self._head = {
            "format": FORMAT,
            "source": {
                "name": info.name,
                "size_wh": list(info.size_wh),
                "fps": None if info.fps is None else str(info.fps),
            },
            "model": {"name": classifier.contract.name, "sha256": classifier.sha256},
            "provider": classifier.provider,
            "labels": list(classifier.contract.labels),
            "settings": _settings(settings),
            "versions": versions(),
        }

    def begin(self, began: datetime) -> None:
        """Set the date and time of `time_s` 0, and write the file for the first time."""
        self.began = began
        self._write("running")

    def picture(self, time_s: float) -> None:
        """Note a picture; if it ends an interruption, write the file at once."""
        if self.interruptions.picture(time_s):
            self._write("running")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            known = isinstance(error, FerLiveError)
            self.outcome["error"] = str(error) if known else type(error).__name__
        if self.began is not None:
            self._write("finished" if error is None else "failed")

    def _write(self, state: State) -> None:
        """Replace the file by its next state; a failure already has a sentence of its own."""
        whole = {
            **self._head,
            "state": state,
            "began_utc": None if self.began is None else utc(self.began),
            "written_utc": utc(datetime.now(UTC)),
            **_counts(self.status()),
            "interruptions": self.interruptions.as_json(),
            **self.outcome,
        }
        text = json.dumps(whole, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
        try:
            write_whole(self.path, text)
        except SinkError as error:
            _log.log(logging.DEBUG if state == "failed" else logging.WARNING, "%s", error)


def _settings(settings: LiveSettings) -> dict[str, Any]:
    """Return the settings that rows depend on, without addresses, which may contain passwords."""
    return {
        "camera": dataclasses.asdict(settings.camera),
        "device": settings.device,
        "prior": settings.prior,
        "faces": dataclasses.asdict(settings.faces) | {"finder": resolved(settings.faces.finder)},
        "blur_faces": settings.blur_faces,
        "transport": settings.transport,
        "rotate": settings.rotate,
        "chosen": dataclasses.asdict(settings.chosen),
    }


def _counts(status: LiveStatus) -> dict[str, Any]:
    """Return the counts."""
    return {
        "elapsed_s": round(status.elapsed_s, 3),
        "frames": status.frames,
        "dropped": status.dropped,
        "latency_p50_ms": _rounded(status.latency_p50_ms),
        "latency_p95_ms": _rounded(status.latency_p95_ms),
    }


def _rounded(latency_ms: float | None) -> float | None:
    """Return milliseconds with one decimal; None for none."""
    return None if latency_ms is None else round(latency_ms, 1)
