"""Type names for arrays that cross module boundaries: shape, dtype, range and unit."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) uint8, RGB. BGR exists only inside the sources and sinks that need it."""

Crops: TypeAlias = NDArray[np.uint8]
"""(N, S, S) uint8 gray or (N, S, S, 3) uint8 RGB, as the model's contract says; N may be 0."""

Probs: TypeAlias = NDArray[np.float32]
"""(K,) float32, each in [0, 1], summing to 1; column k means the model's label k."""

Points: TypeAlias = NDArray[np.float64]
"""(N, 2) float64, (x, y) in pixels; the centre of the top-left pixel is (0, 0)."""

Affine: TypeAlias = NDArray[np.float64]
"""(2, 3) float64, maps column vectors (x, y, 1) to (x', y')."""
