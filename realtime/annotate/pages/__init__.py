"""HTML reports: one per clip, and an index of the whole run."""

from fer_live.realtime.annotate.pages.clip_page import write_clip_page
from fer_live.realtime.annotate.pages.collecting import ClipFacts, Collector, page_measures

__all__ = ["ClipFacts", "Collector", "page_measures", "write_clip_page"]
