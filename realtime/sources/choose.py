"""From what a person types to the source it names."""

from pathlib import Path

from fer_live.errors import SourceError
from fer_live.realtime.sources.source import Source
from fer_live.realtime.sources.video import open_video


def open_source(spec: str) -> Source:
    """Open whatever `spec` names."""
    if Path(spec).exists():
        return open_video(spec)
    raise SourceError(f"{spec} is neither a file nor a camera nor a stream")
