import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.contract import Metric, ModelContract, from_metadata, to_metadata
from fer_live.errors import ModelError
from fer_live.labels import LABELS

CONTRACT = ModelContract(
    name="small",
    labels=LABELS,
    prior=(0.1, 0.02, 0.03, 0.25, 0.12, 0.12, 0.35, 0.01),
    architecture="cnn6",
    widths=(16, 32, 64, 128, 256),
    parameters=123,
    macs=456,
    operators=("Conv", "Relu"),
    data="FER+ votes",
    licence="Apache-2.0",
    pruning={"criterion": "distinctiveness", "threshold_deg": 10},
    metrics=(Metric("accuracy", 0.83, "FER+ PrivateTest, majority", 3153),),
)
VALIDATION = Metric("accuracy", 0.84, "FER+ PublicTest, majority", 3199)
TEST = Metric("accuracy", 0.83, "FER+ PrivateTest, majority", 3153)
CLEAN = Metric("accuracy", 0.82, "FER+ PrivateTest, majority, without twins of Training", 2866)
RAF = Metric("accuracy", 0.9, "RAF-DB test", 3068)
OTHER = Metric("macro F1", 0.6, "FER+ PrivateTest, majority", 3153)


def test_what_is_written_into_a_file_is_read_back() -> None:
    assert from_metadata(to_metadata(CONTRACT)) == CONTRACT


@given(st.sampled_from(sorted(to_metadata(CONTRACT))))
def test_no_entry_may_be_missing(key: str) -> None:
    metadata = to_metadata(CONTRACT)
    del metadata[key]
    with pytest.raises(ModelError):
        from_metadata(metadata)


@given(
    st.sampled_from(sorted(to_metadata(CONTRACT))),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=4,
    ),
)
def test_whatever_an_entry_holds_it_is_read_or_refused_in_a_sentence(
    key: str, value: object
) -> None:
    metadata = {**to_metadata(CONTRACT), key: json.dumps(value)}
    try:
        from_metadata(metadata)
    except ModelError as error:
        assert str(error)  # noqa: PT017 (no error is fine too)


def test_an_unknown_format_says_what_to_do() -> None:
    metadata = {**to_metadata(CONTRACT), "fer_live.format": "3"}
    with pytest.raises(ModelError, match="this fer-live reads formats 1 and 2"):
        from_metadata(metadata)


def test_files_of_the_format_before_are_still_read() -> None:
    assert from_metadata({**to_metadata(CONTRACT), "fer_live.format": "1"}) == CONTRACT


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"labels": (*LABELS[:7], "joy")}, "are not all of"),
        ({"labels": (*LABELS[:7], "angry")}, "occurs twice"),
        ({"prior": (1.0,) * 8}, "is not within"),
        ({"prior": (0.1,) * 8}, "does not sum to 1"),
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"macs": 0}, "not positive"),
        ({"colour": "bgr"}, "colour"),
    ],
)
def test_a_contract_that_makes_no_sense_is_refused(
    change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ModelError, match=sentence):
        dataclasses.replace(CONTRACT, **change)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("metrics", "named"),
    [
        ((), None),
        ((OTHER,), None),
        ((VALIDATION,), VALIDATION),
        ((VALIDATION, OTHER, TEST, CLEAN), TEST),
        ((VALIDATION, RAF), RAF),
    ],
)
def test_accuracy_is_the_one_on_pictures_kept_for_the_end(
    metrics: tuple[Metric, ...], named: Metric | None
) -> None:
    assert dataclasses.replace(CONTRACT, metrics=metrics).accuracy == named
