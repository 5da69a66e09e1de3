"""What CONTRIBUTING.md tells newcomers is so."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PATH = re.compile(r"`([\w./-]+(?:/|\.(?:py|toml|md|jsonl)))`")
PLACEHOLDER = "NAME"


def rows() -> list[str]:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.startswith("| ")]


def missing(row: str) -> list[str]:
    """Return the paths of a row that are nowhere; later ones may be relative to earlier ones."""
    found, folders = [], [ROOT]
    for named in PATH.findall(row):
        path = str(Path(named).parent) if PLACEHOLDER in named else named
        here = next((base / path for base in folders if (base / path).exists()), None)
        if here is None:
            found.append(path)
        else:
            folders += [here, here.parent, here.parent.parent]
    return found


def test_every_path_of_its_tables_exists() -> None:
    assert sum(len(PATH.findall(row)) for row in rows()) > 40
    assert [path for row in rows() for path in missing(row)] == []


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("realtime/pipeline.py", "fer_live.crop"),
        ("realtime/sinks/table.py", "fer_live.realtime.sinks.encoders"),
        ("training/networks/__init__.py", "fer_live.training.networks"),
        ("training/pruning/planning/budget.py", "fer_live.training.pruning.planning.ranking"),
    ],
)
def test_the_answers_to_newcomers_name_modules_that_work_together(
    module: str, imported: str
) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported in names


def test_an_output_format_is_a_class_with_write_and_close() -> None:
    tree = ast.parse((ROOT / "realtime/sinks/encoders.py").read_text(encoding="utf-8"))
    methods = {
        node.name: {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
    for name in ("CsvEncoder", "JsonEncoder", "ParquetEncoder"):
        assert {"write", "close"} <= methods[name]


def test_small_was_made_by_its_recipe_with_teachers_from_that_of_base() -> None:
    assert '"base/' in (ROOT / "recipes" / "small.toml").read_text(encoding="utf-8")
