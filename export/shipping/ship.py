"""Add a model to those shipped with fer-live."""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from fer_live.bundle import sha256_of
from fer_live.contract import ModelContract
from fer_live.errors import ModelError, SinkError
from fer_live.export.conversion.checkpoint import Exported, export_checkpoint
from fer_live.export.conversion.precision import open_model
from fer_live.export.shipping.card import card_json, card_markdown
from fer_live.export.shipping.reports import Report, load_reports, of_file, of_heads
from fer_live.files import published
from fer_live.training.models.checkpoint import Checkpoint


def ship(
    checkpoint: Checkpoint,
    name: str,
    *,
    reports: Sequence[Path] = (),
    assets: Path | None = None,
    data: Path | None = None,
    most: int | None = 512,
) -> Exported:
    """Export a checkpoint as a shipped model: file, card and checksum.

    Args:
        checkpoint: What to ship.
        name: The name of the model, such as "cnn6"; lower-case letters, digits and hyphens.
        reports: JSON files of `fer-train evaluate --final` on its heads, for the card.
        assets: The folder of shipped files; None takes the one of this installation, which must be
            an editable one.
        data: Folder with FER2013, for parity on PublicTest; None uses synthetic crops.
        most: Test parity on at most this many images; None uses all.

    Raises:
        ModelError: The name is not allowed, the checkpoint cannot be exported, or a report is about
            another model; nothing is written then.
        DataError: A report cannot be read.
        SinkError: The folder cannot be written to.
    """
    if not name.replace("-", "").isalnum() or name != name.lower():
        raise ModelError(
            f"{name!r} is not an allowed name: use lower-case letters, digits and hyphens"
        )
    told = of_heads(load_reports(reports), checkpoint)
    folder = assets_folder(assets)
    out = folder / "models" / f"{name}.onnx"
    exported = export_checkpoint(checkpoint, out, name=name, data=data, most=most)
    write_card(folder, name, exported.contract, exported.path.read_bytes(), reports=told)
    return exported


def recard(name: str, reports: Sequence[Path], *, assets: Path | None = None) -> Path:
    """Rewrite a shipped model's card, from its file and from reports on that very file.

    Args:
        name: Of the shipped model.
        reports: JSON files of `fer-train evaluate NAME.onnx --final`.
        assets: See `ship`.

    Returns:
        The path of the Markdown card.

    Raises:
        ModelError: There is no such model or no report, or a report is about another file.
        DataError: A report cannot be read.
        SinkError: The folder cannot be written to.
    """
    folder = assets_folder(assets)
    path = folder / "models" / f"{name}.onnx"
    content, contract = open_model(str(path))
    if not reports:
        raise ModelError(
            f"there is no report on {name}, and its card would lose those that it has; score the "
            f"file first: fer-train evaluate {path} --final, or name reports with --report"
        )
    told = of_file(load_reports(reports), sha256_of(content))
    write_card(folder, name, contract, content, reports=told)
    return path.with_suffix(".md")


def assets_folder(folder: Path | None) -> Path:
    """Return the folder of shipped files."""
    return folder or Path(str(files("fer_live.assets")))


def write_card(
    folder: Path,
    name: str,
    contract: ModelContract,
    content: bytes,
    *,
    reports: Sequence[Report] = (),
) -> None:
    """Write a shipped model's card in both formats, and record its checksum.

    Raises:
        SinkError: A file cannot be written, or the checksums cannot be read.
    """
    digest, size = sha256_of(content), len(content)
    cards = {
        ".json": card_json(contract, sha256=digest, size_bytes=size, reports=reports),
        ".md": card_markdown(contract, sha256=digest, size_bytes=size, reports=reports),
    }
    for suffix, text in cards.items():
        with published(folder / "models" / f"{name}{suffix}", text.encode()):
            pass
    table_path = folder / "checksums.json"
    table = read_json(table_path) if table_path.exists() else {}
    table[f"models/{name}.onnx"] = digest
    with published(table_path, (json.dumps(table, indent=2, sort_keys=True) + "\n").encode()):
        pass


def require_checksum(folder: Path, name: str, content: bytes) -> None:
    """Refuse a shipped file whose checksum is not the recorded one.

    Raises:
        ModelError: The checksum differs, or there is no such file.
        SinkError: The checksums cannot be read.
    """
    recorded = read_json(folder / "checksums.json").get(f"models/{name}.onnx")
    if recorded != sha256_of(content):
        raise ModelError(
            f"{folder / 'models' / name}.onnx is not the file whose checksum is recorded in "
            f"{folder / 'checksums.json'}; ship it again with: fer-export ship"
        )


def read_json(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file among the shipped files.

    Raises:
        SinkError: It cannot be read.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SinkError(f"{path} cannot be read: {error}") from error
    return found
