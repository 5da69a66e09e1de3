"""What was wrong with a video file while it was read, in a sentence."""

from pathlib import Path

from fer_live.realtime.sources.choices import Limits
from fer_live.realtime.sources.videos.decoding import Decoder


def damage(
    path: Path,
    decoder: Decoder,
    *,
    reached_s: float,
    announced_s: float | None,
    limits: Limits,
    too_long: bool,
) -> str | None:
    """Say what could not be read so far; None while all could.

    Args:
        path: The file.
        decoder: As far as it came.
        reached_s: Time of the last picture that was read, in seconds.
        announced_s: Duration that the file announces, in seconds; None if it announces none.
        limits: Up to where a file is read.
        too_long: Whether reading ended at the limit of its duration.
    """
    reached = f"{reached_s:.1f} s"
    if too_long:
        return (
            f"{path} was read up to the limit of {limits.hours:g} hours; "
            "allow more with --limit-hours"
        )
    if decoder.gave_up:
        return (
            f"{path} holds nothing but damage from {reached} on; everything before that "
            "was kept; go on longer with --limit-damaged"
        )
    if decoder.broken is not None:
        return (
            f"{path} cannot be read beyond {reached} ({decoder.broken}); "
            "everything before that was kept"
        )
    if decoder.finished and decoder.ended_early():
        announced = f" of the {announced_s:.1f} s" if announced_s else ""
        return (
            f"{path} is cut off: its pictures end at {reached}{announced} that it "
            "announces; everything before that was kept"
        )
    if decoder.damaged:
        places = "one place" if decoder.damaged == 1 else f"{decoder.damaged} places"
        return f"{path} is damaged in {places}; every picture that could be decoded was kept"
    return None
