"""One input whose outputs are made on this machine and then sent to an address."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from fer_live.errors import SinkError
from fer_live.realtime.annotate.inputs.jobs import SUMMARY, Job
from fer_live.realtime.annotate.one_file import ALL_SUFFIXES, Order, Sent, annotate_file
from fer_live.realtime.annotate.opened import Opened
from fer_live.realtime.annotate.passes.first import Tell
from fer_live.realtime.annotate.report import Outcome
from fer_live.realtime.annotate.slices.planning import Entry, SlicePlan
from fer_live.realtime.annotate.slices.store import paths_of
from fer_live.realtime.annotate.slices.task import analyse_slice
from fer_live.realtime.annotate.storage.remote import RemoteStore


def annotate_and_upload(
    job: Job, order: Order, opened: Opened, tell: Tell, slices: SlicePlan | Path | None = None
) -> Outcome | SlicePlan:
    """Do what `annotate_file` does, with the outputs at the address that the order names.

    The old summary goes first and the new one comes last, so that whoever is killed between leaves
    nothing that looks finished. Two runs at once do the work twice, with the same result.

    Raises:
        FerLiveError: As from `annotate_file`.
    """
    assert order.sent is not None
    with TemporaryDirectory(prefix="fer-live-") as name:
        store = RemoteStore(order.sent.address, Path(name))
        here = Job(job.source, store.folder / job.target.relative_to(order.sent.folder))
        store.fetch(here.output(SUMMARY))
        if isinstance(slices, SlicePlan) and order.sent.slices_too:
            slices = _fetched(slices, slices.entries, store, order.sent)
        try:
            outcome = annotate_file(here, order, opened, tell, store, slices)
        except SinkError as error:
            raise SinkError(str(error).replace(name, store.name)) from error
        if isinstance(outcome, SlicePlan):
            return outcome
        if outcome.status == "done":
            _send(here, outcome, store, tell)
    files = tuple(job.target.with_name(path.name) for path in outcome.files)
    return replace(outcome, files=files)


def analyse_and_upload(
    job: Job, order: Order, plan: SlicePlan, entry: Entry, opened: Opened, tell: Tell
) -> None:
    """Do what `analyse_slice` does, with the results at the address that the order names.

    Raises:
        FerLiveError: As from `analyse_slice`.
    """
    assert order.sent is not None
    with TemporaryDirectory(prefix="fer-live-") as name:
        store = RemoteStore(order.sent.address, Path(name))
        here = _fetched(plan, (entry,), store, order.sent)
        if analyse_slice(job, order.settings, here, entry, opened, tell):
            for path in paths_of(
                here.folder, entry.number
            ):  # what says that it is whole comes last
                store.send(path, alive=lambda: tell(1.0))


def _fetched(
    plan: SlicePlan, entries: Sequence[Entry], store: RemoteStore, sent: Sent
) -> SlicePlan:
    """Return a plan with the slices that are finished in a folder of this machine."""
    folder = store.folder / plan.folder.relative_to(sent.folder)
    folder.mkdir(parents=True)
    for entry in entries:
        for path in paths_of(folder, entry.number):
            store.fetch(path)
    return replace(plan, folder=folder)


def _send(job: Job, outcome: Outcome, store: RemoteStore, tell: Tell) -> None:
    """Replace what is at the address by what was made."""
    for suffix in ALL_SUFFIXES:  # the summary first
        store.remove(job.output(suffix))
    for path in outcome.files:  # the summary last
        store.send(path, alive=lambda: tell(1.0))
