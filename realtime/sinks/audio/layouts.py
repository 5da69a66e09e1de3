"""Read the audio channel layout without crashing PyAV.

PyAV (14 to 19) copies a layout by value. One that lists its channels one by one, as written by
cameras with many microphones, owns memory, which is then freed twice: the process crashes. Such a
layout is therefore never released, and its frames are rebuilt with an ordinary one.
"""

import ctypes
from typing import Any, Final

from av.audio.frame import AudioFrame

LAYOUT_OF_CHANNELS: Final = {
    1: "mono",
    2: "stereo",
    3: "3.0",
    4: "4.0",
    5: "5.0",
    6: "5.1",
    7: "6.1",
    8: "7.1",
}
"""The layout assumed for a number of channels if a file gives only the number."""
_LISTED: Final = (" channels (", "ambisonic")
"""Occurs in the name of a layout that lists its channels."""


def layouts_to_try(track: Any) -> tuple[str, ...]:
    """Return the layouts that a track can be encoded with, its own first."""
    layout = track.codec_context.layout
    own = layout.name
    counted = LAYOUT_OF_CHANNELS.get(layout.nb_channels)
    if _is_listed(layout) or "channel" in own:
        own = counted
    return tuple(dict.fromkeys(name for name in (own, counted, "stereo", "mono") if name))


def with_plain_layout(frame: AudioFrame) -> AudioFrame:
    """Return a decoded frame, rebuilt if its layout lists its channels one by one."""
    layout = frame.layout
    if not _is_listed(layout):
        return frame
    count = layout.nb_channels
    plain = AudioFrame.from_ndarray(
        frame.to_ndarray(),
        format=frame.format.name,
        layout=LAYOUT_OF_CHANNELS.get(count, f"{count} channels"),
    )
    plain.sample_rate, plain.pts, plain.time_base = frame.sample_rate, frame.pts, frame.time_base
    return plain


def _is_listed(layout: Any) -> bool:
    """Whether a layout lists its channels; if so, it is never released."""
    listed = any(word in layout.name for word in _LISTED)
    if listed:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))
    return listed
