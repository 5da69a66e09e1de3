"""Many annotated files together: one table, and statistics by file, face and group."""

from fer_live.realtime.study.study import Study, summarize

__all__ = ["Study", "summarize"]
