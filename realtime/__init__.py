"""Detect, track and classify faces: imported as `fer_live.realtime`.

Start with `from fer_live.realtime import analyze`. Names are loaded lazily, so that
the command's --help does not wait for OpenCV and MediaPipe.
"""

from typing import TYPE_CHECKING

if __name__ != "fer_live.realtime":
    raise ImportError("this folder is the package fer_live.realtime; run: pip install -e .")

if TYPE_CHECKING:
    from fer_live.realtime.api import analyze
else:

    def __getattr__(name: str) -> object:
        """Import what is asked for by name, such as `analyze`."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from fer_live.realtime import api  # noqa: PLC0415 (heavy)

        return getattr(api, name)


__all__ = ["analyze"]
