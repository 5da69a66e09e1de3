"""Contract and digest of a model file: whether it is still the file that was exported.

The digest is not a signature: anyone who changes a file on purpose can write a new one. It detects
accidents: a damaged copy, a tool that rewrote weights or labels, a flipped bit.
"""

import json
from dataclasses import dataclass
from typing import Final

from fer_live.contract import ALLOWED_OPERATORS, DIGEST_KEY, PREFIX, ModelContract, from_metadata
from fer_live.errors import ModelError
from fer_live.realtime.inference.onnx_file import OnnxContents, metadata_entry, read_contents

NO_DIGEST: Final = (
    "its contract is of format 1, which has no digest, so a change after its export would not be "
    "noticed; once you know that it is whole: fer-export upgrade"
)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The contract and digest of a model file.

    Attributes:
        contract: Its contract.
        digest: The sha256 of graph, weights and contract, in hex, verified against the bytes; None
            in a file of format 1.
    """

    contract: ModelContract
    digest: str | None


def read_model_file(data: bytes) -> ModelFile:
    """Read contract and digest of a model file, and refuse what ONNX Runtime must not even open.

    Raises:
        ModelError: The file is not a fer-live model, contains something that such a model must
            not, or was changed after export. The message does not name the file: the caller does.
    """
    contents = read_contents(data)
    contract = from_metadata(contents.metadata)
    if contents.strange:
        raise ModelError(f"it holds {' and '.join(contents.strange)}")
    if foreign := sorted(set(contents.operators) - ALLOWED_OPERATORS):
        raise ModelError(f"it uses operators that no fer-live model may use: {', '.join(foreign)}")
    digest = _digest(contents)
    if contents.operators != contract.operators:
        raise ModelError(
            f"its graph uses {', '.join(contents.operators)}, but its contract says "
            f"{', '.join(contract.operators)}: the file was changed after it was exported"
        )
    return ModelFile(contract, digest)


def with_digest(data: bytes) -> bytes:
    """Return a model file that carries no digest yet with its digest appended.

    Raises:
        ModelError: The bytes are not an ONNX model.
    """
    return data + metadata_entry(DIGEST_KEY, json.dumps(read_contents(data).digest))


def _digest(contents: OnnxContents) -> str | None:
    """Return a file's digest; None for a file of format 1 without one.

    Raises:
        ModelError: It is such a file.
    """
    stated = contents.metadata.get(DIGEST_KEY)
    if stated is None:
        if json.loads(contents.metadata[f"{PREFIX}format"]) == 1:
            return None
        raise ModelError("its digest is missing: the file was changed after it was exported")
    if stated != json.dumps(contents.digest):
        raise ModelError(
            "its graph, weights or contract do not match its digest: the file "
            "was changed or damaged after it was exported"
        )
    return contents.digest
