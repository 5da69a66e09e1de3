"""Topological order of the stages that a model needs, those of other recipes included."""

from pathlib import Path

from fer_live.errors import SettingsError
from fer_live.training.recipes.recipe import FOLDER, Recipe, Stage, read_recipe, require_seeds


def stages_for(name: str, folder: Path = FOLDER) -> tuple[Stage, ...]:
    """Return all stages that a recipe's last one rests on, each once, and it at the end.

    Raises:
        SettingsError: A recipe or stage is unknown or makes no sense, or two need each other.
    """
    return _Search(folder).down_from(name)


class _Search:
    """Goes down from a stage to all that it needs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._recipes: dict[str, Recipe] = {}
        self._made: dict[str, Stage] = {}
        self._open: list[str] = []

    def down_from(self, recipe: str) -> tuple[Stage, ...]:
        self._visit(self._recipe(recipe).stages[-1])
        return tuple(self._made.values())

    def _visit(self, stage: Stage) -> None:
        if stage.key in self._made:
            return
        if stage.key in self._open:
            raise SettingsError(f"{' needs '.join([*self._open, stage.key])}: a circle")
        self._open.append(stage.key)
        for key in stage.needs:
            needed = self._stage(key, wanted_by=stage)
            self._visit(needed)
        self._open.pop()
        self._made[stage.key] = stage

    def _stage(self, key: str, *, wanted_by: Stage) -> Stage:
        recipe, _, name = key.partition("/")
        known = {stage.name: stage for stage in self._recipe(recipe).stages}
        if name not in known:
            raise SettingsError(
                f"recipe {wanted_by.recipe}, stage {wanted_by.name}: recipe {recipe} has no stage "
                f"{name!r}; it has {', '.join(known)}"
            )
        found = known[name]
        if key in wanted_by.starts:
            require_seeds(wanted_by, found, where=f"stage {wanted_by.key}")
        elif len(found.seeds) > 1:
            raise SettingsError(
                f"stage {wanted_by.key}: its teacher {key} has several seeds; average or choose "
                "first"
            )
        return found

    def _recipe(self, name: str) -> Recipe:
        if name not in self._recipes:
            self._recipes[name] = read_recipe(name, self._folder)
        return self._recipes[name]
