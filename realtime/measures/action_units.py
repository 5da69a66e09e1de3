"""Action-unit proxies: facial movement from blendshapes, not a coder's scores.

MediaPipe's blendshapes are an animator's controls. The published correspondence of Apple's ARKit
names with the Facial Action Coding System (Ekman, Friesen and Hager 2002) says which unit each
comes nearest to; nobody has validated these scores against coders. Channels that stay at 0
whatever a face does are left out, and with them the units that hang on them: cheekSquint (AU6),
noseSneer (AU9), mouthUpperUp (AU10), mouthLowerDown (AU16), cheekPuff. AU5 is told from the
landmarks, because eyeWide hardly answers.
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
"""By action unit, the blendshapes whose mean its proxy is."""
_INDEX: Final = {
    f"{PREFIX}{unit}": np.array([BLENDSHAPES.index(shape) for shape in shapes])
    for unit, shapes in _SHAPES.items()
}
FROM_BLENDSHAPES: Final = tuple(_INDEX)
PROXIES: Final = tuple(sorted((*_INDEX, UPPER_LID), key=lambda name: int(name[len(PREFIX) :])))
"""All of them, by number."""
_AT_REST: Final = 0.33
_WIDE: Final = 0.48
"""How far eyes are open at rest, and as wide as they go; of the acted clips, see the benchmark."""


def from_blendshapes(scores: NDArray[np.float32], names: Sequence[str]) -> dict[str, float]:
    """Return the named proxies of `FROM_BLENDSHAPES`, in [0, 1].

    Args:
        scores: (52,) in MediaPipe's order.
        names: Which are wanted.
    """
    return {name: float(scores[_INDEX[name]].mean()) for name in names}


def upper_lid(left_opening: float, right_opening: float) -> float:
    """Return the proxy of AU5, in [0, 1], from how far both eyes are open.

    Eyes that are narrow or wide by nature have another zero: compare a person with themselves.
    """
    opening = (left_opening + right_opening) / 2
    return min(1.0, max(0.0, (opening - _AT_REST) / (_WIDE - _AT_REST)))
