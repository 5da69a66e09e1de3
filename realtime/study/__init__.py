"""What many annotated files show together: one table, and figures by file, face and group."""

from fer_live.realtime.study.study import Study, summarize

__all__ = ["Study", "summarize"]
