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
"""All labels, in the order of every table. Data sets with seven classes use the first seven."""
