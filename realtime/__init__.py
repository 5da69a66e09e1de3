"""Faces in, emotions out: imported as `fer_live.realtime`."""

if __name__ != "fer_live.realtime":
    raise ImportError("this folder is the package fer_live.realtime; run: pip install -e .")
