"""CUDA for ONNX Runtime: availability, libraries and configuration."""

import contextlib
import io
import logging
from typing import Final

CUDA_PROVIDER: Final = "CUDAExecutionProvider"
_log = logging.getLogger(__name__)


def cuda_options(*, cuda_graph: bool) -> dict[str, str]:
    """Return the options of ONNX Runtime's CUDA provider, named as in its documentation."""
    return {
        "cudnn_conv_algo_search": "HEURISTIC",  # EXHAUSTIVE takes seconds at the first call
        "do_copy_in_default_stream": "1",
        "use_tf32": "0",  # 10 bits of mantissa would break parity with the CPU
        "enable_cuda_graph": "1" if cuda_graph else "0",
    }


def cuda_problem() -> str | None:
    """Return why CUDA cannot be used, and what to do; None if there is no obvious obstacle.

    Only a session can prove that CUDA works; this detects, without printing anything, some cases
    in which it cannot.
    """
    import onnxruntime as ort  # noqa: PLC0415 (heavy)

    if CUDA_PROVIDER not in ort.get_available_providers():
        return (
            "CUDA was asked for but this onnxruntime has no CUDA in it; uninstall onnxruntime and "
            "install 'fer-live[cuda]' on Linux x86-64 or Windows, or use --device cpu"
        )
    if not _driver_present():
        return (
            "CUDA was asked for but there is no NVIDIA driver (libcuda) on this machine; install "
            "the driver, or use --device cpu"
        )
    return None


def find_cuda_libraries() -> None:
    """Load the CUDA and cuDNN libraries installed by the extra `cuda`, if they are."""
    import onnxruntime as ort  # noqa: PLC0415 (heavy)

    if not hasattr(ort, "preload_dlls"):  # introduced in ONNX Runtime 1.21
        return
    with contextlib.redirect_stdout(io.StringIO()) as told:  # it prints what it does not find
        ort.preload_dlls()
    if told.getvalue():
        _log.info("onnxruntime: %s", told.getvalue().strip())


def _driver_present() -> bool:
    """Whether the NVIDIA driver's library can be loaded."""
    import ctypes  # noqa: PLC0415 (only on this path)
    import sys  # noqa: PLC0415

    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True
