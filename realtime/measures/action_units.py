"""Action-unit proxies: facial movement estimated from blendshapes, not FACS codes by a coder.

MediaPipe's blendshapes are controls for animation. The published correspondence of Apple's ARKit
names with the Facial Action Coding System (Ekman, Friesen and Hager 2002) gives the closest action
unit for each; nobody has validated these scores against human coders. Blendshapes that stay at 0
whatever the face does are left out, along with their action units: cheekSquint (AU6), noseSneer
(AU9), mouthUpperUp (AU10), mouthLowerDown (AU16), cheekPuff. AU5 is estimated from the landmarks,
because eyeWide hardly responds.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.realtime.sinks.blendshapes import BLENDSHAPES

PREFIX: Final = "proxy_AU"
UPPER_LID: Final = f"{PREFIX}5"
_SHAPES: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("browInnerUp",),
    2: ("browOuterUpLeft", "browOuterUpRight"),
    4: ("browDownLeft", "browDownRight"),
    7: ("eyeSquintLeft", "eyeSquintRight"),
    12: ("mouthSmileLeft", "mouthSmileRight"),
    14: ("mouthDimpleLeft", "mouthDimpleRight"),
    15: ("mouthFrownLeft", "mouthFrownRight"),
    17: ("mouthShrugLower",),
    18: ("mouthPucker",),
    20: ("mouthStretchLeft", "mouthStretchRight"),
    22: ("mouthFunnel",),
    24: ("mouthPressLeft", "mouthPressRight"),
    26: ("jawOpen",),
    28: ("mouthRollLower", "mouthRollUpper"),
    43: ("eyeBlinkLeft", "eyeBlinkRight"),
}
"""The blendshapes whose mean is the proxy of each action unit."""
_INDEX: Final = {
    f"{PREFIX}{unit}": np.array([BLENDSHAPES.index(shape) for shape in shapes])
    for unit, shapes in _SHAPES.items()
}
FROM_BLENDSHAPES: Final = tuple(_INDEX)
PROXIES: Final = tuple(sorted((*_INDEX, UPPER_LID), key=lambda name: int(name[len(PREFIX) :])))
"""Column names of all proxies, ordered by action unit."""
_AT_REST: Final = 0.33
_WIDE: Final = 0.48
"""Eye aspect ratio at rest and with the eyes wide open, in the clips of acted expressions
(`benchmarks/faces/action_units.py`)."""


def from_blendshapes(scores: NDArray[np.float32], names: Sequence[str]) -> dict[str, float]:
    """Return the requested proxies, in [0, 1].

    Args:
        scores: (52,) blendshape scores in [0, 1], in MediaPipe's order.
        names: Names from `FROM_BLENDSHAPES`.
    """
    return {name: float(scores[_INDEX[name]].mean()) for name in names}


def upper_lid(left_opening: float, right_opening: float) -> float:
    """Return the proxy of AU5 (upper lid raiser), in [0, 1], from the aspect ratios of both eyes.

    The resting value differs between people, so compare a person only with themselves.
    """
    opening = (left_opening + right_opening) / 2
    return min(1.0, max(0.0, (opening - _AT_REST) / (_WIDE - _AT_REST)))
