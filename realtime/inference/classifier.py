"""Expression classifier: ONNX Runtime behind a small protocol.

Only the files beside this one import onnxruntime, and only when a session is made.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Crops
from fer_live.bundle import read_model, sha256_of
from fer_live.contract import (
    INPUT_NAME,
    SECOND_NAME,
    ModelContract,
    Prior,
)
from fer_live.errors import DeviceError, ModelError
from fer_live.realtime.inference.cuda import CUDA_PROVIDER
from fer_live.realtime.inference.io_binding import OUTPUT_NAMES, Binding
from fer_live.realtime.inference.model_file import NO_DIGEST, read_model_file
from fer_live.realtime.inference.priors import calibrated, softmax
from fer_live.realtime.inference.session import Device, first_line, open_session

TRIAL_BATCHES: Final = (1, 3)
"""How many synthetic crops a model has to classify when it is opened."""

_NO_GRAPH: Final = -1  # says so to ONNX Runtime
_TRIAL_TOLERANCE: Final = 1e-3
REMEDY: Final = "export it again from its checkpoint with: fer-export onnx"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prediction:
    """The network's predictions for a batch of crops.

    Attributes:
        probabilities: (N, K) float32, calibrated, at the natural (training) prior.
        logits: (N, K) float32, before the temperature.
    """

    probabilities: NDArray[np.float32]
    logits: NDArray[np.float32]


class EmotionClassifier(Protocol):
    """Anything that classifies crops: ONNX Runtime, or a table in tests."""

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
    """Return (N, K) float32 probabilities at the given prior."""
    if prior == "natural":
        return prediction.probabilities
    return calibrated(
        prediction.logits, contract.temperature, contract.prior, contract.labels, prior
    )


class OnnxClassifier:
    """An exported model in an ONNX Runtime session of one thread."""

    def __init__(self, model: str, *, device: Device = "auto", cuda_graph: bool = False) -> None:
        """Load a model and refuse anything that the contract does not allow.

        Args:
            model: Name of a shipped model, or the path of an .onnx file.
            device: "auto" uses CUDA if it works, "cuda" requires it.
            cuda_graph: Let `bind` record its kernels once and replay them; on CUDA only.

        Raises:
            ModelError: There is no such model, or it is malformed, not a fer-live model, too large
                or of other shapes.
            DeviceError: CUDA was requested and is not available.
        """
        if cuda_graph and device != "cuda":
            raise DeviceError(f"CUDA graphs run on CUDA only, not on {device}; use --device cuda")
        data = read_model(model)
        self.sha256 = sha256_of(data)
        self._cuda_graph = cuda_graph
        self._graphs = 0
        try:
            file = read_model_file(data)
            self._contract = file.contract
            self._session = open_session(data, device, cuda_graph=cuda_graph)
            _check_signature(self._session, self._contract)
            self._try_out()
        except ModelError as error:
            raise ModelError(f"{model} cannot be used: {error}; {REMEDY}") from error
        if file.digest is None:
            _log.warning("%s: %s", model, NO_DIGEST)
        _log.info("%s runs on %s", model, self.provider)

    @property
    def contract(self) -> ModelContract:
        """What the model expects and promises."""
        return self._contract

    @property
    def provider(self) -> str:
        """The provider that the session actually uses, such as "CPUExecutionProvider"."""
        name: str = self._session.get_providers()[0]
        return name

    def classify(self, crops: Crops) -> Prediction:
        """Return the predictions for (N, *input_shape) uint8 crops.

        Raises:
            ValueError: The shape or dtype of the crops differs from the contract.
        """
        expected = self._contract.input_shape
        if crops.shape[1:] != expected or crops.dtype != np.uint8:
            raise ValueError(f"expected uint8 (N, {expected}), got {crops.dtype} {crops.shape}")
        if len(crops) == 0:
            empty = np.empty((0, len(self._contract.labels)), np.float32)
            return Prediction(empty, empty)
        return Prediction(*self.session_call(crops)())

    def second_logits(self, crops: Crops) -> NDArray[np.float32]:
        """Return (N, K2) float32 logits of the second head for uint8 (N, *input_shape) crops.

        Raises:
            ModelError: The contract has no second head.
        """
        if self._contract.second is None:
            raise ModelError(f"{self._contract.name} has no second head")
        if len(crops) == 0:
            return np.empty((0, len(self._contract.second.labels)), np.float32)
        found: NDArray[np.float32] = self._session.run(
            [SECOND_NAME], {INPUT_NAME: crops}, self._run_options(_NO_GRAPH)
        )[0]
        return found

    def session_call(self, crops: Crops) -> Callable[[], Any]:
        """Return the bare call of the session on `crops`, without checks, for measuring."""
        feeds, options = {INPUT_NAME: crops}, self._run_options(_NO_GRAPH)
        return lambda: self._session.run(OUTPUT_NAMES, feeds, options)

    def bind(self, crops: Crops) -> Binding:
        """Bind device memory for batches of the shape of `crops`, and copy them there."""
        self._graphs += 1  # a CUDA graph is valid for one shape and one memory address
        return Binding(
            self._session,
            crops,
            len(self._contract.labels),
            memory="cuda" if self.provider == CUDA_PROVIDER else "cpu",
            run_options=self._run_options(self._graphs),
        )

    def _run_options(self, graph: int) -> Any:
        """Return the options of one call: which CUDA graph it records or replays."""
        if not self._cuda_graph:
            return None
        import onnxruntime as ort  # noqa: PLC0415 (heavy)

        options = ort.RunOptions()
        options.add_run_config_entry("gpu_graph_id", str(graph))
        return options

    def _try_out(self) -> None:
        """Classify synthetic crops, which also warms up the session, and refuse invalid outputs.

        Raises:
            ModelError: The graph fails, or does not return softmax(logits / temperature).
        """
        rng = np.random.default_rng(0)
        for count in TRIAL_BATCHES:
            crops = rng.integers(0, 256, (count, *self._contract.input_shape), np.uint8)
            try:
                given = self.classify(crops)
            except Exception as error:  # ORT raises a dozen unrelated types
                raise ModelError(f"it fails on a batch of {count}: {first_line(error)}") from error
            if (rows := len(given.logits)) != count:
                raise ModelError(f"it gives {rows} rows for a batch of {count}")
            if not np.isfinite(given.logits).all():
                raise ModelError("its logits are not finite numbers")
            if self._contract.second and not np.isfinite(self.second_logits(crops)).all():
                raise ModelError("the logits of its second head are not finite numbers")
            due = softmax(given.logits / self._contract.temperature)
            if not np.allclose(given.probabilities, due, atol=_TRIAL_TOLERANCE):
                raise ModelError("its probabilities are not softmax(logits / temperature)")


def _check_signature(session: Any, contract: ModelContract) -> None:
    """Refuse a graph whose inputs, outputs, types or shapes the contract does not allow."""
    found = {part.name: (part.type, list(part.shape)) for part in _signature(session)}
    second = () if contract.second is None else (SECOND_NAME,)
    if set(found) != {INPUT_NAME, *OUTPUT_NAMES, *second} or len(session.get_inputs()) != 1:
        names = [[p.name for p in side] for side in (session.get_inputs(), session.get_outputs())]
        raise ModelError(f"its inputs are {names[0]} and its outputs {names[1]}")
    per_label = ("tensor(float)", (len(contract.labels),))
    due = {
        INPUT_NAME: ("tensor(uint8)", contract.input_shape),
        **dict.fromkeys(OUTPUT_NAMES, per_label),
    }
    if contract.second is not None:
        due[SECOND_NAME] = ("tensor(float)", (len(contract.second.labels),))
    for name, (kind, each) in due.items():
        if found[name][0] != kind or found[name][1][1:] != list(each):
            given = f"{found[name][0]} {found[name][1]}"
            raise ModelError(f"{name} is {given}, but by its contract {kind} [batch, {each}]")
        if found[name][1][:1] == [] or isinstance(found[name][1][0], int):
            raise ModelError(f"{name} is {found[name][1]}: its batch has to be dynamic")


def _signature(session: Any) -> list[Any]:
    """Return a session's inputs and outputs."""
    return [*session.get_inputs(), *session.get_outputs()]
