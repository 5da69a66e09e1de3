"""`fer-export check`: verify a model file against its own metadata."""

import dataclasses
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import onnx

from fer_live.bundle import read_model
from fer_live.contract import ALLOWED_OPERATORS, INPUT_NAME, PREFIX, ModelContract
from fer_live.errors import FerLiveError
from fer_live.export.conversion.checkpoint import contract_of, live_graph
from fer_live.export.conversion.cost import Cost, cost_of
from fer_live.export.conversion.crops import CropSet
from fer_live.export.conversion.graph import LiveGraph
from fer_live.export.conversion.parity import BATCHES, compare, open_session
from fer_live.export.conversion.to_onnx import OPSET
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.model_file import NO_DIGEST, read_model_file
from fer_live.training.models.checkpoint import Checkpoint

LEAST_AGREEMENT: Final = 0.95
"""Labels that a file of lower precision must share with its checkpoint; fp32 files share all."""
_INHERITED: Final = (
    *("labels", "prior", "crop", "colour", "temperature", "uncertain_below", "mirrored", "second"),
    *("architecture", "widths", "data", "parent_sha256", "pruning"),
)
"""Fields of a contract that are the checkpoint's own; the others are of the file."""
_SPARE_BYTES: Final = 256 * 1024
_SAME: Final = 1e-5
_LOCAL_PATH: Final = re.compile(rb"site-packages|/home/|/root/|/Users/|[A-Z]:\\\\|\.py\b")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that was looked at.

    Attributes:
        subject: What, in a word or two.
        holds: Whether it is as it should be.
        said: What was found.
    """

    subject: str
    holds: bool
    said: str


def check_model(
    model: str,
    *,
    crops: CropSet | None = None,
    checkpoint: Checkpoint | None = None,
) -> list[CheckResult]:
    """Look at everything that a model file promises.

    Args:
        model: Name of a shipped model, or path of an .onnx file.
        crops: What batches, and with a checkpoint parity, are shown on.
        checkpoint: What the file was made from, when that is at hand.

    Returns:
        A finding for each thing that was looked at; only the first when the runtime refuses the
        file.
    """
    try:
        content = read_model(model)
        contract = OnnxClassifier(model, device="cpu").contract
        digest = read_model_file(content).digest
    except FerLiveError as error:
        return [CheckResult("runtime", False, str(error))]
    findings = [CheckResult("runtime", True, f"accepts it: {', '.join(contract.labels)}")]
    whole = f"graph, weights and contract are as exported: {digest}"
    findings.append(CheckResult("digest", digest is not None, whole if digest else NO_DIGEST))
    findings += _of_the_graph(onnx.load_from_string(content), contract, len(content))
    if crops is not None:
        findings.append(_batches(content, crops))
    if checkpoint is not None:
        findings += _of_the_checkpoint(content, contract, checkpoint, crops)
    return findings


def _of_the_checkpoint(
    content: bytes,
    contract: ModelContract,
    checkpoint: Checkpoint,
    crops: CropSet | None,
) -> Iterator[CheckResult]:
    """Yield what differs from the checkpoint that a file is said to have been made from."""
    due = contract_of(checkpoint, Cost(contract.parameters, contract.macs, contract.operators))
    stated, wanted = (json.loads(json.dumps(dataclasses.asdict(c))) for c in (contract, due))
    differing = [key for key in _INHERITED if stated[key] != wanted[key]]
    for key in differing:
        yield CheckResult(key, False, f"{stated[key]}; the checkpoint's are {wanted[key]}")
    if not differing:
        yield CheckResult("contract", True, f"as the checkpoint's: {', '.join(_INHERITED)}")
    if crops is None:
        return
    if _shapes(contract) != _shapes(due):
        yield CheckResult("parity", False, "cannot be shown: inputs or outputs are of other shapes")
        return
    yield _parity(content, contract, crops, live_graph(checkpoint))


def _shapes(contract: ModelContract) -> tuple[object, ...]:
    """Return what decides the shapes of a graph's input and outputs."""
    labels = len(contract.labels), len(contract.second.labels) if contract.second else 0
    return contract.input_shape, labels


def _of_the_graph(
    model: onnx.ModelProto, contract: ModelContract, size: int
) -> Iterator[CheckResult]:
    """Yield what the graph itself shows, beside its contract."""
    yield _checker(model)
    cost = cost_of(model)
    allowed = set(cost.operators) <= ALLOWED_OPERATORS
    yield CheckResult("operators", allowed, ", ".join(cost.operators))
    for subject, found, said in (
        ("MACs", cost.macs, contract.macs),
        ("parameters", cost.parameters, contract.parameters),
    ):
        yield CheckResult(subject, found == said, f"{found:,}; its contract says {said:,}")
    weights = sum(len(i.raw_data) for i in model.graph.initializer)
    spare = size - weights
    yield CheckResult("size", spare < _SPARE_BYTES, f"{size:,} bytes, {spare:,} beside the weights")
    yield _remarks(model)


def _checker(model: onnx.ModelProto) -> CheckResult:
    """Ask ONNX's own checker and its strict inference of shapes."""
    try:
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        return CheckResult("checker", False, " ".join(str(error).split()))
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    return CheckResult("checker", opsets == {"": OPSET}, f"valid, operator sets {opsets}")


def _remarks(model: onnx.ModelProto) -> CheckResult:
    """Look for what says where the file was made: remarks on nodes, paths, foreign metadata."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.graph.initializer[:]
    found = {m.decode(errors="replace") for m in _LOCAL_PATH.findall(bare.SerializeToString())}
    found |= {p.key for p in model.metadata_props if not p.key.startswith(PREFIX)}
    found |= {p.key for node in model.graph.node for p in node.metadata_props}
    found |= {node.doc_string for node in model.graph.node if node.doc_string}
    return CheckResult("remarks", not found, f"found {sorted(found)[:5]}" if found else "none")


def _batches(content: bytes, crops: CropSet) -> CheckResult:
    """Compare every batch size with crops classified one at a time."""
    session = open_session(content)
    few = crops.crops[: max(BATCHES)]
    alone = np.concatenate(
        [session.run(None, {INPUT_NAME: few[i : i + 1]})[0] for i in range(len(few))]
    )
    worst = max(
        float(np.abs(session.run(None, {INPUT_NAME: few[:n]})[0] - alone[:n]).max())
        for n in BATCHES
    )
    return CheckResult("batches", worst < _SAME, f"of {BATCHES} differ by at most {worst:.1e}")


def _parity(
    content: bytes, contract: ModelContract, crops: CropSet, live: LiveGraph
) -> CheckResult:
    """Compare the file with the checkpoint that it was made from."""
    parity = compare(content, live, crops.crops)
    said = f"{crops}: {parity}"
    if contract.precision == "fp32":
        return CheckResult("parity", parity.holds, said)
    agreement = 1 - parity.disagreements / parity.crops
    return CheckResult(
        "agreement", agreement >= LEAST_AGREEMENT, f"{100 * agreement:.2f} %; {said}"
    )
