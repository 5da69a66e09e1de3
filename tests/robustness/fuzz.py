"""Give fer-live damaged clips, pictures, models and configurations, for as long as is wanted.

  python -m tests.robustness.fuzz --minutes 20

A mutant may be annotated or refused in a sentence. It may not hang, crash the process, come up as
an error that nobody foresaw, or take more memory than is allowed. What does is kept in a folder.
The exit status is 1 when there was any.
"""

import argparse
import logging
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fer_live.errors import FerLiveError
from fer_live.realtime.annotate.batch.workers import Crew, Death, Tell
from tests.robustness.mutants import mutant
from tests.robustness.seeds import make_seeds

HANG_S: Final = 60.0
MEMORY_MB: Final = 700.0
JOBS: Final = 2
BATCH: Final = 60
KEPT: Final = Path("build/fuzz")
"""Where what went wrong is kept, beside the command that makes it again."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One mutant to be tried.

    Attributes:
        form: Its format, such as "mp4" or "onnx".
        number: Which mutant of the format.
        path: The file.
    """

    form: str
    number: int
    path: Path


@dataclass(frozen=True, slots=True)
class Reaction:
    """What became of it.

    Attributes:
        said: "done", "refused", or the error that nobody foresaw.
        foreseen: Whether it is one of the first two, without a traceback in the log.
        peak_mb: Most memory that the process held so far, in MB.
        seconds: How long it took.
    """

    said: str
    foreseen: bool
    peak_mb: float
    seconds: float


@dataclass
class Verdict:
    """What was found.

    Attributes:
        counts: How many of each format were done and refused.
        wrong: What must not happen, with the mutant's name.
        most_mb: Most memory that a process held.
        longest_s: The longest time that one took.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    most_mb: float = 0.0
    longest_s: float = 0.0

    @property
    def tried(self) -> int:
        """How many mutants there were."""
        return self.counts.total()

    def table(self) -> str:
        """Return the verdict as a Markdown table and a list."""
        forms = sorted({form for form, _ in self.counts})
        rows = [
            f"| {form} | {self.counts[form, 'done']} | {self.counts[form, 'refused']} "
            f"| {self.counts[form, 'wrong']} |"
            for form in forms
        ]
        return "\n".join(
            [
                "| format | annotated or opened | refused in a sentence | wrong |",
                "|---|---|---|---|",
                *rows,
                "",
                f"{self.tried} mutants of {len(forms)} formats: {len(self.wrong)} wrong; "
                f"longest {self.longest_s:.1f} s, most memory {self.most_mb:.0f} MB",
                *self.wrong,
            ]
        )


def main() -> int:
    """Do it and return the exit status."""
    parser = argparse.ArgumentParser(description="Try damaged files.")
    parser.add_argument("--minutes", type=float, default=20.0, help="stop after so long")
    parser.add_argument("--mutants", type=int, default=3000, help="or after so many")
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--formats", nargs="*", help="only these")
    chosen = parser.parse_args()
    until_s = time.monotonic() + 60 * chosen.minutes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seeds = make_seeds(folder / "seeds")
        forms = chosen.formats or sorted(seeds)
        verdict = Verdict()
        check_seeds(seeds)
        numbers = iter(range(chosen.first, chosen.first + chosen.mutants))
        while time.monotonic() < until_s and verdict.tried < chosen.mutants:
            batch = list(made(seeds, forms, numbers, folder / "mutants"))
            try_all(batch, verdict, kept=KEPT)
            shutil.rmtree(folder / "mutants")
            sys.stderr.write(f"{verdict.tried} tried, {len(verdict.wrong)} wrong\n")
    sys.stdout.write(verdict.table() + "\n")
    return 1 if verdict.wrong else 0


def made(
    seeds: dict[str, Path], forms: Sequence[str], numbers: Iterator[int], folder: Path
) -> Iterator[Trial]:
    """Make the next mutants, of all formats in turn."""
    folder.mkdir(exist_ok=True)
    contents = {form: path.read_bytes() for form, path in seeds.items()}
    others = list(contents.values())
    for _, number in zip(range(BATCH), numbers, strict=False):
        form = forms[number % len(forms)]
        path = folder / f"{number}.{form}"
        path.write_bytes(mutant(contents[form], others, number))
        yield Trial(form, number, path)


def check_seeds(seeds: dict[str, Path]) -> None:
    """See that whole files do what they should, or mutants of them would say nothing.

    Raises:
        AssertionError: One does not.
    """
    trials = [Trial(form, -1, path) for form, path in seeds.items()]
    verdict = Verdict()
    try_all(trials, verdict)
    refused = [form for form, said in verdict.counts if said != "done"]
    assert not refused, f"whole files of these formats are refused: {refused}, {verdict.wrong}"


def try_all(trials: Sequence[Trial], verdict: Verdict, *, kept: Path | None = None) -> None:
    """Try mutants in processes of their own, and take in what became of each."""
    with Crew(try_one, JOBS, stalled_s=HANG_S) as crew:
        for index, news in crew.work_off(trials):
            if not isinstance(news, float):
                _take_in(trials[index], news, verdict, kept)


def _take_in(trial: Trial, news: Reaction | Death, verdict: Verdict, kept: Path | None) -> None:
    """Count one, and keep it when something went wrong."""
    wrong = _wrong(news)
    if isinstance(news, Reaction):
        verdict.most_mb = max(verdict.most_mb, news.peak_mb)
        verdict.longest_s = max(verdict.longest_s, news.seconds)
    if wrong is None and isinstance(news, Reaction):
        verdict.counts[trial.form, news.said] += 1
        return
    verdict.counts[trial.form, "wrong"] += 1
    verdict.wrong.append(f"{trial.path.name}: {wrong}")
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(trial.path, kept / trial.path.name)


def _wrong(news: Reaction | Death) -> str | None:
    """Say what must not happen; None when all is well."""
    if isinstance(news, Death):
        if news.stalled:
            return f"hung for {HANG_S:.0f} s"
        return f"the process died ({news.signal.name if news.signal else news.exit_code})"
    if not news.foreseen:
        return news.said
    if news.peak_mb > MEMORY_MB:
        return f"took {news.peak_mb:.0f} MB"
    return None


class _Tracebacks(logging.Handler):
    """Remembers the tracebacks that are logged."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.found.append(record.getMessage())


def try_one(trial: Trial, tell: Tell) -> Reaction:
    """Try one mutant in this process."""
    _begin_peak()
    log = _Tracebacks()
    logging.getLogger().addHandler(log)
    begun_s = time.monotonic()
    try:
        said = _do(trial, tell)
    except FerLiveError as error:
        said = "refused" if _is_a_sentence(str(error)) else f"no sentence: {error!r}"
    except Exception as error:  # what is looked for
        said = f"unforeseen {type(error).__name__}: {error}"
    finally:
        logging.getLogger().removeHandler(log)
    if log.found:
        said = f"a traceback: {log.found[0]}"
    return Reaction(said, said in {"done", "refused"}, _peak_mb(), time.monotonic() - begun_s)


def _is_a_sentence(message: str) -> bool:
    """Whether it is one line that says something."""
    return len(message.split()) >= 3 and "\n" not in message


def _do(trial: Trial, tell: Tell) -> str:
    """Use the file as what it is meant to be."""
    match trial.form:
        case "onnx":
            return _open_model(trial.path)
        case "toml":
            return _read_configuration(trial.path)
        case _:
            return _annotate(trial.path)


def _annotate(path: Path) -> str:
    """Annotate it with all that can be written."""
    from fer_live.realtime.annotate import AnnotateSettings, annotate

    with tempfile.TemporaryDirectory(dir=path.parent) as out:
        (outcome,) = annotate([path], Path(out), AnnotateSettings(end_s=5.0)).outcomes
        left = [left.name for left in Path(out).iterdir() if left.name.startswith(".")]
    note = outcome.note or ""
    if left or "unforeseen" in note or not (outcome.status == "done" or _is_a_sentence(note)):
        return f"{outcome.status}: {note or left}"
    return "done" if outcome.status == "done" else "refused"


def _open_model(path: Path) -> str:
    """Open a model, which has it classify faces made for the trial."""
    from fer_live.realtime.inference.classifier import OnnxClassifier

    OnnxClassifier(str(path), device="cpu")
    return "done"


def _read_configuration(path: Path) -> str:
    """Read the settings of a training."""
    from fer_live.training.config.experiment import read_experiment

    read_experiment(path)
    return "done"


def _begin_peak() -> None:
    """Have the system measure the peak of memory from here on."""
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    """Return the most memory that was held, in MB."""
    if sys.platform == "linux":
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
