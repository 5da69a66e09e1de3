"""Results as a pandas data frame: the table of `annotate`, in memory."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fer_live.errors import SettingsError
from fer_live.labels import LABELS
from fer_live.realtime.results import Frame, FrameResult
from fer_live.realtime.sinks.rows import columns, rows

if TYPE_CHECKING:
    from pandas import DataFrame


def to_pandas(results: Iterable[FrameResult | tuple[Frame, FrameResult]]) -> "DataFrame":
    """Return the table that `fer-live annotate` writes, one row a face and frame.

    A frame without a face is a row with nothing behind `time_s`. `<label>` is what the label was
    taken from, `raw_<label>` the network's own probability; blendshapes are columns where they
    were asked for.

    Args:
        results: What `analyze` yields, with or without frames, or a list of it.

    Raises:
        SettingsError: pandas is not installed.
    """
    try:
        from pandas import DataFrame  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise SettingsError(
            "a data frame needs pandas, which is not installed: pip install 'fer-live[pandas]'"
        ) from error
    seen = [each[1] if isinstance(each, tuple) else each for each in results]
    tracks = [track for result in seen for track in result.tracks]
    shapes = any(track.face.blendshapes is not None for track in tracks)
    names = columns(tracks[0].labels if tracks else LABELS, blendshapes=shapes)
    table = [row for each in seen for row in rows(each, width=len(names), blendshapes=shapes)]
    return DataFrame(table, columns=list(names))
