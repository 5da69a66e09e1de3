"""Events during a run, and the report at its end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["done", "skipped", "failed"]
"""`skipped`: it was done before, with the same fingerprint."""
Kind: TypeAlias = Literal["video", "picture"]
"""`picture`: a single one; animations and pages are taken for videos."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the whole run has come.

    Attributes:
        fraction: Of all the work, in [0, 1]; never decreases. Inputs are weighed by their size.
        left_s: Estimated seconds until all is done; None until there is something to go by.
        finished: How many inputs are done, skipped or failed.
        inputs: How many there are.
        current: The input that was worked on last.
    """

    fraction: float
    left_s: float | None
    finished: int
    inputs: int
    current: Path


@dataclass(frozen=True, slots=True)
class Watch:
    """Whoever waits for a run or listens to it; called in the thread that began it.

    Attributes:
        progress: Called whenever there is news.
        told_to_stop: Asked between frames whether to give up. What a signal's handler raises may
            come up inside a library's callback, where it is lost; an answer given here is not.
        send: Receivers that get the rows of the table as messages while it is written, such as
            `osc://127.0.0.1:9000`; see `fer_live.realtime.send`. Only without `jobs`.
    """

    progress: Callable[[Progress], None] = lambda _: None
    told_to_stop: Callable[[], bool] = lambda: False
    send: tuple[str, ...] = field(default=(), repr=False)  # an address may hold a password


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input.

    Attributes:
        input: The file.
        status: Whether it is done, was done before, or failed.
        note: Why it failed; for one that is done, what the reader must know (such as that the
            file ended early); None when there is nothing to say.
        files: What was written, the summary last; empty when it failed.
        input_sha256: Of the input, in hex; None when it failed.
        checksums: The sha256 of each of `files`, in hex, as it was when it was written.
        attempts: How many processes worked on it; 2 when the first one died.
        kind: What it is; "video" where it failed.
    """

    input: Path
    status: Status
    note: str | None = None
    files: tuple[Path, ...] = ()
    input_sha256: str | None = None
    checksums: tuple[str, ...] = ()
    attempts: int = 1
    kind: Kind = "video"


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file or folder that makes no input, and why."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of every input, in the order in which they were found.

    Attributes:
        outcomes: One an input.
        passed_over: What was found and not annotated.
        fault: What was wrong with the run itself, though every input was seen to; None when all
            was well.
        together: What was written of all inputs together: the table and contact sheets of the
            pictures, the page over the run.
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
