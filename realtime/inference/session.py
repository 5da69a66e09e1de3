"""Open single-threaded ONNX Runtime sessions on the requested device."""

import re
from typing import Any, Final, Literal, TypeAlias

from fer_live.errors import DeviceError, ModelError
from fer_live.realtime.inference.cuda import (
    CUDA_PROVIDER,
    cuda_options,
    cuda_problem,
    find_cuda_libraries,
)

Device: TypeAlias = Literal["auto", "cpu", "cuda"]
_ORT_PREFIX: Final = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")


def open_session(data: bytes, device: Device, *, cuda_graph: bool = False) -> Any:
    """Open a session on the device, and make sure that it is the device.

    Raises:
        ModelError: ONNX Runtime refuses the bytes.
        DeviceError: CUDA was asked for and cannot be had.
    """
    import onnxruntime as ort  # noqa: PLC0415 (heavy)

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised; ORT need not print it as well
    providers: list[Any] = ["CPUExecutionProvider"]
    problem = "not asked for" if device == "cpu" else cuda_problem()
    if device == "cuda" and problem is not None:
        raise DeviceError(problem)
    if problem is None:
        find_cuda_libraries()
        providers.insert(0, (CUDA_PROVIDER, cuda_options(cuda_graph=cuda_graph)))
    try:
        session = ort.InferenceSession(data, options, providers=providers)
    except Exception as error:  # ORT raises a dozen unrelated types for a file it cannot read
        raise ModelError(f"ONNX Runtime refuses it: {first_line(error)}") from error
    if device == "cuda" and session.get_providers()[0] != CUDA_PROVIDER:
        raise DeviceError(
            "CUDA was asked for but the session fell back to the CPU: the driver or the CUDA and "
            "cuDNN libraries are missing; pip install 'fer-live[cuda]', or use --device cpu"
        )
    return session


def first_line(error: Exception) -> str:
    """Return the first line of a foreign error's message, without ONNX Runtime's own codes."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return _ORT_PREFIX.sub("", line).rstrip(".")
