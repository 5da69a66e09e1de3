"""How an input is opened, and what the names of its outputs end in."""

import math

from fer_live.realtime.annotate.inputs.jobs import ANNOTATED, Job, annotated_picture
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.slices.planning import Entry
from fer_live.realtime.sinks.picture import picture_ending
from fer_live.realtime.sources import PictureFile, PicturesSource, Source, Span, open_file


def open_input(job: Job, settings: AnnotateSettings, entry: Entry | None = None) -> Source:
    """Open the frames of an input that are asked for.

    Args:
        job: The input.
        settings: What is asked for.
        entry: From where on they are read; None for the beginning.

    Raises:
        SourceError: It cannot be read.
    """
    fps = None if settings.fps is None else float(settings.fps)
    end_s = math.inf if settings.end_s is None else settings.end_s
    if entry is None:
        span = Span(settings.start_s or 0.0, end_s, fps)
    else:
        span = Span(entry.begins_s, end_s, fps, entry.before)
    return open_file(job.source, span, settings.choices)


def annotated_suffix(source: Source, job: Job) -> str:
    """Return what the name of the drawn video or picture ends in.

    A single picture stays a picture, in its own format where that can be written.
    """
    if (still := still_of(source)) is None:
        return ANNOTATED
    return annotated_picture(picture_ending(still.format, job.source.suffix))


def still_of(source: Source) -> PictureFile | None:
    """Return what is known of the file where the source is a single picture."""
    return source.still if isinstance(source, PicturesSource) else None


def table_suffix(settings: AnnotateSettings) -> str:
    """Return what the table's name ends in."""
    return f".faces.{settings.table}"
