"""Class names of data sets, as words, codes and numbers, and their labels."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from fer_live.errors import DataError, SettingsError
from fer_live.labels import LABELS

WORDS: Final[Mapping[str, str]] = {
    "angry": "angry",
    "anger": "angry",
    "disgust": "disgust",
    "disgusted": "disgust",
    "fear": "fear",
    "fearful": "fear",
    "afraid": "fear",
    "happy": "happy",
    "happiness": "happy",
    "sad": "sad",
    "sadness": "sad",
    "surprise": "surprise",
    "surprised": "surprise",
    "neutral": "neutral",
    "contempt": "contempt",
}
"""Words for the labels, in lower case."""
CODES: Final[Mapping[str, str]] = {
    "AF": "fear",
    "AN": "angry",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happy",
    "NE": "neutral",
    "SA": "sad",
    "SU": "surprise",
}
"""Two letters in the file names of KDEF (AF: afraid) and JAFFE (FE: fear)."""
SFEW_NUMBERS: Final[Mapping[str, str]] = {
    "1": "angry",
    "2": "disgust",
    "3": "fear",
    "4": "happy",
    "5": "neutral",
    "6": "sad",
    "7": "surprise",
}
"""Numbers of the SFEW feature table."""
LEFT_OUT: Final = ""
"""The value in a label map for a class to leave out."""
PEOPLE: Final = (
    re.compile(r"(?P<person>S\d{3})_\d{3}_\d{8}"),  # CK+: S010_004_00000017
    re.compile(r"(?P<person>\w+[a-z])_\d{4}"),  # LFW: Aaron_Eckhart_0001
)
"""File names, without their endings, that identify the person shown."""
SCHEMES: Final[Mapping[str, re.Pattern[str]]] = {
    "jaffe": re.compile(r"(?P<person>[A-Z]{2})\.(?P<code>AN|DI|FE|HA|NE|SA|SU)\d\.\d+"),
    "kdef": re.compile(r"[AB](?P<person>[FM]\d{2})(?P<code>AF|AN|DI|HA|NE|SA|SU)(?:S|[HF][LR])"),
}
"""File names, without their endings, that contain the label; KDEF's first letter is a session."""


def labels_of(words: Sequence[str], label_map: Mapping[str, str], *, where: str) -> list[str]:
    """Return the labels for a set's own class names or numbers.

    Args:
        words: The set's own class names, one per picture.
        label_map: Takes precedence; `LEFT_OUT` leaves the class out.
        where: The beginning of error messages, such as the file's name.

    Raises:
        DataError: Some of the words are unknown (the message names all of them), or the map
            contains something that is not a label.
    """
    known = {word: label_map.get(word, WORDS.get(word.strip().lower())) for word in {*words}}
    if unknown := sorted(word for word, label in known.items() if label is None):
        first, *others = unknown
        counts = Counter(words)
        also = ", ".join(f"{word!r} ({counts[word]:,})" for word in others)
        raise DataError(
            f"{where}: the class {first!r} is unknown; {f'so are {also}; ' if also else ''}"
            f"give each a label in data.label_map or with --map, such as {first} = "
            f'"{LABELS[0]}", or "" to leave it out; labels are {", ".join(LABELS)}'
        )
    found = {word: label for word, label in known.items() if label is not None}
    for word, label in found.items():
        if label != LEFT_OUT and label not in LABELS:
            raise DataError(
                f"{where}: data.label_map gives {word!r} the label {label!r}, which is none of "
                f"{', '.join(LABELS)}"
            )
    return [found[word] for word in words]


def read_map(options: Iterable[str]) -> dict[str, str]:
    """Read a label map from the command line.

    >>> read_map(["1=surprise", "2=fear"])
    {'1': 'surprise', '2': 'fear'}

    Raises:
        SettingsError: One is not CLASS=LABEL.
    """
    pairs = [option.partition("=") for option in options]
    if wrong := ["".join(pair) for pair in pairs if not pair[1]]:
        raise SettingsError(f"--map {wrong[0]!r} is not CLASS=LABEL, such as 1=surprise")
    return {word: label for word, _, label in pairs}


def person_in(stem: str) -> str:
    """Return the person that a file's name identifies; an empty string if it does not.

    >>> person_in("S010_004_00000017"), person_in("Aaron_Eckhart_0001"), person_in("Training_123")
    ('S010', 'Aaron_Eckhart', '')
    """
    for pattern in PEOPLE:
        if found := pattern.fullmatch(stem):
            return found["person"]
    return ""
