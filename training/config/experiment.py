"""Settings of one experiment: frozen dataclasses, read from a TOML file and checked.

Every key has a default but `name`, `data.kind` and `network.architecture`. A key that does not
exist, a value of the wrong kind or a value that makes no sense is one sentence that names the file
and the key.
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
    """What to read, and what to make of each picture.

    Attributes:
        kind: Name of a reader, one of `fer_live.training.data.readers.layouts.READERS`.
        path: Where it lies, relative to the folder given with `--data`.
        votes: FER+ votes that belong to the rows of a fer2013 csv, relative like `path`.
        table: Label table beside a folder of pictures, relative like `path`.
        name_column: Column of `table` that names the picture file.
        label_column: Column of `table` that holds the label.
        names: Which file name scheme tells the label: "jaffe" or "kdef".
        label_map: From the set's own class names or numbers to fer-live's labels; empty for the
            words that `fer_live.training.data.label_names` knows already.
        labels: The classes, in the order of the outputs; empty takes what the reader has.
        steps: Preprocessing, in order; see `fer_live.training.data.transforms.steps`.
        also: Steps that make a second framing of the same pictures, such as the live path's crop:
            each time a picture is learned from, either framing is shown, at random. One in which
            the second finds no face is always shown in the first; validation is in the first.
        most_images: Read at most so many images of each part, evenly spread; None reads all.
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
        """Check what the types do not say."""
        require(self.most_images is None or self.most_images > 0, "most_images must be positive")


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """How the images are divided into the parts train, validation and test.

    Attributes:
        how: "official" keeps the set's own parts; "fractions" divides by `fractions`, class by
            class; "by-person" does so without cutting a person in two; "k-fold" makes fold
            `fold` of `folds` the test part and the next one the validation part.
        fractions: Of train, validation, test; they sum to 1. A validation of 0 means that the
            test part is also what is watched while training, and every report says so.
        folds: Number of folds.
        fold: Which fold is the test part, from 0.
        seed: Decides who goes where.
        leak: Balance before splitting, as paper 002 did. Its reports say "leaks".
    """

    how: How = "official"
    fractions: tuple[float, ...] = (0.8, 0.1, 0.1)
    folds: int = 5
    fold: int = 0
    seed: int = 0
    leak: bool = False

    def __post_init__(self) -> None:
        """Check what the types do not say."""
        three = len(self.fractions) == 3  # noqa: PLR2004 (train, validation, test)
        require(three and min(self.fractions) >= 0, f"fractions {self.fractions} are not three")
        require(abs(sum(self.fractions) - 1) < 1e-6, f"fractions {self.fractions} do not sum to 1")  # noqa: PLR2004 (rounding)
        require(self.folds > 1 and 0 <= self.fold < self.folds, "fold must be in 0..folds-1")


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Which network, and where its weights begin.

    Attributes:
        architecture: One of `fer_live.training.networks.ARCHITECTURES`.
        widths: Its widths; empty takes the architecture's own.
        weights: File with weights to begin from, such as a pruned run's checkpoint, relative to the
            folder given with `--runs` or else to that given with `--data`; empty begins at random.
            A run's best.ckpt gives its outputs as well where the run has the same two heads, and
            else where it has as many labels.
        train_last: Train only the last so many layers that have weights; None trains all.
        dead_units: Fraction of the first layer's units whose weights are zeroed and held there: a
            way to make a network that is stuck, for the angular separation of paper 003.
    """

    architecture: str
    widths: tuple[int, ...] = ()
    weights: str = ""
    train_last: int | None = None
    dead_units: float = 0.0

    def __post_init__(self) -> None:
        """Check what the types do not say."""
        require(all(w > 0 for w in self.widths), f"widths {self.widths} are not all positive")
        require(self.train_last is None or self.train_last > 0, "train_last must be positive")
        require(0 <= self.dead_units <= 1, "dead_units must be in [0, 1]")


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How the weights are found.

    Attributes:
        epochs: Passes over the training part.
        batch: Images a step.
        optimiser: "sgd" (Nesterov momentum 0.9), "adam", "adamw" or "adadelta".
        learning_rate: Peak learning rate.
        weight_decay: Pulls weights towards 0.
        decayed: Which: "all", or "mixing", what mixes maps; biases, batch norms and depthwise
            filters, which have few numbers each and are hurt by it (Howard et al. 2017,
            "MobileNets"), are left alone.
        schedule: "constant", "cosine" (to 0) or "one-cycle"; "cosine" warms up for one epoch.
        targets: "votes" learns the distribution over labels, "majority" its largest member.
        label_smoothing: Share of the target spread over all labels.
        balance: What is done about rare labels, always after the split.
        rare_factor: With "augment-rare": a rare label is repeated at most so many times.
        average: Decay of the exponential average of the weights, each step; 0 for none.
        select: What the validation part decides by.
        precision: "32", or "bf16": products in bfloat16, sums and weights in float32. It halves the
            time where the processor multiplies bfloat16 itself (AVX512-BF16, AMX, GPUs).
        patience: Stop when it has not improved for so many epochs; None never stops early.
        seed: Decides weights, order and augmentation.
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
        """Check what the types do not say."""
        require(self.epochs > 0, "epochs must be positive")
        require(self.batch > 1, "batch must be at least 2")
        require(self.learning_rate >= 0, "learning_rate is negative")
        require(self.weight_decay >= 0, "weight_decay is negative")
        require(0 <= self.label_smoothing < 1, "label_smoothing must be in [0, 1)")
        require(0 <= self.average < 1, "average must be in [0, 1)")
        require(self.rare_factor >= 1, "rare_factor must be at least 1")


@dataclass(frozen=True, slots=True)
class DistilSettings:
    """What is learned from teachers; files are relative to the folder given with `--runs`.

    Attributes:
        teachers: Checkpoints that answer for each batch; each of their heads teaches the head with
            its labels.
        share: Of what the teachers say in the whole, in [0, 1].
        temperature: Softens what they say.
        views: 0 asks `teachers` about each batch; so many views of every picture, varied as in
            [augment], are made and asked about once, kept beside the runs, and learned from in
            turn.
        views_seed: Decides how the views vary. `fit.seed` does not, so that runs of several seeds
            learn from the same views and none waits for teachers again.
        mirror_views: Whether each view is shown as its mirror image as well. The teachers have to
            answer for both alike (`fer-train mirror`), so the second half costs nothing.
    """

    teachers: tuple[str, ...] = ()
    share: float = 0.5
    temperature: float = 2.0
    views: int = 0
    views_seed: int = 0
    mirror_views: bool = False

    def __post_init__(self) -> None:
        """Check what the types do not say."""
        require(0 <= self.share <= 1, "share must be in [0, 1]")
        require(self.views >= 0, "views is negative")
        require(not self.views or bool(self.teachers), "views are of teachers: name some")
        require(not self.mirror_views or self.views > 0, "mirror_views is about views: name some")
        require(self.temperature > 0, "temperature must be positive")


@dataclass(frozen=True, slots=True)
class AngleSettings:
    """Angular separation of hidden units (paper 003).

    Attributes:
        every: Measured each so many epochs; 0 never.
        layers: Modules whose inputs are measured, by name; empty for every layer with weights but
            the first.
        probe: Pictures of the validation part that are shown each time, evenly spread.
    """

    every: int = 0
    layers: tuple[str, ...] = ()
    probe: int = 128

    def __post_init__(self) -> None:
        """Check what the types do not say."""
        require(self.every >= 0, "every is negative")
        require(self.probe > 0, "probe must be positive")


@dataclass(frozen=True, slots=True)
class Experiment:
    """One file under experiments/.

    Attributes:
        name: Names the run's folder.
        data: What is read.
        network: What is trained.
        split: How it is divided.
        augment: What may vary.
        fit: How it is trained.
        second: Labels of the same pictures that a second head learns at the same time, such as
            FER2013's beside FER+'s; the parts must be the sets' own. None for one head.
        distil: What is learned from teachers.
        angles: How the angular separation of hidden units is followed.
        paper: The table or row of a paper that this repeats, such as "000-1".
        paper_says: The paper's own figure and circumstances, printed beside ours.
    """

    name: str
    data: DataSettings
    network: NetworkSettings
    split: SplitSettings = field(default_factory=SplitSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    fit: FitSettings = field(default_factory=FitSettings)
    second: DataSettings | None = None
    distil: DistilSettings = field(default_factory=DistilSettings)
    angles: AngleSettings = field(default_factory=AngleSettings)
    paper: str = ""
    paper_says: str = ""

    def __post_init__(self) -> None:
        """Check what the types do not say."""
        require(bool(self.name) and "/" not in self.name, f"name {self.name!r} names no folder")
        official = self.second is None or self.split.how == "official"
        require(official, "two heads share their pictures' parts: split.how must be official")


def read_experiment(path: Path) -> Experiment:
    """Read the only experiment of a TOML file.

    Raises:
        SettingsError: It is missing, not TOML, or holds a key or value that makes no sense; or it
            holds variants.
    """
    first, *others = read_experiments(path)
    if others:
        names = ", ".join(one.name for one in (first, *others))
        raise SettingsError(f"{path} holds {names}; name one with --variant")
    return first


def read_experiments(path: Path, names: Collection[str] = ()) -> tuple[Experiment, ...]:
    """Read the experiments of a TOML file: one, or one for each table of [variants].

    A variant's tables are laid over the file's, key by key; its own name is what the run is called.

    Args:
        path: The file.
        names: Of the variants that are wanted; () for all.

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
