"""MediaPipe's canonical face model: 3D positions of the mesh vertices.

The format is that of MediaPipe's face geometry module (geometry_pipeline_metadata.proto,
mesh_3d.proto): 468 vertices of five floats each (x, y, z in centimetres, then u, v), and the 33
vertices, with weights, by which the model is fitted to a face (Procrustes landmark basis).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import ModelError
from fer_live.realtime.faces.networks.bundled import GEOMETRY, read_bundled
from fer_live.realtime.inference.onnx_file import message_fields

_MESH, _BASIS = 1, 2
_VERTICES, _TRIANGLES = 3, 4
_POINT, _WEIGHT = 1, 2
_NUMBERS_A_VERTEX: Final = 5


@dataclass(frozen=True, slots=True)
class HeadModel:
    """The canonical face, seen from the front.

    Attributes:
        points_cm: (468, 3) float64 vertices; axes point right in the picture, up, and towards the
            viewer.
        triangles: (898, 3) int64 vertex indices of each triangle.
        basis: (33,) int64 indices of the vertices that move least with the expression.
        weights: (33,) float64 weights of `basis`; they sum to 1.
    """

    points_cm: NDArray[np.float64]
    triangles: NDArray[np.int64]
    basis: NDArray[np.int64]
    weights: NDArray[np.float64]


@cache
def head_model() -> HeadModel:
    """Read the model from MediaPipe's task bundle; cached.

    Raises:
        ModelError: The bundle is missing or damaged.
    """
    vertices: list[bytes] = []
    triangles: list[int] = []
    basis: dict[int, float] = {}
    for number, value in message_fields(memoryview(read_bundled(GEOMETRY))):
        if number == _MESH:
            for inner, one in _inside(value):
                if inner == _VERTICES and not isinstance(one, int):
                    vertices.append(bytes(one))
                elif inner == _TRIANGLES and isinstance(one, int):
                    triangles.append(one)
        elif number == _BASIS:
            entry = dict(_inside(value))
            weight = entry.get(_WEIGHT)
            point = entry.get(_POINT, 0)
            if isinstance(point, int) and not isinstance(weight, int) and weight is not None:
                basis[point] = float(np.frombuffer(weight, "<f4")[0])
    numbers = np.frombuffer(b"".join(vertices), "<f4").reshape(-1, _NUMBERS_A_VERTEX)
    weights = np.array(list(basis.values()))
    return HeadModel(
        points_cm=numbers[:, :3].astype(np.float64),
        triangles=np.array(triangles).reshape(-1, 3),
        basis=np.array(list(basis)),
        weights=weights / weights.sum(),
    )


def _inside(value: int | memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the fields of a nested protobuf message.

    Raises:
        ModelError: The value is not a message.
    """
    if isinstance(value, int):
        raise ModelError("MediaPipe's face geometry is damaged; install fer-live again")
    return message_fields(value)
