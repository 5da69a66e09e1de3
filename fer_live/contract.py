"""The metadata of a model file, stored in the ONNX graph and nowhere else.

Every field of `ModelContract` is one entry `fer_live.<field>` of the file's metadata_props, its
value JSON. A file without them, or of an unknown format, is refused. One entry more, `DIGEST_KEY`,
is the sha256 of all the file's other bytes: graph, weights and contract. The graph itself takes
`crops`, uint8 (N, S, S) gray or (N, S, S, 3) RGB, and returns `probabilities` and `logits`, both
float32 (N, K), where probabilities = softmax(logits / temperature). A file whose contract has a
`second` head has another output, `second_logits`, float32 (N, K2), which only evaluation uses.
"""

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args

from fer_live import json_values
from fer_live.crop import Colour, CropGeometry
from fer_live.errors import ModelError
from fer_live.labels import LABELS

FORMAT: Final = 2
"""The format written. Format 1 is the same without a digest; it is still read."""
READ_FORMATS: Final = (1, 2)
PREFIX: Final = "fer_live."
DIGEST_KEY: Final = f"{PREFIX}digest"
INPUT_NAME: Final = "crops"
PROBABILITIES_NAME: Final = "probabilities"
LOGITS_NAME: Final = "logits"
SECOND_NAME: Final = "second_logits"
OF_SECOND: Final = ", second head"
"""Suffix of `data` for figures of the second head."""

ALLOWED_OPERATORS: Final = frozenset(
    {"BatchNormalization", "Conv", "Gemm", "MatMul", "PRelu", "Softmax"}
    | {"AveragePool", "GlobalAveragePool", "GlobalMaxPool", "MaxPool"}
    | {"ReduceMax", "ReduceMean", "ReduceSum"}
    | {"Clip", "Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Relu", "Selu", "Sigmoid"}
    | {"Erf", "Exp", "Log", "Softplus", "Sqrt", "Tanh"}
    | {"Add", "Div", "Max", "Min", "Mul", "Neg", "Sub"}
    | {"Concat", "Flatten", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Transpose"}
    | {"Unsqueeze", "Cast", "DequantizeLinear", "QuantizeLinear"}
)
"""Operators of the standard set that a model may use: arithmetic on arrays. Nothing that loops,
branches, draws random numbers or calls external code."""

_OPTIONAL: Final = frozenset({"second", "mirrored"})
"""Fields added after the first files of this format; a file without one has no such value."""

_UNSEEN: Final = re.compile(r"PrivateTest|\btest\b")
"""What data sets call the part for the final evaluation; PublicTest is for selection."""

Prior: TypeAlias = Literal["natural", "balanced"]
"""`balanced` subtracts the log of the training prior, as if all labels were equally frequent, and
contempt a quarter as frequent (`fer_live.realtime.inference.priors.ONLY_IF_CLEAR`)."""

Precision: TypeAlias = Literal["fp32", "fp16", "int8"]
"""How the weights are stored. `int8` files are made for one kind of processor."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured figure, with what it was measured on.

    Attributes:
        measure: What was measured, such as "accuracy" or "macro F1".
        value: The figure; fractions in [0, 1], not percent.
        data: The set and part, such as "FER+ PrivateTest, majority".
        n: How many images it was measured on.
        prior: The prior at which labels were chosen.
    """

    measure: str
    value: float
    data: str
    n: int
    prior: Prior = "natural"


@dataclass(frozen=True, slots=True)
class SecondHead:
    """A second head: labels of another data set, learned by the same network.

    Attributes:
        labels: What column k of `second_logits` means; distinct members of `LABELS`.
        prior: How frequent each of them was in training, summing to 1.
        temperature: Its logits are divided by this before the softmax.
        uncertain_below: A label whose probability is below this would be uncertain; in [0, 1].
        data: What it was trained on, and how the part for selection was separated.
    """

    labels: tuple[str, ...]
    prior: tuple[float, ...]
    temperature: float = 1.0
    uncertain_below: float = 0.4
    data: str = ""


@dataclass(frozen=True, slots=True)
class ModelContract:
    """Everything that the runtime needs to know about a model, and what a person may want to know.

    Attributes:
        name: Short name, such as "cnn6".
        labels: What column k of the outputs means; distinct members of `LABELS`.
        crop: The side of the crop and where eyes and mouth belong in it.
        colour: Whether crops are gray or RGB.
        temperature: Logits are divided by this before the softmax; 1.0 unless it was fitted.
        prior: How frequent each label was in training, summing to 1.
        uncertain_below: A label whose probability is below this is shown as uncertain; in [0, 1].
        architecture: Name of the network in `fer_live.training.networks`.
        widths: Channels of each layer that has a width.
        parameters: Number of learned parameters.
        macs: Multiply-adds for one crop.
        operators: ONNX operators in the graph, each once, sorted; all in `ALLOWED_OPERATORS`.
        precision: How the weights are stored.
        parent_sha256: Of the unpruned model's weights; None when nothing was pruned.
        pruning: How it was pruned: criterion, schedule, threshold; None when it was not.
        metrics: Measured figures.
        data: What it was trained on, and how the part for selection was separated.
        licence: Of the weights, and what it says about the training data.
        second: A head for other labels, if the graph has one; otherwise the field is absent from
            the file.
        mirrored: Whether the graph returns the mean over a crop and its mirror image; `macs`
            counts both. Likewise absent from the file if it does not.
    """

    name: str
    labels: tuple[str, ...]
    prior: tuple[float, ...]
    architecture: str
    widths: tuple[int, ...]
    parameters: int
    macs: int
    operators: tuple[str, ...]
    data: str
    licence: str
    crop: CropGeometry = field(default_factory=CropGeometry)
    colour: Colour = "gray"
    temperature: float = 1.0
    uncertain_below: float = 0.4
    precision: Precision = "fp32"
    parent_sha256: str | None = None
    pruning: Mapping[str, Any] | None = None
    metrics: tuple[Metric, ...] = ()
    second: SecondHead | None = None
    mirrored: bool = False

    def __post_init__(self) -> None:
        """Check what the types cannot express.

        Raises:
            ModelError: A field has an impossible value.
        """
        for holds, sentence in (
            (bool(self.name), "its name is empty"),
            *_checks_of_a_head(self),
            *(() if self.second is None else _checks_of_a_head(self.second)),
            (self.precision in get_args(Precision), f"its precision is {self.precision!r}"),
            (self.colour in ("gray", "rgb"), f"its colour is {self.colour!r}, not gray or rgb"),
            (8 <= self.crop.size_px <= 1024, f"its crop is {self.crop.size_px} px wide"),  # noqa: PLR2004
            (self.parameters > 0 and self.macs > 0, "its parameters or MACs are not positive"),
        ):
            if not holds:
                raise ModelError(f"the model's contract makes no sense: {sentence}")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one crop: (S, S) for gray, (S, S, 3) for RGB."""
        size = self.crop.size_px
        return (size, size) if self.colour == "gray" else (size, size, 3)

    @property
    def accuracies(self) -> tuple[Metric, ...]:
        """The accuracies of the first head; those on pictures not used for selection come first."""
        first = [metric for metric in self.metrics if not metric.data.endswith(OF_SECOND)]
        stated = [metric for metric in first if metric.measure == "accuracy"]
        return tuple(sorted(stated, key=lambda metric: not _UNSEEN.search(metric.data)))

    @property
    def accuracy(self) -> Metric | None:
        """The accuracy to show where there is room for one; None if none was measured."""
        return next(iter(self.accuracies), None)


def _checks_of_a_head(head: ModelContract | SecondHead) -> tuple[tuple[bool, str], ...]:
    """Return the conditions on labels and their values, each with the message if it fails."""
    labels, prior = head.labels, head.prior
    return (
        (len(labels) > 1, f"it has fewer than two labels: {labels}"),
        (set(labels) <= set(LABELS), f"its labels {labels} are not all of {LABELS}"),
        (len(set(labels)) == len(labels), f"a label occurs twice: {labels}"),
        (len(prior) == len(labels), "its prior and its labels differ in number"),
        (all(0 < p < 1 for p in prior), f"its prior {prior} is not within (0, 1)"),
        (math.isclose(sum(prior), 1, abs_tol=1e-3), "its prior does not sum to 1"),
        (0 < head.temperature < math.inf, f"its temperature is {head.temperature}"),
        (0 <= head.uncertain_below <= 1, f"uncertain_below is {head.uncertain_below}"),
    )


def to_metadata(contract: ModelContract) -> dict[str, str]:
    """Return `contract` as metadata_props of a model file, keys sorted."""
    fields = as_fields(contract)
    return {f"{PREFIX}{key}": json.dumps(fields[key], sort_keys=True) for key in sorted(fields)}


def as_fields(contract: ModelContract) -> dict[str, Any]:
    """Return the contract as JSON values, including `format`; absent fields are left out."""
    fields: dict[str, Any] = {"format": FORMAT, **dataclasses.asdict(contract)}
    if contract.second is None:
        del fields["second"]
    if not contract.mirrored:
        del fields["mirrored"]
    return fields


def from_metadata(metadata: Mapping[str, str]) -> ModelContract:
    """Read the contract back from a file's metadata_props.

    Raises:
        ModelError: It is absent, of an unknown format, incomplete, or makes no sense. The message
            does not name the file: the caller, who opened it, does.
    """
    own = {k.removeprefix(PREFIX): v for k, v in metadata.items() if k.startswith(PREFIX)}
    if "format" not in own:
        raise ModelError("it carries no fer-live contract")
    try:
        fields = {key: json.loads(value) for key, value in own.items()}
    except (ValueError, RecursionError) as error:  # or of 5,000 digits
        raise ModelError(f"its contract is not JSON: {error}") from error
    found = fields.pop("format")
    if found not in READ_FORMATS or isinstance(found, bool):
        raise ModelError(
            f"its contract has format {found!r}, this fer-live reads formats "
            f"{' and '.join(map(str, READ_FORMATS))}: one of the two is older than the other"
        )
    missing = {f.name for f in dataclasses.fields(ModelContract)} - _OPTIONAL - set(fields)
    if missing:
        raise ModelError(f"its contract lacks {', '.join(sorted(missing))}")
    return _typed(fields)


def _typed(fields: Mapping[str, Any]) -> ModelContract:
    """Convert JSON values to the contract's types; unknown fields are ignored."""
    try:
        return ModelContract(
            name=json_values.text(fields["name"]),
            labels=tuple(json_values.text(label) for label in fields["labels"]),
            prior=tuple(float(p) for p in fields["prior"]),
            architecture=json_values.text(fields["architecture"]),
            widths=tuple(int(w) for w in fields["widths"]),
            parameters=int(fields["parameters"]),
            macs=int(fields["macs"]),
            operators=tuple(json_values.text(name) for name in fields["operators"]),
            data=json_values.text(fields["data"]),
            licence=json_values.text(fields["licence"]),
            crop=_geometry(fields["crop"]),
            colour=fields["colour"],
            precision=fields["precision"],
            temperature=float(fields["temperature"]),
            uncertain_below=float(fields["uncertain_below"]),
            parent_sha256=json_values.digest(fields["parent_sha256"]),
            pruning=json_values.mapping(fields["pruning"]),
            metrics=tuple(_metric(metric) for metric in fields["metrics"]),
            second=_second(fields.get("second")),
            mirrored=json_values.truth(fields.get("mirrored", False)),
        )
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise ModelError(f"its contract holds a value of the wrong kind: {error}") from error


def _second(value: Mapping[str, Any] | None) -> SecondHead | None:
    """Read the second head, if there is one."""
    if value is None:
        return None
    return SecondHead(
        labels=tuple(json_values.text(label) for label in value["labels"]),
        prior=tuple(float(p) for p in value["prior"]),
        temperature=float(value["temperature"]),
        uncertain_below=float(value["uncertain_below"]),
        data=json_values.text(value["data"]),
    )


def _geometry(value: Mapping[str, Any]) -> CropGeometry:
    """Read the crop's geometry, two finite numbers a point."""
    places = {}
    for key in ("left_eye_px", "right_eye_px", "mouth_px"):
        x, y = (float(v) for v in value[key])
        if not (math.isfinite(x) and math.isfinite(y)):
            raise ValueError(f"crop.{key} is not finite")
        places[key] = (x, y)
    return CropGeometry(size_px=int(value["size_px"]), **places)


def _metric(value: Mapping[str, Any]) -> Metric:
    """Read one measured figure."""
    prior: Prior = value["prior"]
    if prior not in get_args(Prior):
        raise ValueError(f"{prior!r} is not a prior")
    figure, data = float(value["value"]), json_values.text(value["data"])
    return Metric(json_values.text(value["measure"]), figure, data, int(value["n"]), prior)
