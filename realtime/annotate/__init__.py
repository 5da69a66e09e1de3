"""`fer-live annotate` as a library: videos in, tables and annotated videos out."""

from fer_live.realtime.annotate.batch.run import annotate
from fer_live.realtime.annotate.cluster import RayCluster
from fer_live.realtime.annotate.report import (
    Outcome,
    PassedOver,
    Progress,
    Report,
    Status,
    Watch,
)
from fer_live.realtime.annotate.settings import AnnotateSettings, TableFormat

__all__ = [
    "AnnotateSettings",
    "Outcome",
    "PassedOver",
    "Progress",
    "RayCluster",
    "Report",
    "Status",
    "TableFormat",
    "Watch",
    "annotate",
]
