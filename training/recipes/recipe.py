"""Recipes: the stages that make one shipped model, read from recipes/NAME.toml.

Tables at the top of the file ([data], [augment], [fit] and so on) are an experiment's, and hold for
every stage; a stage's own tables replace them key by key. `extends` names a file whose tables come
first. Stages of another recipe are named "recipe/stage". `half_storage = true` ships the model file
with weights in half precision.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from fer_live.errors import SettingsError
from fer_live.training.config.experiment import Experiment
from fer_live.training.config.loader import from_table, laid_over, read_toml, require
from fer_live.training.models.checkpoint import BEST

FOLDER: Final = Path("recipes")
Do = Literal["fit", "average", "choose", "mirror", "prune"]
_OWN: Final = ("name", "do", "of", "others", "teachers", "seeds", "prune", "second_domain")
"""Keys of a stage that are no experiment's."""


@dataclass(frozen=True, slots=True)
class PruneTable:
    """How a stage prunes; the keys are the options of `fer-train prune`.

    Attributes:
        budget: Share of the cost that is left, in (0, 1).
        of: What it is a share of.
        importance: What it is met by.
        allocation: Whether layers compete, all keep the same share, or what each keeps is tried.
        compensate: How the rest makes up for what goes.
        multiple: Widths end on multiples of this.
        least: Channels that every layer keeps.
        least_share: Share of its channels that every layer keeps.
        images: Training pictures that are measured.
        seed: Of these.
        rounds: Prune and recover in so many steps.
        recover: Epochs of learning again.
        distil: Share of the parent in what is learned again.
        learning_rate: Of learning again.
        precision: Of learning again.
    """

    budget: float
    of: Literal["macs", "maps", "parameters"] = "macs"
    importance: Literal["damage", "angle", "minmax", "l2", "bn", "taylor", "random"] = "damage"
    allocation: Literal["global", "uniform", "measured"] = "measured"
    compensate: Literal["neutralise", "merge", "affine", "ls", "refit"] = "refit"
    multiple: int = 16
    least: int = 8
    least_share: float = 0.25
    images: int = 4096
    seed: int = 0
    rounds: int = 1
    recover: int = 0
    distil: float = 0.5
    learning_rate: float = 0.02
    precision: Literal["32", "bf16"] = "32"

    def __post_init__(self) -> None:
        """Check what the types do not say."""
        require(0 < self.budget < 1, "budget must be in (0, 1)")
        require(self.rounds > 0 and self.recover >= 0, "rounds must be positive, recover not less")


@dataclass(frozen=True, slots=True)
class SecondDomain:
    """Pictures from elsewhere that a stage's network is calibrated on besides its own.

    Attributes:
        data: Their folder, relative to the folder of all data.
        steps: Their preprocessing, in order.
        among: Labels of theirs that count and may be answered; () takes all.
    """

    data: str
    steps: tuple[str, ...] = ()
    among: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a recipe, which leaves one run.

    Attributes:
        recipe: Name of its recipe.
        name: Its own, unique in its recipe.
        do: What it does: train; average the weights of another stage's seeds, or those of several
            stages; choose the best seed by accuracy on the validation part; answer for mirror
            images as well; or prune.
        of: The stage that it goes on from, as "recipe/stage"; empty for a training from scratch.
        others: Further stages, likewise, whose weights are averaged with those of `of`.
        teachers: Stages whose networks teach, likewise.
        seeds: Of a training; several leave a run each.
        experiment: What is trained, but for teachers and weights; None where nothing is.
        prune: How it prunes; None where it does not.
        second_domain: Pictures from elsewhere that its answer is calibrated on as well.
        finished: A checkpoint that is taken as it is instead; None where the stage is made.
    """

    recipe: str
    name: str
    do: Do = "fit"
    of: str = ""
    others: tuple[str, ...] = ()
    teachers: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    experiment: Experiment | None = None
    prune: PruneTable | None = None
    second_domain: SecondDomain | None = None
    finished: Path | None = None

    @property
    def key(self) -> str:
        """What other stages call it."""
        return f"{self.recipe}/{self.name}"

    @property
    def needs(self) -> tuple[str, ...]:
        """The stages that have to be made before."""
        if self.finished is not None:
            return ()
        return tuple(dict.fromkeys((*self.teachers, *self.starts)))

    @property
    def starts(self) -> tuple[str, ...]:
        """The stages whose weights it goes on from."""
        return (*([self.of] if self.of else []), *self.others)

    @property
    def folder(self) -> str:
        """Name of the run that it leaves; of several seeds, of the first."""
        if self.do == "average" and not self.others:
            return f"{self.of.replace('/', '-')}-mean"
        return f"{self.recipe}-{self.name}"

    @property
    def file(self) -> str:
        """Its checkpoint, relative to the folder of all runs."""
        return f"{self.folder}/{BEST}"


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that makes one model.

    Attributes:
        name: Of the model, and of the file.
        stages: In order; the last one's network ships.
        half_storage: Whether the model file that ships stores its weights in half precision.
    """

    name: str
    stages: tuple[Stage, ...]
    half_storage: bool = False


def read_recipe(name: str, folder: Path = FOLDER) -> Recipe:
    """Read one recipe.

    Raises:
        SettingsError: There is none of that name, or a key, value or stage makes no sense.
    """
    path = folder / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in folder.glob("*.toml"))) or "none"
        raise SettingsError(f"there is no recipe {name!r} in {folder}; there are {known}")
    table = _extended(path)
    half_storage = table.pop("half_storage", False)
    if not isinstance(half_storage, bool):
        raise SettingsError(f"{path}: half_storage must be true or false, got {half_storage!r}")
    rows = table.pop("stages", None)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise SettingsError(f"{path}: a recipe needs [[stages]], one table a stage")
    stages: list[Stage] = []
    for row in rows:
        where = f"{path}: stage {row.get('name', len(stages) + 1)}"
        stages.append(_stage(name, table, row, where=where))
        _check(stages, where=where)
    return Recipe(name, tuple(stages), half_storage)


def _extended(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return a file's tables, laid over those of the file that it extends."""
    if path in seen:
        raise SettingsError(f"{path} extends itself")
    table = read_toml(path)
    other = table.pop("extends", None)
    if other is None:
        return table
    if not isinstance(other, str):
        raise SettingsError(f"{path}: extends must name one file, got {other!r}")
    return laid_over(_extended(path.parent / other, (*seen, path)), table)


def _stage(recipe: str, shared: Mapping[str, Any], row: Mapping[str, Any], *, where: str) -> Stage:
    """Read one stage."""
    own = {key: row[key] for key in row if key in _OWN}
    tables = {key: row[key] for key in row if key not in _OWN}
    known = from_table(_Keys, own, where=where)
    experiment = None
    if known.do == "fit":
        taught = {"distil": {"teachers": [_in(recipe, one) for one in known.teachers]}}
        named = laid_over(laid_over(shared, tables), taught)
        named["name"] = f"{recipe}-{known.name}"
        experiment = from_table(Experiment, named, where=where)
    elif tables:
        raise SettingsError(f'{where}: only do = "fit" has [{next(iter(tables))}]')
    return Stage(
        recipe,
        known.name,
        known.do,
        _in(recipe, known.of) if known.of else "",
        tuple(_in(recipe, one) for one in known.others),
        tuple(_in(recipe, one) for one in known.teachers),
        known.seeds,
        experiment,
        known.prune,
        known.second_domain,
    )


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of a stage that are no experiment's, as the file has them."""

    name: str
    do: Do = "fit"
    of: str = ""
    others: tuple[str, ...] = ()
    teachers: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    prune: PruneTable | None = None
    second_domain: SecondDomain | None = None

    def __post_init__(self) -> None:
        """Check what the types do not say."""
        plain = self.name.replace("-", "").isalnum()
        require(plain, f"name {self.name!r} must be of letters, digits and hyphens")
        require(self.do == "fit" or bool(self.of), f'do = "{self.do}" needs of')
        require(self.do == "fit" or not self.teachers, "only a training has teachers")
        require(self.do == "average" or not self.others, "others belongs to do = average")
        require((self.do == "prune") == (self.prune is not None), "[prune] belongs to do = prune")
        distinct = len(set(self.seeds)) == len(self.seeds) > 0
        require(distinct, "seeds must be one or more, none twice")


def _in(recipe: str, name: str) -> str:
    """Return a stage's key: of another recipe where it says so."""
    return name if "/" in name else f"{recipe}/{name}"


def _check(stages: list[Stage], *, where: str) -> None:
    """Refuse a last stage that does not go with those before it."""
    *before, last = stages
    known = {stage.name: stage for stage in before}
    if last.name in known:
        raise SettingsError(f"{where}: there are two stages of that name")
    for key in last.needs:
        recipe, _, name = key.partition("/")
        if recipe == last.recipe and name not in known:
            raise SettingsError(f"{where}: no stage before it is called {name!r}")
    for key in last.starts:
        recipe, _, name = key.partition("/")
        require_seeds(last, known[name] if recipe == last.recipe else None, where=where)


def require_seeds(stage: Stage, of: Stage | None, *, where: str) -> None:
    """Refuse a mean of one run, and one network where there are several.

    Raises:
        SettingsError: So it is.
    """
    if of is None:
        return
    several = of.do == "fit" and len(of.seeds) > 1
    wants = stage.do in ("average", "choose") and not stage.others
    if wants and not several:
        raise SettingsError(f"{where}: {of.key} has one seed; nothing to {stage.do}")
    if several and not wants:
        raise SettingsError(f"{where}: {of.key} has several seeds; average or choose first")
