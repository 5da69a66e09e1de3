"""A plan's file: what is written is read back, and so is what earlier versions wrote."""

import dataclasses
import json

import pytest

from fer_live.errors import ModelError
from fer_live.training.pruning.plan import Plan, Removal, from_json
from fer_live.training.pruning.planning.describe import criterion_in_words, describe

PLAN = Plan(
    removals=(
        Removal(("a", 1), "similar", ("a", 0), ("a", 0), angle_deg=3.5, score=0.25),
        Removal(("b", 2), "ranked", score=0.5),
    ),
    groups=(("a", 2), ("b", 4)),
    constants=(("b", 2),),
    parent="abc",
)
FIRST_FORMAT = """{"format": 1, "removals": [
 {"map": ["a", 1], "reason": "similar", "peer": ["a", 0], "heir": ["a", 0], "angle_deg": 3.5,
  "score": 0.25},
 {"map": ["b", 2], "reason": "ranked", "peer": null, "heir": null, "angle_deg": null,
  "score": 0.5}],
 "spaces": [["a", 2], ["b", 4]], "compensation": "ls", "constants": [["b", 2]], "criterion": {},
 "parent": "abc"}"""


def test_a_plan_is_read_as_it_was_written() -> None:
    assert from_json(PLAN.to_json()) == PLAN


def test_plans_of_the_first_format_are_still_read() -> None:
    assert from_json(FIRST_FORMAT) == PLAN


def test_a_plan_tells_its_figures_without_the_noise_of_their_last_digits() -> None:
    plan = dataclasses.replace(PLAN, criterion={"by": "damage", "keep": 1.1 * 0.9, "of": "macs"})
    assert criterion_in_words(plan) == "by damage, keep 0.99, of macs"
    assert "keep 0.99, of macs" in describe(plan)


@pytest.mark.parametrize("number", [0, 3])
def test_an_unknown_format_is_refused(number: int) -> None:
    with pytest.raises(ModelError, match="format"):
        from_json(json.dumps({"format": number}))
