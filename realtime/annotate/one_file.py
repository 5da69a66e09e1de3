"""Annotate one input: skip it if it is finished, process it, publish its outputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, get_args

from fer_live.errors import ModelError, SinkError, SourceError
from fer_live.realtime.annotate.fingerprint import (
    differences,
    fingerprint,
    sha256_of_file,
    sha256_of_output,
)
from fer_live.realtime.annotate.inputs.jobs import (
    ANNOTATED,
    CROPS,
    PAGE,
    SUMMARY,
    Job,
    annotated_picture,
)
from fer_live.realtime.annotate.neutral.choice import FileAtRest
from fer_live.realtime.annotate.opened import Opened
from fer_live.realtime.annotate.passes.first import Tell
from fer_live.realtime.annotate.passes.opening import (
    annotated_suffix,
    open_input,
    still_of,
    table_suffix,
)
from fer_live.realtime.annotate.passes.passes import Passes
from fer_live.realtime.annotate.report import Kind, Outcome
from fer_live.realtime.annotate.settings import AnnotateSettings, TableFormat
from fer_live.realtime.annotate.slices.pieces import Pieces
from fer_live.realtime.annotate.slices.planning import SlicePlan
from fer_live.realtime.annotate.storage.store import OutputStore
from fer_live.realtime.annotate.summary import FORMAT, read_summary, versions, write_summary
from fer_live.realtime.annotate.workspace import PATIENCE_S, Workspace
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.sinks.picture import ENDINGS
from fer_live.realtime.sinks.rows import utc
from fer_live.realtime.sources import Source, VideoSource

ALL_SUFFIXES: Final = (
    SUMMARY,
    ANNOTATED,
    PAGE,
    CROPS,
    *map(annotated_picture, ENDINGS),
    *(f".faces.{form}" for form in get_args(TableFormat)),
)
"""Everything that a run may have written for an input, the summary first."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Where outputs are sent to.

    Attributes:
        address: Such as s3://bucket/results.
        folder: The folder that represents it in the jobs' targets; it may be on another machine.
        slices_too: Whether the results of slices go there as well, for lack of a shared folder.
    """

    address: str = field(repr=False)  # it may hold a password
    folder: Path
    slices_too: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """How every input of a run is to be annotated.

    Attributes:
        settings: What is wanted.
        model_sha256: Of the model in the settings, at the start of the run.
        overwrite: Whether to replace outputs that were made differently.
        patience_s: How long to wait for another run that is working on the same input.
        at_rest: The resting expression from the file in the settings, if they name one.
        sent: Where outputs are sent; None leaves them in the folder where they are made.
    """

    settings: AnnotateSettings
    model_sha256: str
    overwrite: bool
    patience_s: float = PATIENCE_S
    at_rest: FileAtRest | None = None
    sent: Sent | None = None


def annotate_file(
    job: Job,
    order: Order,
    opened: Opened,
    tell: Tell,
    store: OutputStore | None = None,
    slices: SlicePlan | Path | None = None,
) -> Outcome | SlicePlan:
    """Write all outputs for one input, or find that it was done before.

    Args:
        job: The input, and where its outputs go.
        order: What is wanted for every input.
        opened: Model and networks, which are used for other inputs too.
        tell: Called with the share that is done.
        store: Where earlier outputs are; None for the place of the job's outputs.
        slices: The input's slices, already processed; or a folder for them if the input may be cut:
            if it is long, a plan for its slices is then returned and nothing else done. None
            processes it in one piece.

    Raises:
        SourceError: The input cannot be read.
        SinkError: An output cannot be written, or exists already and was made differently.
        ModelError: The model has been replaced since the start of the run.
    """
    store = store or OutputStore(job.target.parent)
    _refuse_special(job.source)
    with open_input(job, order.settings) as source:
        made_of = fingerprint(
            sha256_of_file(job.source, lambda: tell(0.0)),
            order.model_sha256,
            order.settings,
            None if order.at_rest is None else order.at_rest.sha256,
        )
        wanted = _suffixes(order.settings, source, job)
        kind: Kind = "video" if still_of(source) is None else "picture"
        before = _done_before(job, made_of, wanted, store)
        if before is not None:
            return replace(before, kind=kind)
        pieces = Pieces(order.settings, opened)
        plan = pieces.begin(slices, source, made_of, lambda: tell(0.0))
        if plan is not None:
            if not order.overwrite:
                _refuse_existing(job, made_of, store)
            return plan
        with Workspace(job, patience_s=order.patience_s, alive=lambda: tell(0.0)) as work:
            # Another run that was working here, killed or alive, may have done it meanwhile.
            before = _done_before(job, made_of, wanted, store)
            if before is not None:
                return replace(before, kind=kind)
            if not order.overwrite:
                _refuse_existing(job, made_of, store)
            classifier = model_of(order, opened)
            passes = Passes(job, order.settings, opened, tell, order.at_rest)
            figures = passes.run(source, work, pieces.seen)
            summary = _summary(job, order.settings, source, classifier, passes.faults, figures)
            outcome = _published(job, {**summary, "fingerprint": made_of}, work, wanted)
            return replace(outcome, kind=kind, slices=pieces.count, in_one_piece=pieces.why_one)


def _refuse_special(path: Path) -> None:
    """Refuse a path that exists but is not a file: a pipe or a device may never end.

    Raises:
        SourceError: It is one of these.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise SourceError(
            f"{path} is a pipe or a device, not a file; watch it with fer-live --camera"
        )


def _done_before(
    job: Job, made_of: Mapping[str, Any], wanted: Sequence[str], store: OutputStore
) -> Outcome | None:
    """Return the outcome of an earlier, identical run, if all its outputs still exist.

    A video that it could not make because of a fault is tried again.
    """
    old = read_summary(job.output(SUMMARY))
    if not old or differences(old.get("fingerprint"), made_of):
        return None
    checksums, fault = old.get("outputs"), old.get("fault")
    if not isinstance(checksums, dict) or fault is not None:
        made = tuple(wanted)
    else:
        made = tuple(suffix for suffix in wanted if suffix in (*checksums, SUMMARY))
    files = tuple(map(job.output, made))
    if not all(map(store.has, files)):
        return None
    found = tuple(map(store.checksum, files))
    before = checksums if isinstance(checksums, dict) else {}
    if CROPS in made and before.get(CROPS) != found[made.index(CROPS)]:
        return None  # pictures were added to the folder, taken from it or changed
    return Outcome(
        job.source,
        "skipped",
        None if fault is None else str(fault),
        files,
        input_sha256=made_of["input_sha256"],
        checksums=found,
    )


def _suffixes(settings: AnnotateSettings, source: Source, job: Job) -> tuple[str, ...]:
    """Return the endings of all outputs, the summary last."""
    drawn = (annotated_suffix(source, job),) if settings.video else ()
    page = (PAGE,) if settings.report and still_of(source) is None else ()
    crops = (CROPS,) if settings.crops is not None else ()
    return (*drawn, table_suffix(settings), *page, *crops, SUMMARY)


def _published(
    job: Job, summary: dict[str, Any], work: Workspace, wanted: Sequence[str]
) -> Outcome:
    """Write the summary, with the checksums of all other outputs, and move them into place."""
    made = [suffix for suffix in wanted if work.path(suffix).exists()]
    input_sha256 = summary["fingerprint"]["input_sha256"]
    summary["input"]["sha256"] = input_sha256
    summary["outputs"] = {suffix: sha256_of_output(work.path(suffix)) for suffix in made}
    write_summary(work.path(SUMMARY), summary)
    checksums = (*summary["outputs"].values(), sha256_of_file(work.path(SUMMARY)))
    files = work.publish([*made, SUMMARY], replacing=ALL_SUFFIXES)
    return Outcome(
        job.source,
        "done",
        summary["fault"],
        files,
        input_sha256=input_sha256,
        checksums=checksums,
    )


def _refuse_existing(job: Job, made_of: Mapping[str, Any], store: OutputStore) -> None:
    """Raise if outputs exist already, and say how they differ from what is requested."""
    old = read_summary(job.output(SUMMARY))
    changes = differences(old.get("fingerprint"), made_of) if old else []
    there = [path for path in map(job.output, ALL_SUFFIXES) if store.has(path)]
    if changes:
        raise SinkError(
            f"{job.output(SUMMARY)} was made differently ({'; '.join(changes)}); "
            "pass --overwrite to make it again"
        )
    if there and job.output(SUMMARY) not in there:
        raise SinkError(
            f"{there[0]} exists already, without a summary that says how it was made; "
            "pass --overwrite to replace it"
        )


def model_of(order: Order, opened: Opened) -> OnnxClassifier:
    """Return the model that an order means.

    Raises:
        ModelError: It is another than when the run began.
    """
    settings = order.settings
    classifier = opened.classifier(settings.model, settings.device)
    if classifier.sha256 != order.model_sha256:
        raise ModelError(f"the model {settings.model} was replaced meanwhile; run again")
    return classifier


def _summary(
    job: Job,
    settings: AnnotateSettings,
    source: Source,
    classifier: OnnxClassifier,
    faults: Sequence[str],
    figures: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what stands in the summary, still without fingerprint and outputs."""
    info = source.info
    return {
        "format": FORMAT,
        "input": {
            "name": job.source.name,
            "kind": "video" if still_of(source) is None else "picture",
            "size_wh": list(info.size_wh),
            "fps": None if info.fps is None else str(info.fps),
            "audio": info.has_audio,
            "began_utc": None if info.began is None else utc(info.began),
            **_as_it_lies(source),
        },
        "fault": "; ".join(faults) or None,
        "model": {"name": classifier.contract.name, "sha256": classifier.sha256},
        "provider": classifier.provider,
        "versions": versions(),
        "settings": settings.as_json(),
        "labels": list(classifier.contract.labels),
        **figures,
    }


def _as_it_lies(source: Source) -> dict[str, Any]:
    """Return which stream of a video was read, and the aspect ratio of its pixels in the file.

    `size_wh` and all boxes are in square pixels.
    """
    if not isinstance(source, VideoSource):
        return {"stream": None, "pixel_aspect": "1"}
    return {"stream": source.stream_index, "pixel_aspect": str(source.pixel_aspect)}
