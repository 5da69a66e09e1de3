"""Checkpoints turned into self-describing ONNX files: imported as `fer_live.export`."""

if __name__ != "fer_live.export":
    raise ImportError("this folder is the package fer_live.export; run: pip install -e .")
