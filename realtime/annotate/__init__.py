"""Videos in, tables and annotated videos out: what `fer-live annotate` does, as a library."""

from fer_live.realtime.annotate.batch import annotate
from fer_live.realtime.annotate.report import Outcome, Progress, Report, Status, Watch
from fer_live.realtime.annotate.settings import AnnotateSettings, TableFormat

__all__ = [
    "AnnotateSettings",
    "Outcome",
    "Progress",
    "Report",
    "Status",
    "TableFormat",
    "Watch",
    "annotate",
]
