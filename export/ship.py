"""Putting a model among those that travel with fer-live."""

import json
from importlib.resources import files
from pathlib import Path

from fer_live.bundle import sha256_of
from fer_live.contract import ModelContract
from fer_live.errors import ModelError, SinkError
from fer_live.export.card import card_json, card_markdown
from fer_live.export.checkpoint import Exported, export_checkpoint
from fer_live.export.files import published
from fer_live.training.checkpoint import Checkpoint


def ship(
    checkpoint: Checkpoint,
    name: str,
    *,
    second: Checkpoint | None = None,
    assets: Path | None = None,
    data: Path | None = None,
    most: int | None = 512,
) -> Exported:
    """Export a checkpoint as a shipped model: file, card and checksum.

    Args:
        checkpoint: What to ship.
        name: What people will call it, such as "cnn6"; small letters, digits and hyphens.
        second: The second head of the same training, where it is to ship in the same file.
        assets: The folder of shipped files; None takes the one of this installation, which has
            to be an editable one.
        data: Folder with FER2013, for parity on PublicTest; None takes made crops.
        most: Show parity on at most so many images; None takes all.

    Raises:
        ModelError: The name is no name, or the checkpoint cannot be exported.
        SinkError: The folder cannot be written to.
    """
    if not name.replace("-", "").isalnum() or name != name.lower():
        raise ModelError(f"{name!r} is no name: use small letters, digits and hyphens")
    folder = assets or Path(str(files("fer_live.assets")))
    out = folder / "models" / f"{name}.onnx"
    exported = export_checkpoint(checkpoint, out, second=second, name=name, data=data, most=most)
    write_card(folder, name, exported.contract, exported.path.read_bytes())
    return exported


def write_card(folder: Path, name: str, contract: ModelContract, content: bytes) -> None:
    """Write a shipped model's card in both forms, and record its checksum.

    Raises:
        SinkError: A file cannot be written, or the checksums cannot be read.
    """
    digest, size = sha256_of(content), len(content)
    cards = {
        ".json": card_json(contract, sha256=digest, size_bytes=size),
        ".md": card_markdown(contract, sha256=digest, size_bytes=size),
    }
    for suffix, text in cards.items():
        with published(folder / "models" / f"{name}{suffix}", text.encode()):
            pass
    table_path = folder / "checksums.json"
    try:
        table = json.loads(table_path.read_text(encoding="utf-8")) if table_path.exists() else {}
    except (OSError, ValueError) as error:
        raise SinkError(f"{table_path} cannot be read: {error}") from error
    table[f"models/{name}.onnx"] = digest
    with published(table_path, (json.dumps(table, indent=2, sort_keys=True) + "\n").encode()):
        pass
