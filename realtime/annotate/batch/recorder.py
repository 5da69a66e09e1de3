"""Record outcomes and progress of a run in its manifest, and report them to the caller."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from fer_live.errors import SinkError
from fer_live.realtime.annotate.batch.manifest import Manifest, RunFacts
from fer_live.realtime.annotate.batch.progress import Estimate
from fer_live.realtime.annotate.batch.run_outputs import RunOutputs, write_run_outputs
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.report import Outcome, PassedOver, Report, Watch
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.slices.folders import clear_slices
from fer_live.realtime.annotate.storage.store import OutputStore
from fer_live.realtime.annotate.workspace import clear_leftovers


class RunRecorder:
    """Records outcomes and progress of all inputs, and reports them to the caller."""

    def __init__(
        self,
        jobs: Sequence[Job],
        store: OutputStore,
        facts: RunFacts,
        watch: Watch,
        passed_over: Sequence[PassedOver],
    ) -> None:
        self._watch = watch
        self._passed_over = tuple(passed_over)
        self._estimate = Estimate(jobs)
        self._jobs = jobs
        self._outcomes: dict[int, Outcome] = {}
        self._run_outputs = RunOutputs((), None)
        self._begun_s = time.monotonic()
        self._manifest = Manifest(store.folder, facts, jobs, address=store.address, send=store.send)
        self._manifest.pass_over(passed_over)
        self._store, self._out = store, store.folder
        self._is_out = self._out.stat()
        self._folders = {job.target.parent for job in jobs}

    def tell(self, index: int, fraction: float) -> None:
        """Record the fraction of an input that is done, in [0, 1]."""
        self._watch.progress(self._estimate.tell(index, fraction, self._elapsed_s()))

    def finish(self, index: int, outcome: Outcome) -> None:
        """Record the outcome of an input."""
        self._outcomes[index] = outcome
        self._manifest.finish(index, outcome)
        self._watch.progress(self._estimate.finish(index, outcome, self._elapsed_s()))

    def check(self) -> None:
        """Check for a reason to stop.

        Raises:
            KeyboardInterrupt: The run was told to stop.
            SinkError: The folder for the outputs is gone, or another one lies in its place, as
                when a disk was taken away.
        """
        if self._watch.told_to_stop():
            raise KeyboardInterrupt
        if not self._is_there():
            raise SinkError(
                f"the folder {self._out} is gone; run again when it is back, to go on from there"
            )

    def report(self) -> Report:
        """Return the outcomes of all inputs, in their order."""
        told = self._store.told
        outcomes = tuple(
            replace(outcome, files=tuple(map(told, outcome.files)))
            for _, outcome in sorted(self._outcomes.items())
        )
        fault = self._run_outputs.fault or self._manifest.fault
        return Report(outcomes, self._passed_over, fault, tuple(map(told, self._run_outputs.files)))

    def write_run_outputs(self, settings: AnnotateSettings) -> None:
        """Write the outputs on the whole run: tables, contact sheets and index page."""
        outcomes = {job: self._outcomes[index] for index, job in enumerate(self._jobs)}
        self._run_outputs = write_run_outputs(self._store, outcomes, self._passed_over, settings)
        self._manifest.record_run_outputs(self._run_outputs.files)

    def __enter__(self) -> Self:
        clear_leftovers(self._folders)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_there():
            clear_leftovers(self._folders)  # of processes that had to be killed
            clear_slices(self._folders)  # of an earlier run that was, and that nobody needed
            self._manifest.close("finished" if kind is None else "stopped")

    def _is_there(self) -> bool:
        """Return whether the output folder is still the same one."""
        try:
            return os.path.samestat(self._out.stat(), self._is_out)
        except OSError:
            return False

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._begun_s
