"""The networks inside MediaPipe's bundle, a zip file."""

import io
import zipfile
from functools import cache
from typing import Final

from fer_live.bundle import LANDMARKER, read_asset

DETECTOR: Final = "face_detector.tflite"
LANDMARKS: Final = "face_landmarks_detector.tflite"
BLENDSHAPES: Final = "face_blendshapes.tflite"
GEOMETRY: Final = "geometry_pipeline_metadata_landmarks.binarypb"


@cache
def read_bundled(name: str) -> bytes:
    """Return one network out of the landmarker's bundle.

    Raises:
        ModelError: The bundle is missing or damaged.
    """
    with zipfile.ZipFile(io.BytesIO(read_asset(LANDMARKER))) as bundle:
        return bundle.read(name)
