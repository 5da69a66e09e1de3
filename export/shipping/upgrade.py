"""`fer-export upgrade`: rewrite model files of an older format in the current one."""

from pathlib import Path

import onnx

from fer_live.bundle import model_names, read_model
from fer_live.errors import ModelError
from fer_live.export.conversion.to_onnx import seal
from fer_live.export.shipping.ship import assets_folder, read_json, require_checksum, write_card
from fer_live.files import published
from fer_live.realtime.inference.classifier import REMEDY, OnnxClassifier
from fer_live.realtime.inference.model_file import ModelFile, read_model_file


def upgrade(model: str, *, assets: Path | None = None) -> Path | None:
    """Rewrite a model file in the current format, in place; graph and weights are unchanged.

    A digest only vouches for the bytes it was computed from, so first make sure that the file is
    intact. For a shipped model, its recorded checksum ensures that; checksum and card are then
    updated.

    Args:
        model: Name of a shipped model, or path of an .onnx file.
        assets: The folder of shipped files; None takes the one of this installation.

    Returns:
        The file; None if it is already in the current format.

    Raises:
        ModelError: There is no such model, or it is not one that the runtime accepts.
        SinkError: The file, or a shipped model's card or checksum, cannot be written.
    """
    if assets is not None or model in model_names():
        return _upgrade_shipped(model, assets_folder(assets))
    content = read_model(model)
    if (renewed := _renewed(model, content)) is None:
        return None
    with published(Path(model), renewed) as unproved:
        OnnxClassifier(str(unproved), device="cpu")
    return Path(model)


def _upgrade_shipped(name: str, folder: Path) -> Path | None:
    """Rewrite a shipped model, its card and its checksum."""
    path = folder / "models" / f"{name}.onnx"
    content = read_model(str(path))
    require_checksum(folder, name, content)
    if (renewed := _renewed(str(path), content)) is None:
        return None
    reports = read_json(path.with_suffix(".json")).get("reports", ())
    with published(path, renewed) as unproved:
        contract = OnnxClassifier(str(unproved), device="cpu").contract
    write_card(folder, name, contract, renewed, reports=reports)
    return path


def _renewed(model: str, content: bytes) -> bytes | None:
    """Return a model file in the current format; None if it already is."""
    file = _read(model, content)
    if file.digest is not None:
        return None
    return seal(onnx.load_from_string(content), file.contract)


def _read(model: str, content: bytes) -> ModelFile:
    """Read contract and digest of a model file; an error names the file."""
    try:
        return read_model_file(content)
    except ModelError as error:
        raise ModelError(f"{model} cannot be used: {error}; {REMEDY}") from error
