"""Names of the emotions, the same in files, windows and code."""

from typing import Final

LABELS: Final = (
    "angry",
    "disgust",
    "fear",
    "happy",
    "sad",
    "surprise",
    "neutral",
    "contempt",
)
"""Every label, in the order of every table. Sets with seven classes have the first seven."""
