"""Settings of one experiment: frozen dataclasses, read from a TOML file and checked.

Every key except `name`, `data.kind` and `network.architecture` has a default. An unknown key, a
value of the wrong kind or a value that makes no sense gives an error that names the file and the
key.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fer_live.errors import SettingsError
from fer_live.training.config.augmentation import AugmentSettings
from fer_live.training.config.loader import from_table, laid_over, read_toml, require

Balance = Literal["none", "class-weights", "sampling", "balanced-softmax", "augment-rare"]
How = Literal["official", "fractions", "by-person", "k-fold"]


@dataclass(frozen=True, slots=True)
class DataSettings:
    """What to read, and how to preprocess it.

    Attributes:
        kind: Name of a reader, one of `fer_live.training.data.readers.layouts.READERS`.
        path: Its location, relative to the folder given with `--data`.
        votes: FER+ votes for the rows of a fer2013 csv, relative like `path`.
        table: Label table of a folder of pictures, relative like `path`.
        name_column: Column of `table` that names the picture file.
        label_column: Column of `table` that contains the label.
        names: The scheme by which file names contain the label: "jaffe" or "kdef".
        label_map: Maps the set's own class names or numbers to fer-live's labels; empty for the
            names that `fer_live.training.data.label_names` already knows.
        labels: The classes, in the order of the outputs; empty takes those of the reader.
        steps: Preprocessing, in order; see `fer_live.training.data.transforms.steps`.
        also: Steps that give a second framing of the same pictures, such as the live path's crop:
            each time a picture is used for training, one of the two is chosen at random. A picture
            in which the second finds no face is always used in the first; so is validation.
        most_images: Read at most this many images of each part, evenly spaced; None reads all.
    """

    kind: str
    path: str = "."
    votes: str = ""
    table: str = ""
    name_column: str = "name"
    label_column: str = "label"
    names: str = ""
    label_map: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    most_images: int | None = None

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        require(self.most_images is None or self.most_images > 0, "most_images must be positive")


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """How the images are divided into the parts train, validation and test.

    Attributes:
        how: "official" keeps the set's own parts; "fractions" divides by `fractions`, class by
            class; "by-person" does so without splitting a person's pictures; "k-fold" makes fold
            `fold` of `folds` the test part and the next one the validation part.
        fractions: Of train, validation, test; they sum to 1. With a validation fraction of 0 the
            test part is also used for validation during training, and every report says so.
        folds: Number of folds.
        fold: Which fold is the test part, from 0.
        seed: Determines the division.
        leak: Balance before splitting, as paper 002 did. Its reports say "leaks".
    """

    how: How = "official"
    fractions: tuple[float, ...] = (0.8, 0.1, 0.1)
    folds: int = 5
    fold: int = 0
    seed: int = 0
    leak: bool = False

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        three = len(self.fractions) == 3  # noqa: PLR2004 (train, validation, test)
        require(three and min(self.fractions) >= 0, f"fractions {self.fractions} are not three")
        require(abs(sum(self.fractions) - 1) < 1e-6, f"fractions {self.fractions} do not sum to 1")  # noqa: PLR2004 (rounding)
        require(self.folds > 1 and 0 <= self.fold < self.folds, "fold must be in 0..folds-1")


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Which network, and its initial weights.

    Attributes:
        architecture: One of `fer_live.training.networks.ARCHITECTURES`.
        widths: Its widths; empty takes the architecture's own.
        weights: File with initial weights, such as a pruned run's checkpoint, relative to the
            folder given with `--runs` or else to that given with `--data`; empty for random ones.
            The output layer of a run's best.ckpt is used as well if the run has the same two
            heads, or for one head as many labels.
        train_last: Train only the last this many layers that have weights; None trains all.
        dead_units: Fraction of the first layer's units whose weights are fixed at zero: a way to
            make a network that is stuck, for the angular separation of paper 003.
    """

    architecture: str
    widths: tuple[int, ...] = ()
    weights: str = ""
    train_last: int | None = None
    dead_units: float = 0.0

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        require(all(w > 0 for w in self.widths), f"widths {self.widths} are not all positive")
        require(self.train_last is None or self.train_last > 0, "train_last must be positive")
        require(0 <= self.dead_units <= 1, "dead_units must be in [0, 1]")


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How the network is trained.

    Attributes:
        epochs: Passes over the training part.
        batch: Images per step.
        optimiser: "sgd" (Nesterov momentum 0.9), "adam", "adamw" or "adadelta".
        learning_rate: Peak learning rate.
        weight_decay: Weight decay.
        decayed: Which weights it applies to: "all", or "mixing", only those that mix channels;
            biases, batch norms and depthwise filters, which have few values each and are harmed by
            it (Howard et al. 2017, "MobileNets"), are then not decayed.
        schedule: "constant", "cosine" (to 0) or "one-cycle"; "cosine" warms up for one epoch.
        targets: "votes" learns the distribution over labels, "majority" its largest member.
        label_smoothing: Share of the target spread over all labels.
        balance: How rare labels are treated, always after the split.
        rare_factor: With "augment-rare": a rare label is repeated at most this many times.
        average: Decay of the exponential average of the weights, per step; 0 for none.
        select: The validation figure by which the best epoch is selected.
        precision: "32", or "bf16": products in bfloat16, sums and weights in float32. It halves the
            time if the processor multiplies bfloat16 natively (AVX512-BF16, AMX, GPUs).
        patience: Stop after this many epochs without improvement; None never stops early.
        seed: Determines weights, order and augmentation.
    """

    epochs: int = 20
    batch: int = 128
    optimiser: Literal["sgd", "adam", "adamw", "adadelta"] = "sgd"
    learning_rate: float = 0.1
    weight_decay: float = 0.0
    decayed: Literal["all", "mixing"] = "all"
    schedule: Literal["constant", "cosine", "one-cycle"] = "cosine"
    targets: Literal["votes", "majority"] = "votes"
    label_smoothing: float = 0.0
    balance: Balance = "none"
    rare_factor: int = 20
    average: float = 0.0
    select: Literal["accuracy", "macro_f1", "balanced_macro_f1", "loss"] = "accuracy"
    precision: Literal["32", "bf16"] = "32"
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        require(self.epochs > 0, "epochs must be positive")
        require(self.batch > 1, "batch must be at least 2")
        require(self.learning_rate >= 0, "learning_rate is negative")
        require(self.weight_decay >= 0, "weight_decay is negative")
        require(0 <= self.label_smoothing < 1, "label_smoothing must be in [0, 1)")
        require(0 <= self.average < 1, "average must be in [0, 1)")
        require(self.rare_factor >= 1, "rare_factor must be at least 1")


@dataclass(frozen=True, slots=True)
class DistilSettings:
    """Distillation from teachers; files are relative to the folder given with `--runs`.

    Attributes:
        teachers: Checkpoints of the teachers; each of their heads teaches the head with the same
            labels.
        share: Weight of the teachers' predictions in the target, in [0, 1].
        temperature: Softens their predictions.
        views: 0 runs the teachers on each batch; otherwise this many views of every picture,
            augmented as in [augment], are made once, stored with the teachers' predictions next to
            the runs, and used in turn.
        views_seed: Determines the augmentation of the views. It is separate from `fit.seed`, so
            that runs of several seeds share the views and the teachers run only once.
        mirror_views: Whether to use the mirror image of each view as well. The teachers must give
            the same prediction for both (`fer-train mirror`), so this costs nothing.
    """

    teachers: tuple[str, ...] = ()
    share: float = 0.5
    temperature: float = 2.0
    views: int = 0
    views_seed: int = 0
    mirror_views: bool = False

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        require(0 <= self.share <= 1, "share must be in [0, 1]")
        require(self.views >= 0, "views is negative")
        require(not self.views or bool(self.teachers), "views are of teachers: name some")
        require(not self.mirror_views or self.views > 0, "mirror_views is about views: name some")
        require(self.temperature > 0, "temperature must be positive")


@dataclass(frozen=True, slots=True)
class AngleSettings:
    """Angular separation of hidden units (paper 003).

    Attributes:
        every: Measured every this many epochs; 0 for never.
        layers: Modules whose inputs are measured, by name; empty for every layer with weights
            except the first.
        probe: Number of pictures of the validation part used each time, evenly spaced.
    """

    every: int = 0
    layers: tuple[str, ...] = ()
    probe: int = 128

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        require(self.every >= 0, "every is negative")
        require(self.probe > 0, "probe must be positive")


@dataclass(frozen=True, slots=True)
class Experiment:
    """One file under experiments/.

    Attributes:
        name: Names the run's folder.
        data: The data set.
        network: The network.
        split: How the data set is divided.
        augment: Augmentation.
        fit: Training.
        second: Labels of the same pictures that a second head learns at the same time, such as
            FER2013's in addition to FER+'s; the parts must be the sets' own. None for one head.
        distil: Distillation.
        degrade: How the cached views of `distil.views` are degraded when the student sees them,
            such as by blur and noise. The teachers have answered for the undegraded view, so the
            student learns to give the same answer for a worse picture of the same face.
        angles: How the angular separation of hidden units is measured.
        paper: The table or row of a paper that this reproduces, such as "000-1".
        paper_says: The paper's own figure and conditions, printed next to ours.
    """

    name: str
    data: DataSettings
    network: NetworkSettings
    split: SplitSettings = field(default_factory=SplitSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    fit: FitSettings = field(default_factory=FitSettings)
    second: DataSettings | None = None
    distil: DistilSettings = field(default_factory=DistilSettings)
    degrade: AugmentSettings = field(default_factory=AugmentSettings)
    angles: AngleSettings = field(default_factory=AngleSettings)
    paper: str = ""
    paper_says: str = ""

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        require(bool(self.name) and "/" not in self.name, f"name {self.name!r} names no folder")
        degraded = self.degrade != AugmentSettings()
        require(not degraded or self.distil.views > 0, "degrade is done to views: set distil.views")
        moved = self.degrade.geometry != AugmentSettings()
        require(not moved, "degrade moves nothing: turn, shift, scale, shear and flip in augment")
        official = self.second is None or self.split.how == "official"
        require(official, "two heads share their pictures' parts: split.how must be official")


def read_experiment(path: Path) -> Experiment:
    """Read the only experiment of a TOML file.

    Raises:
        SettingsError: It is missing, not TOML, contains a key or value that makes no sense, or
            contains variants.
    """
    first, *others = read_experiments(path)
    if others:
        names = ", ".join(one.name for one in (first, *others))
        raise SettingsError(f"{path} holds {names}; name one with --variant")
    return first


def read_experiments(path: Path, names: Collection[str] = ()) -> tuple[Experiment, ...]:
    """Read the experiments of a TOML file: one, or one for each table of [variants].

    A variant's tables override the file's, key by key; the run is named after the variant.

    Args:
        path: The file.
        names: Names of the variants to read; () for all.

    Raises:
        SettingsError: See `read_experiment`; or there is no variant of a name.
    """
    table = read_toml(path)
    variants = table.pop("variants", None)
    if variants is None:
        variants = {str(table.get("name", "")): table}
    elif not (
        isinstance(variants, Mapping)
        and variants
        and all(isinstance(own, Mapping) for own in variants.values())
    ):
        raise SettingsError(f"{path}: variants must be one table each, such as [variants.one]")
    else:
        variants = {name: laid_over(table, own) | {"name": name} for name, own in variants.items()}
    if unknown := [name for name in names if name not in variants]:
        known = ", ".join(variants)
        raise SettingsError(f"{path} has no variant {unknown[0]!r}; it holds {known}")
    wanted = names or variants
    return tuple(from_table(Experiment, variants[name], where=str(path)) for name in wanted)
