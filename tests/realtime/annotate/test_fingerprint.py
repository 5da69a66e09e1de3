"""Whether an output is what would be made again."""

import dataclasses
import json
from fractions import Fraction

import pytest

from fer_live.errors import SettingsError
from fer_live.realtime.annotate import AnnotateSettings
from fer_live.realtime.annotate.fingerprint import differences, fingerprint
from fer_live.realtime.faces import FaceSettings
from fer_live.realtime.smoothing.offline import OfflineSettings
from fer_live.realtime.tracking import TrackingSettings

SETTINGS = AnnotateSettings()
MADE_OF = fingerprint("a" * 64, "b" * 64, SETTINGS)


@pytest.mark.parametrize(
    "other",
    [
        AnnotateSettings(device="cpu"),
        AnnotateSettings(prior="natural"),
        AnnotateSettings(faces=FaceSettings(max_faces=3)),
        AnnotateSettings(faces=FaceSettings(blendshapes=True)),
        AnnotateSettings(tracking=TrackingSettings(keep_s=2.0)),
        AnnotateSettings(labels=OfflineSettings(dwell_s=0.1)),
        AnnotateSettings(start_s=1.0),
        AnnotateSettings(end_s=1.0),
        AnnotateSettings(fps=Fraction(5)),
        AnnotateSettings(table="jsonl"),
        AnnotateSettings(video=False),
        AnnotateSettings(blur_faces=True),
    ],
)
def test_every_setting_leaves_its_mark(other: AnnotateSettings) -> None:
    assert len(differences(MADE_OF, fingerprint("a" * 64, "b" * 64, other))) == 1


def test_no_setting_is_forgotten_and_of_the_model_only_its_content_counts() -> None:
    names = {field.name for field in dataclasses.fields(AnnotateSettings)}
    assert set(SETTINGS.as_json()) == names - {"model"}


def test_a_fingerprint_survives_json() -> None:
    assert differences(json.loads(json.dumps(MADE_OF)), MADE_OF) == []


def test_differences_are_told_in_words() -> None:
    other = fingerprint("c" * 64, "d" * 64, AnnotateSettings(prior="natural", end_s=2.0))
    assert differences(MADE_OF, other) == [
        "the input is another file",
        "the model is another file",
        "end_s was not set, now 2.0",
        "prior was balanced, now natural",
    ]


@pytest.mark.parametrize("old", [None, {}, [], "text", {"settings": 3}])
def test_what_is_no_fingerprint_differs(old: object) -> None:
    assert differences(old, MADE_OF)


@pytest.mark.parametrize(
    "wrong",
    [{"start_s": -1.0}, {"start_s": 2.0, "end_s": 2.0}, {"start_s": float("nan")}],
)
def test_a_span_without_anything_in_it_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="nothing lies between"):
        AnnotateSettings(**wrong)  # type: ignore[arg-type]  # only floats are given


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match="frames a second"):
        AnnotateSettings(fps=Fraction(0))
