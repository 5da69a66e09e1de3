"""Emotion networks, trained, compared and pruned: imported as `fer_live.training`."""

if __name__ != "fer_live.training":
    raise ImportError("this folder is the package fer_live.training; run: pip install -e .")
