"""Train and evaluate the landmark network, and write the folder of the run."""

import dataclasses
import io
import json
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, TQDMProgressBar
from numpy.typing import NDArray
from torch import Tensor, nn

from fer_live.errors import DataError, SettingsError
from fer_live.files import write_whole
from fer_live.training.fitting.callbacks import EpochLog
from fer_live.training.fitting.run_files import LAST, WholeCheckpoints, read_state, to_go_on_from
from fer_live.training.metrics.classification import wilson
from fer_live.training.metrics.scores import Figure
from fer_live.training.networks.papers.xception import Xception
from fer_live.training.papers.landmarks.crops import CropBatches
from fer_live.training.papers.landmarks.faces import LandmarkedFaces, read_faces
from fer_live.training.papers.landmarks.points import COUNT, normalised_mean_error
from fer_live.training.papers.landmarks.settings import LandmarkExperiment

MEASURE: Final = "normalised mean error (NME), by the inter-ocular distance: outer eye corners"
FAILED: Final = 0.08
"""Faces with a larger normalised error count as failures, as is usual on 300-W."""
_FORESEEN: Final = (
    ".*does not have many workers.*",  # a face is cut out in a millisecond
    ".*Checkpoint directory .* exists.*",  # that of an interrupted run
    ".*LeafSpec.*is deprecated.*",  # Lightning 2.6 on torch 2.14
)
_PARTS: Final = ("train", "watched", "reported")


@dataclass(frozen=True, slots=True)
class LandmarkScores:
    """Accuracy of a landmark network on faces cropped around their true points.

    Attributes:
        n: Number of faces.
        nme: Mean over faces of the normalised mean error (NME), with a 95 % interval.
        median: Median of the NME.
        failures: Fraction of faces with an NME above `FAILED`, with its Wilson interval.
        mean_face: NME of a baseline that always predicts the mean face of the training part.
    """

    n: int
    nme: Figure
    median: float
    failures: Figure
    mean_face: float


@dataclass(frozen=True, slots=True)
class LandmarkRun:
    """Result of a training: its folder, the scores of the best epoch, and the time in seconds."""

    folder: Path
    scores: LandmarkScores
    seconds: float


class _Learner(lightning.LightningModule):
    """The network, its loss and its optimiser."""

    def __init__(self, network: nn.Module, experiment: LandmarkExperiment, steps: int) -> None:
        super().__init__()
        self.network = network
        self._fit, self._steps = experiment.fit, steps
        self._errors: list[NDArray[np.float64]] = []

    def training_step(self, batch: tuple[Tensor, Tensor], _index: int) -> Tensor:
        """Return the mean squared distance, in sides of the crop."""
        pictures, points = batch
        loss: Tensor = (self.network(pictures) - points.flatten(1)).square().mean()
        self.log("loss", loss, prog_bar=True, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], _index: int) -> None:
        """Keep one batch's errors."""
        pictures, points = batch
        self._errors.append(_errors(self.network(pictures), points))

    def on_validation_epoch_end(self) -> None:
        """Log the mean error on the validation part."""
        self.log("val_nme", float(np.concatenate(self._errors).mean()), prog_bar=True)
        self._errors.clear()

    def configure_optimizers(self) -> Any:
        """Return Adam and a cosine."""
        optimiser = torch.optim.Adam(self.parameters(), lr=self._fit.learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self._steps)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class _Epochs(Callback):
    """Sets the epoch of the batches, so that a resumed run sees the same data."""

    def __init__(self, batches: CropBatches) -> None:
        self._batches = batches

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Set the epoch before the first batch is taken."""
        self._batches.epoch = trainer.current_epoch


def fit_landmarks(
    experiment: LandmarkExperiment,
    *,
    data: Path,
    runs: Path = Path("runs"),
    max_steps: int | None = None,
    progress: bool = True,
) -> LandmarkRun:
    """Train a landmark experiment, or resume it; writes weights, log and report.

    Args:
        experiment: The experiment.
        data: Folder that its paths are relative to.
        runs: Folder in which the folder of the run is created.
        max_steps: Stop after so many steps, for a trial.
        progress: Whether to show a progress bar.

    Raises:
        DataError: Faces cannot be read, or there are too few.
        SettingsError: The folder contains a run with other settings.
    """
    parts = parts_of(experiment, data)
    folder = runs / experiment.name
    _settle(experiment, folder)
    begun = time.monotonic()
    network = _trained(experiment, parts, folder, max_steps, progress=progress)
    seconds = time.monotonic() - begun
    content = io.BytesIO()
    torch.save(
        {"side_px": experiment.crop.side_px, "widths": experiment.widths}
        | {"weights": network.state_dict()},
        content,
    )
    write_whole(folder / "landmarks.pt", content.getvalue())
    scores = score(network, experiment, parts["reported"], mean_of(experiment, parts["train"]))
    report = {
        "measure": MEASURE,
        "data": parts["reported"].source,
        "learned_from": len(parts["train"]),
        "seed": experiment.fit.seed,
        "seconds": round(seconds, 1),
        **dataclasses.asdict(scores),
    }
    text = json.dumps(report, indent=2)
    write_whole(folder / "report.json", text + "\n")
    return LandmarkRun(folder, scores, seconds)


def parts_of(experiment: LandmarkExperiment, root: Path) -> dict[str, LandmarkedFaces]:
    """Read the faces and split them: "train", "watched" (validation) and "reported" (test).

    All faces of a picture go to the same part.

    Raises:
        DataError: The faces cannot be read, or a part is empty.
    """
    settings = experiment.data
    faces = read_faces(settings, root)
    pictures = sorted(set(faces.paths))
    drawn = np.random.default_rng(experiment.fit.seed).permutation(len(pictures))
    reported = 0 if settings.test else max(1, round(settings.reported * len(pictures)))
    watched = max(1, round(settings.watched * len(pictures)))
    where = {pictures[k]: place for place, k in enumerate(drawn.tolist())}
    bounds = np.array([reported, reported + watched])
    places = np.array([np.searchsorted(bounds, where[path], side="right") for path in faces.paths])
    parts = {
        part: faces.take(np.flatnonzero(places == k))
        for part, k in zip(_PARTS, (2, 1, 0), strict=True)
    }
    if settings.test:
        parts["reported"] = read_faces(settings, root, path=settings.test)
    if empty := [part for part in _PARTS if not len(parts[part])]:
        raise DataError(f"{faces.source}: {len(faces)} faces leave the {empty[0]} part empty")
    return parts


def mean_of(experiment: LandmarkExperiment, faces: LandmarkedFaces) -> Tensor:
    """Return the (136,) float32 mean face in sides of the crop."""
    batches = CropBatches(faces, experiment.crop, 64)
    return torch.cat([points for _, points in batches]).mean(dim=0).flatten()


def _settle(experiment: LandmarkExperiment, folder: Path) -> None:
    """Create the folder of the run; an existing one must have the same settings."""
    path = folder / "experiment.json"
    text = json.dumps(dataclasses.asdict(experiment), indent=2) + "\n"
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        raise SettingsError(
            f"{folder} was started with other settings; give the experiment another name, or "
            "delete the folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)


def _trained(
    experiment: LandmarkExperiment,
    parts: dict[str, LandmarkedFaces],
    folder: Path,
    max_steps: int | None,
    *,
    progress: bool,
) -> Xception:
    """Train with Lightning; return the network of the best epoch."""
    fit = experiment.fit
    torch.manual_seed(fit.seed)
    network = Xception(experiment.widths, classes=2 * COUNT)
    with torch.no_grad():  # it begins at the mean face
        network.out.weight.mul_(0.1)
        network.out.bias.copy_(mean_of(experiment, parts["train"]))
    train = CropBatches(parts["train"], experiment.crop, fit.batch, seed=fit.seed)
    watched = CropBatches(parts["watched"], experiment.crop, 64)
    kept: dict[str, Any] = {"dirpath": folder / "checkpoints", "enable_version_counter": False}
    best = ModelCheckpoint(filename="best", monitor="val_nme", mode="min", **kept)
    last = ModelCheckpoint(
        filename=LAST.removesuffix(".ckpt"), save_on_train_epoch_end=True, **kept
    )
    bars: list[Callback] = [TQDMProgressBar(refresh_rate=20)] if progress else []
    trainer = lightning.Trainer(
        max_epochs=fit.epochs,
        max_steps=max_steps or -1,
        callbacks=[best, last, _Epochs(train), EpochLog(folder / "metrics.csv"), *bars],
        plugins=[WholeCheckpoints()],
        logger=False,
        enable_progress_bar=progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    learner = _Learner(network, experiment, len(train) * fit.epochs)
    state = to_go_on_from(folder / "checkpoints")
    with warnings.catch_warnings():
        for foreseen in _FORESEEN:
            warnings.filterwarnings("ignore", message=foreseen)
        trainer.fit(learner, train, watched, ckpt_path=state)
    if Path(best.best_model_path).is_file():
        learner.load_state_dict(read_state(Path(best.best_model_path))["state_dict"])
    return network.cpu().eval()


def score(
    network: nn.Module, experiment: LandmarkExperiment, faces: LandmarkedFaces, mean_face: Tensor
) -> LandmarkScores:
    """Evaluate a network on faces cropped around their true points."""
    errors, without = [], []
    with torch.inference_mode():
        for pictures, points in CropBatches(faces, experiment.crop, 64):
            errors.append(_errors(network(pictures), points))
            without.append(_errors(mean_face.expand(len(points), -1), points))
    every = np.concatenate(errors)
    n, mean = len(every), float(every.mean())
    half = 1.96 * float(every.std(ddof=1)) / np.sqrt(n) if n > 1 else mean
    failed = int((every > FAILED).sum())
    return LandmarkScores(
        n=n,
        nme=Figure(mean, max(0.0, mean - half), mean + half),
        median=float(np.median(every)),
        failures=Figure(failed / n, *wilson(failed, n)),
        mean_face=float(np.concatenate(without).mean()),
    )


def _errors(found: Tensor, true: Tensor) -> NDArray[np.float64]:
    """Return (B,) normalised mean errors of (B, 136) and (B, 68, 2), both in sides of the crop."""
    there = found.reshape(-1, COUNT, 2).detach().double().cpu().numpy()
    return normalised_mean_error(there, true.double().cpu().numpy())
