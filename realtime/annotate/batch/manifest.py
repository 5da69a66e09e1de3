"""`run.json`: inputs and outcomes of a whole run, kept up to date while it runs."""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from fer_live.errors import SinkError
from fer_live.realtime.annotate.inputs.jobs import MANIFEST, Job
from fer_live.realtime.annotate.report import Outcome, PassedOver
from fer_live.realtime.annotate.workspace import disk_errors

FORMAT: Final = 1
COST: Final = 0.02
"""The part of the time that writing may take: a list of 10,000 inputs is not written each time."""
State: TypeAlias = Literal["running", "finished", "stopped"]
"""`running` in the file of a run that is over: it was killed."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a run before its first input.

    Attributes:
        model: Name and sha256 of the model.
        settings: As `AnnotateSettings.as_json` gives them.
        versions: Of the packages that take part.
        jobs: How many inputs are worked on at once.
        engine: What works on them: its `name`, and for "ray" also `address` (None for one of the
            run's own), `version`, `num_cpus`, `num_gpus` and `retries`.
        neutral: Where the resting faces that are taken out come from; None where none are.
    """

    model: Mapping[str, str]
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    jobs: int
    engine: Mapping[str, Any]
    neutral: Mapping[str, Any] | None = None


class Manifest:
    """The file; whoever reads it while it is written sees one whole state of it.

    A disk that refuses does not end a run, for the tables matter more: `fault` tells it.
    """

    def __init__(
        self,
        out: Path,
        facts: RunFacts,
        jobs: Sequence[Job],
        *,
        address: str | None = None,
        send: Callable[[Path], None] = lambda _: None,
    ) -> None:
        """Write the first state.

        Args:
            out: Folder for the outputs, in which the file lies.
            facts: What is known before the first input.
            jobs: The inputs.
            address: Where the outputs are sent, without a password; None if they stay in `out`.
            send: Called with the file whenever it was written.

        Raises:
            SinkError: Nothing can be written there.
        """
        self._path = out / MANIFEST
        self._out, self._send = out, send
        self._head: dict[str, Any] = {
            "format": FORMAT,
            "begun": _now(),
            "model": dict(facts.model),
            "settings": dict(facts.settings),
            "versions": dict(facts.versions),
            "jobs": facts.jobs,
            "engine": dict(facts.engine),
        }
        if address is not None:
            self._head["out"] = address
        if facts.neutral is not None:
            self._head["neutral"] = dict(facts.neutral)
        self._inputs = [{"input": str(job.source), "status": "pending"} for job in jobs]
        self._passed_over: list[dict[str, str]] = []
        self._rest_until_s = 0.0
        self.fault: str | None = None
        with disk_errors(out):
            out.mkdir(parents=True, exist_ok=True)
        self._write("running")

    def pass_over(self, passed_over: Sequence[PassedOver]) -> None:
        """Record the files that are not inputs, and why."""
        self._passed_over = [{"path": str(one.path), "why": one.why} for one in passed_over]

    def record_run_outputs(self, files: Sequence[Path]) -> None:
        """Record the outputs on the whole run."""
        if files:
            self._head["together"] = [str(path.relative_to(self._out)) for path in files]

    def finish(self, index: int, outcome: Outcome) -> None:
        """Record the outcome of an input; write the manifest unless that was done a moment ago."""
        self._inputs[index] = self._told(outcome)
        if time.monotonic() >= self._rest_until_s:
            self._try_to_write("running")

    def close(self, state: State) -> None:
        """Write the last state."""
        self._try_to_write(state)

    def _told(self, outcome: Outcome) -> dict[str, Any]:
        """Return what stands in the file of one input."""
        outputs = [
            {"path": str(path.relative_to(self._out)), "sha256": checksum}
            for path, checksum in zip(outcome.files, outcome.checksums, strict=True)
        ]
        told = {
            "input": str(outcome.input),
            "status": outcome.status,
            "note": outcome.note,
            "attempts": outcome.attempts,
            "slices": None if outcome.slices == 1 else outcome.slices,
            "in_one_piece": outcome.in_one_piece,
            "sha256": outcome.input_sha256,
            "outputs": outputs,
        }
        return {key: value for key, value in told.items() if value not in (None, [])}

    def _try_to_write(self, state: State) -> None:
        """Write, or remember why not."""
        begun_s = time.monotonic()
        try:
            self._write(state)
            self.fault = None
        except SinkError as error:
            _log.debug("the manifest was not written: %s", error)
            self.fault = str(error)
        now_s = time.monotonic()
        self._rest_until_s = now_s + (now_s - begun_s) / COST

    def _write(self, state: State) -> None:
        """Replace the file by its next state.

        Raises:
            SinkError: The disk refuses.
        """
        whole = {
            **self._head,
            "state": state,
            "written": _now(),
            "inputs": self._inputs,
            "passed_over": self._passed_over,
        }
        text = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        half = self._path.with_name(f".{MANIFEST}.part")
        with disk_errors(self._path):
            # A name that is no UTF-8 is written as JSON's own escapes, and comes back as it was.
            half.write_text(text, encoding="utf-8", errors="backslashreplace")
            half.replace(self._path)
        self._send(self._path)


def _now() -> str:
    """Return the time, to the second, in ISO 8601 and UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
