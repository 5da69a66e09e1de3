"""Batches of any size through one session, with as few copies as its device allows."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fer_live.realtime.inference.cuda import CUDA_PROVIDER


class BatchRunner:
    """Runs a session with one input.

    On CUDA, the input has a fixed buffer in the GPU's memory for each batch size, and the outputs
    are copied back together; on a CPU there are no copies to save.
    """

    def __init__(self, session: Any, *, memory: Literal["cpu", "cuda"] | None = None) -> None:
        """Store the session.

        Args:
            session: An ONNX Runtime session whose first dimension is dynamic.
            memory: Where batches are bound; None decides by the session's provider: the GPU's
                memory on CUDA, no binding on a CPU.
        """
        self._session = session
        if memory is None and session.get_providers()[0] == CUDA_PROVIDER:
            memory = "cuda"
        self._memory = memory
        (only,) = session.get_inputs()
        self._input: str = only.name
        self._outputs: list[str] = [output.name for output in session.get_outputs()]
        self._places: dict[tuple[int, ...], Any] = {}

    def run(self, batch: NDArray[Any]) -> list[NDArray[np.float32]]:
        """Return the outputs of a batch, in the session's order."""
        found: list[NDArray[np.float32]]
        if self._memory is None:
            found = self._session.run(self._outputs, {self._input: batch})
            return found
        binding = self._session.io_binding()
        binding.bind_ortvalue_input(self._input, self._placed(batch))
        for name in self._outputs:
            binding.bind_output(name, self._memory)
        self._session.run_with_iobinding(binding)
        found = binding.copy_outputs_to_cpu()
        return found

    def _placed(self, batch: NDArray[Any]) -> Any:
        """Copy a batch to its buffer in the device's memory."""
        import onnxruntime as ort  # noqa: PLC0415 (heavy)

        place = self._places.get(batch.shape)
        if place is None:
            place = ort.OrtValue.ortvalue_from_numpy(batch.copy(), self._memory, 0)
            self._places[batch.shape] = place
        else:
            place.update_inplace(np.ascontiguousarray(batch))
        return place
