"""Colours of the overlay: one per label, distinguishable with any kind of colour vision."""

from typing import Final, TypeAlias

Colour: TypeAlias = tuple[int, int, int]
"""(R, G, B), each in [0, 255]."""

LABEL_COLOURS: Final[dict[str, Colour]] = {
    "angry": (204, 62, 14),
    "disgust": (0, 148, 108),
    "fear": (214, 130, 184),
    "happy": (245, 226, 60),
    "sad": (40, 110, 210),
    "surprise": (240, 158, 20),
    "neutral": (244, 244, 240),
    "contempt": (120, 200, 245),
}
"""After Okabe and Ito (2002), "Color universal design", with white for neutral instead of black,
and each shifted slightly to increase its distance from the others; a test computes the distances
for each of the three kinds of colour blindness."""

OTHER_LABEL: Final[Colour] = (190, 190, 200)
"""For labels not listed here."""
UNCERTAIN: Final[Colour] = (158, 160, 164)
"""Replaces the label's colour, because an uncertain label must not look like a finding."""
INK: Final[Colour] = (16, 17, 20)
PAPER: Final[Colour] = (250, 250, 250)
FAINT: Final[Colour] = (198, 200, 206)
TROUGH: Final[Colour] = (92, 95, 102)
RECORDING: Final[Colour] = (235, 64, 52)


def colour_of(label: str) -> Colour:
    """Return the colour of a label."""
    return LABEL_COLOURS.get(label, OTHER_LABEL)


def luminance(colour: Colour) -> float:
    """Return the relative luminance in [0, 1], as WCAG 2.2 defines it."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 (sRGB)
        for c in (value / 255 for value in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours, in [1, 21], as WCAG 2.2 defines it."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def ink_on(colour: Colour) -> Colour:
    """Return the dark or the light text colour, whichever is more legible on `colour`."""
    return max((INK, PAPER), key=lambda ink: contrast(ink, colour))
