"""Events during a run, and the report at its end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["done", "skipped", "failed"]
"""`skipped`: it was done before, with the same fingerprint."""
Kind: TypeAlias = Literal["video", "picture"]
"""`picture`: a single one; animations and multi-page files count as videos."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of the whole run.

    Attributes:
        fraction: Share of the work done, in [0, 1]; never decreases. Inputs are weighted by size.
        left_s: Estimated seconds left; None until there is a basis for an estimate.
        finished: Number of inputs that are done, skipped or failed.
        inputs: Number of inputs.
        current: The input that was worked on last.
    """

    fraction: float
    left_s: float | None
    finished: int
    inputs: int
    current: Path


@dataclass(frozen=True, slots=True)
class Watch:
    """Callbacks and receivers of a run; called in the thread that started it.

    Attributes:
        progress: Called whenever there is progress.
        told_to_stop: Called between frames; returns whether to give up. An exception raised by a
            signal handler may arise inside a library's callback and be lost; this answer is not.
        send: Addresses to which the rows of the table are sent as messages while it is written,
            such as `osc://127.0.0.1:9000`; see `fer_live.realtime.send`. Only without `jobs`.
    """

    progress: Callable[[Progress], None] = lambda _: None
    told_to_stop: Callable[[], bool] = lambda: False
    send: tuple[str, ...] = field(default=(), repr=False)  # an address may hold a password


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome for one input.

    Attributes:
        input: The file.
        status: Whether it is done, was done before, or failed.
        note: Why it failed; for one that is done, what the user must know (for example, that the
            file ended early); None if there is nothing to say.
        files: The files written, the summary last; empty if it failed.
        input_sha256: Of the input, in hex; None if it failed.
        checksums: The sha256 of each of `files`, in hex, at the time of writing.
        attempts: Number of processes that worked on it; 2 if the first one died.
        kind: The kind of input; "video" if it failed.
        slices: Number of slices that were processed separately and hold frames; 1 for one piece.
        in_one_piece: Why it was not cut into slices although that was asked for; None if there is
            nothing to say.
    """

    input: Path
    status: Status
    note: str | None = None
    files: tuple[Path, ...] = ()
    input_sha256: str | None = None
    checksums: tuple[str, ...] = ()
    attempts: int = 1
    kind: Kind = "video"
    slices: int = 1
    in_one_piece: str | None = None


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file or folder that was not used as an input, and why."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run, with its inputs in the order in which they were found.

    Attributes:
        outcomes: One per input.
        passed_over: What was found but not annotated.
        fault: What was wrong with the run itself, although every input was processed; None if
            nothing was.
        together: Files about all inputs together: the table and contact sheets of the pictures, the
            page of the run.
    """

    outcomes: tuple[Outcome, ...]
    passed_over: tuple[PassedOver, ...] = ()
    fault: str | None = None
    together: tuple[Path, ...] = ()

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The inputs that failed."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "failed")

    @property
    def went_well(self) -> bool:
        """Whether the command's exit status is 0."""
        return not self.failed and self.fault is None
