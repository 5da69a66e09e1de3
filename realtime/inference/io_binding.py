"""I/O binding: inputs and outputs at fixed addresses of a device, so that a call copies nothing.

This measures the cost of the graph alone, and CUDA graphs need it: they replay the same kernels at
the same addresses.
"""

from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Crops
from fer_live.contract import INPUT_NAME, LOGITS_NAME, PROBABILITIES_NAME

Memory: TypeAlias = Literal["cpu", "cuda"]
OUTPUT_NAMES: Final = (PROBABILITIES_NAME, LOGITS_NAME)


class Binding:
    """One batch size of one session, bound to memory."""

    def __init__(
        self, session: Any, crops: Crops, labels: int, *, memory: Memory, run_options: Any = None
    ) -> None:
        """Allocate memory and copy the crops there.

        Args:
            session: An ONNX Runtime session of a model that fulfils the contract.
            crops: (N, *input_shape) uint8; every later batch has the same shape.
            labels: Number of labels of the model.
            memory: Memory for crops and outputs, that of the device on which the session runs.
            run_options: Options of ONNX Runtime, such as the number of a CUDA graph.
        """
        import onnxruntime as ort  # noqa: PLC0415 (heavy)

        def placed(array: NDArray[Any]) -> Any:
            return ort.OrtValue.ortvalue_from_numpy(array, memory, 0)

        self._session, self._options = session, run_options
        self._crops = placed(crops.copy())
        self._answers = [placed(np.empty((len(crops), labels), np.float32)) for _ in OUTPUT_NAMES]
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(INPUT_NAME, self._crops)
        for name, answer in zip(OUTPUT_NAMES, self._answers, strict=True):
            self._binding.bind_ortvalue_output(name, answer)

    def run(self) -> None:
        """Run the graph on the crops in the bound memory."""
        self._session.run_with_iobinding(self._binding, self._options)

    def classify(self, crops: Crops) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Copy crops in, run, and copy (N, K) probabilities and logits back."""
        self._crops.update_inplace(crops)
        self.run()
        probabilities, logits = (answer.numpy() for answer in self._answers)
        return probabilities, logits
