"""Topological order of the stages that a model needs, those of other recipes included."""

import dataclasses
from pathlib import Path

from fer_live.errors import SettingsError
from fer_live.training.recipes.recipe import FOLDER, Recipe, Stage, read_recipe, require_seeds


def stages_for(
    name: str, folder: Path = FOLDER, *, finished: Path | None = None
) -> tuple[Stage, ...]:
    """Return all stages that a recipe's last one rests on, each once, and it at the end.

    Args:
        name: Of the recipe.
        folder: Of all recipes.
        finished: Folder with the networks of other recipes, as RECIPE.ckpt; these take the place
            of the recipes' last stages and of what only those need.

    Raises:
        SettingsError: A recipe or stage is unknown or makes no sense, two need each other, or
            `finished` has nothing that is needed.
    """
    if finished is not None and not finished.is_dir():
        raise SettingsError(f"there is no folder {finished} with finished networks")
    return _Search(folder, finished).down_from(name)


class _Search:
    """Goes down from a stage to all that it needs."""

    def __init__(self, folder: Path, finished: Path | None) -> None:
        self._folder = folder
        self._finished = finished
        self._root = ""
        self._recipes: dict[str, Recipe] = {}
        self._made: dict[str, Stage] = {}
        self._open: list[str] = []

    def down_from(self, recipe: str) -> tuple[Stage, ...]:
        self._root = recipe
        self._visit(self._recipe(recipe).stages[-1])
        stages = tuple(self._made.values())
        if self._finished is not None and all(stage.finished is None for stage in stages):
            others = sorted({stage.recipe for stage in stages} - {recipe})
            needed = " or ".join(f"{other}.ckpt" for other in others) or "none of another recipe"
            raise SettingsError(
                f"{self._finished} has no network that {recipe} could be made from; needed is "
                f"{needed}, as the last stage of its recipe"
            )
        return stages

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

    def _taken(self, stage: Stage) -> Stage:
        """Return a stage with the network that takes its place, if there is one."""
        last = self._recipe(stage.recipe).stages[-1]
        if self._finished is None or stage.recipe == self._root or stage.name != last.name:
            return stage
        path = self._finished / f"{stage.recipe}.ckpt"
        return dataclasses.replace(stage, finished=path) if path.is_file() else stage

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
        return self._taken(found)

    def _recipe(self, name: str) -> Recipe:
        if name not in self._recipes:
            self._recipes[name] = read_recipe(name, self._folder)
        return self._recipes[name]
