"""Naming what a face shows: ONNX Runtime behind a small protocol.

Only this file imports onnxruntime, and only when a session is made.
"""

import logging
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Crops
from fer_live.bundle import read_model, sha256_of
from fer_live.contract import (
    INPUT_NAME,
    LOGITS_NAME,
    PROBABILITIES_NAME,
    ModelContract,
    Prior,
    from_metadata,
)
from fer_live.errors import DeviceError, ModelError

Device: TypeAlias = Literal["auto", "cpu", "cuda"]
MAX_MODEL_BYTES: Final = 256 * 2**20
"""A larger file is refused before it is parsed: no compact network needs it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the network says of a batch of crops.

    Attributes:
        probabilities: (N, K) float32, calibrated, at the natural (training) prior.
        logits: (N, K) float32, before the temperature.
    """

    probabilities: NDArray[np.float32]
    logits: NDArray[np.float32]


class EmotionClassifier(Protocol):
    """Anything that names emotions: ONNX Runtime when it is real, a table when it is a test."""

    @property
    def contract(self) -> ModelContract:
        """What the model expects and promises."""
        ...

    def classify(self, crops: Crops) -> Prediction:
        """Return what each crop shows; N may be 0."""
        ...


def with_prior(
    prediction: Prediction, contract: ModelContract, prior: Prior
) -> NDArray[np.float32]:
    """Return (N, K) float32 probabilities at the prior asked for.

    `balanced` is logit adjustment: softmax(logits / temperature - log(training prior)), after
    Menon et al. 2021, "Long-tail learning via logit adjustment".
    """
    if prior == "natural":
        return prediction.probabilities
    adjusted = prediction.logits / contract.temperature - np.log(contract.prior)
    adjusted -= adjusted.max(axis=1, keepdims=True, initial=-np.inf)
    unnormalised = np.exp(adjusted)
    balanced: NDArray[np.float32] = unnormalised / unnormalised.sum(axis=1, keepdims=True)
    return balanced.astype(np.float32)


class OnnxClassifier:
    """An exported model in an ONNX Runtime session of one thread."""

    def __init__(self, model: str, *, device: Device = "auto") -> None:
        """Load a model and refuse anything that the contract does not allow.

        Args:
            model: Name of a shipped model, or the path of an .onnx file.
            device: "auto" takes CUDA where a session really gets it, "cuda" insists.

        Raises:
            ModelError: No such model, or it is malformed, foreign, too large or of other shapes.
            DeviceError: CUDA was asked for and cannot be had.
        """
        data = read_model(model)
        if len(data) > MAX_MODEL_BYTES:
            raise ModelError(f"{model} has {len(data):,} bytes, more than {MAX_MODEL_BYTES:,}")
        self.sha256 = sha256_of(data)
        self._session = _open_session(data, model, device)
        try:
            self._contract = from_metadata(self._session.get_modelmeta().custom_metadata_map)
            _check_signature(self._session, self._contract)
        except ModelError as error:
            raise ModelError(f"{model} cannot be used: {error}") from error

    @property
    def contract(self) -> ModelContract:
        """What the model expects and promises."""
        return self._contract

    @property
    def provider(self) -> str:
        """The provider that the session really got, such as "CPUExecutionProvider"."""
        name: str = self._session.get_providers()[0]
        return name

    def classify(self, crops: Crops) -> Prediction:
        """Return what each of (N, *input_shape) uint8 crops shows.

        Raises:
            ValueError: The crops have another shape or dtype than the contract says.
        """
        expected = self._contract.input_shape
        if crops.shape[1:] != expected or crops.dtype != np.uint8:
            raise ValueError(f"expected uint8 (N, {expected}), got {crops.dtype} {crops.shape}")
        if len(crops) == 0:
            empty = np.empty((0, len(self._contract.labels)), np.float32)
            return Prediction(empty, empty)
        probabilities, logits = self._session.run(
            [PROBABILITIES_NAME, LOGITS_NAME], {INPUT_NAME: crops}
        )
        return Prediction(probabilities, logits)


def _open_session(data: bytes, model: str, device: Device) -> Any:
    """Open a session on the device, and make sure that it is the device."""
    import onnxruntime as ort  # noqa: PLC0415 (heavy)

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised; ORT need not print it as well
    providers = ["CPUExecutionProvider"]
    if device == "cuda" or (device == "auto" and cuda_problem() is None):
        providers.insert(0, "CUDAExecutionProvider")
    if device == "cuda" and (problem := cuda_problem()) is not None:
        raise DeviceError(problem)
    try:
        session = ort.InferenceSession(data, options, providers=providers)
    except Exception as error:  # ORT raises a dozen unrelated types for a file it cannot read
        reason = str(error).splitlines()[0]
        raise ModelError(f"{model} cannot be used: ONNX Runtime refuses it: {reason}") from error
    if device == "cuda" and session.get_providers()[0] != "CUDAExecutionProvider":
        raise DeviceError(
            "CUDA was asked for but the session fell back to the CPU: the driver or the CUDA and "
            "cuDNN libraries are missing; pip install 'fer-live[cuda]', or use --device cpu"
        )
    _log.info("%s runs on %s", model, session.get_providers()[0])
    return session


def cuda_problem() -> str | None:
    """Return why CUDA cannot be used, with what to do; None when nothing obvious stands against it.

    Only a session can prove that CUDA works; this finds out, without printing anything, when it
    cannot.
    """
    import onnxruntime as ort  # noqa: PLC0415 (heavy)

    if "CUDAExecutionProvider" not in ort.get_available_providers():
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


def _driver_present() -> bool:
    """Whether the NVIDIA driver's library can be loaded."""
    import ctypes  # noqa: PLC0415 (only on this path)
    import sys  # noqa: PLC0415

    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _check_signature(session: Any, contract: ModelContract) -> None:
    """Refuse a graph whose inputs, outputs, types or shapes the contract does not allow."""
    inputs = {i.name: (i.type, i.shape) for i in session.get_inputs()}
    outputs = {o.name: (o.type, o.shape) for o in session.get_outputs()}
    if set(inputs) != {INPUT_NAME} or set(outputs) != {PROBABILITIES_NAME, LOGITS_NAME}:
        raise ModelError(f"its inputs are {sorted(inputs)}, its outputs {sorted(outputs)}")
    kind, shape = inputs[INPUT_NAME]
    if kind != "tensor(uint8)" or tuple(shape[1:]) != contract.input_shape:
        raise ModelError(f"its input is {kind} {shape}, the contract says {contract.input_shape}")
    for name, (kind, shape) in outputs.items():
        if kind != "tensor(float)" or list(shape[1:]) != [len(contract.labels)]:
            raise ModelError(f"its output {name} is {kind} {shape}: one column a label was due")
    if any(isinstance(s[0], int) for _, s in (*inputs.values(), *outputs.values())):
        raise ModelError("its batch is of a fixed size; export it with a dynamic batch")
