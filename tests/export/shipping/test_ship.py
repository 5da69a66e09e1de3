"""What ships: cards made of the contract, checksums, and the pictures that figures stand on."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_live.bundle import sha256_of
from fer_live.contract import Metric, to_metadata
from fer_live.errors import DataError, ModelError, SinkError
from fer_live.export.cli import app
from fer_live.export.conversion.checkpoint import Exported, export_checkpoint
from fer_live.export.conversion.crops import fer2013_crops, made_crops
from fer_live.export.shipping.card import card_json, card_markdown, interval
from fer_live.export.shipping.reports import reports_in
from fer_live.export.shipping.ship import recard, ship, write_card
from fer_live.training.cli import app as train
from fer_live.training.models.checkpoint import Checkpoint
from tests.export.conftest import write_table
from tests.support.tiny_models import CONTRACT
from tests.support.training_runs import small_data, two_headed_run

pytestmark = pytest.mark.training

ACCURACY = Metric("accuracy", 0.83, "FER+ PrivateTest, majority", 3153)


def test_the_card_for_programs_is_the_contract() -> None:
    contract = dataclasses.replace(CONTRACT, metrics=(ACCURACY,))
    card = json.loads(card_json(contract, sha256="ab", size_bytes=5))
    assert card.pop("sha256") == "ab"
    assert card.pop("bytes") == 5
    assert {f"fer_live.{key}": value for key, value in card.items()} == {
        key: json.loads(value) for key, value in to_metadata(contract).items()
    }


def test_the_card_for_people_gives_every_figure_with_its_n() -> None:
    contract = dataclasses.replace(
        CONTRACT, metrics=(ACCURACY, Metric("macro F1", 0.7, "the same", 3153, "balanced"))
    )
    text = card_markdown(contract, sha256="ab", size_bytes=5)
    assert "| accuracy | 83.00 % | 81.6 to 84.3 % |" in text
    assert "| macro F1 | 0.7000 |  | the same | 3,153 | balanced |" in text
    assert "None were measured" in card_markdown(CONTRACT, sha256="ab", size_bytes=5)


def test_the_card_tells_pruning_in_words() -> None:
    pruning = {"criterion": "damage", "maps": [1496, 352], "widths": {"a": [16, 8], "b": [32, 24]}}
    contract = dataclasses.replace(CONTRACT, pruning=pruning, parent_sha256="c" * 64)
    due = "| criterion: damage; maps: 1,496 to 352; widths: a 16 to 8, b 32 to 24; weights of the"
    assert due in card_markdown(contract, sha256="ab", size_bytes=5)


def test_the_interval_is_wilsons() -> None:
    low, high = interval(dataclasses.replace(ACCURACY, value=1.0, n=10)) or (0, 0)
    assert (low, high) == pytest.approx((0.7225, 1.0), abs=1e-3)  # as printed in Newcombe 1998
    assert interval(dataclasses.replace(ACCURACY, measure="macro F1")) is None


def test_a_checksum_is_recorded_beside_those_of_others(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "checksums.json").write_text('{"other.task": "cd"}')
    write_card(tmp_path, "tiny", CONTRACT, b"content")
    table = json.loads((tmp_path / "checksums.json").read_text())
    assert table == {"models/tiny.onnx": sha256_of(b"content"), "other.task": "cd"}
    assert sorted(p.name for p in (tmp_path / "models").iterdir()) == ["tiny.json", "tiny.md"]


@pytest.fixture(scope="module")
def scored_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run with two heads, scored on a small FER2013; and that set."""
    root = tmp_path_factory.mktemp("scored")
    data, run = small_data(root / "data"), two_headed_run(root / "runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_LIVE_CACHE", str(root / "cache"))
        words = ["evaluate", str(run), "--data", str(data), "--log", str(root / "log.md")]
        done = CliRunner().invoke(train, [*words, "--final", "--record"])
    assert done.exit_code == 0, done.output
    return run, data


def test_a_card_tells_what_was_measured_of_both_heads(
    scored_run: tuple[Path, Path], tmp_path: Path
) -> None:
    run, _ = scored_run
    done = CliRunner().invoke(app, ["ship", str(run), "two", "--assets", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "card with 2 reports" in done.output
    text = (tmp_path / "models" / "two.md").read_text()
    assert "## FER+ PrivateTest, majority, n = 20" in text
    assert "## FER2013 PrivateTest, n = 20" in text
    assert "| second head | output `second_logits`" in text
    assert "FER2013 PrivateTest, second head" in text
    assert text.count("### Each label") == 2
    assert text.count("### Wrong among the surest answers") == 2
    assert "mean recall beside contempt" in text
    card = json.loads((tmp_path / "models" / "two.json").read_text())
    assert [report["data"] for report in card["reports"]] == [
        "FER+ PrivateTest, majority",
        "FER2013 PrivateTest",
    ]
    assert "truth" not in card["reports"][0]


def test_a_report_of_other_weights_makes_no_card(
    scored_run: tuple[Path, Path], checkpoint: Checkpoint, tmp_path: Path
) -> None:
    report = scored_run[0] / "report-test.json"
    with pytest.raises(ModelError, match="is of other weights"):
        ship(checkpoint, "small", reports=[report], assets=tmp_path)
    own = Checkpoint.load(scored_run[0] / "best.ckpt")
    own = own.with_head(0, dataclasses.replace(own.heads[0], temperature=3.0))
    with pytest.raises(ModelError, match="before the calibration"):
        ship(own, "small", reports=[report], assets=tmp_path)
    with pytest.raises(DataError, match="cannot be read as a report"):
        ship(own, "small", reports=[tmp_path / "none.json"], assets=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_card_is_written_again_from_reports_on_the_file_alone(
    scored_run: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, data = scored_run
    monkeypatch.setenv("FER_LIVE_CACHE", str(run.parent.parent / "cache"))
    ship(Checkpoint.load(run / "best.ckpt"), "two", assets=tmp_path)
    path, out = tmp_path / "models" / "two.onnx", tmp_path / "out"
    words = ["evaluate", str(path), "--data", str(data), "--final", "--brief", "--out", str(out)]
    done = CliRunner().invoke(train, [*words, "--log", str(tmp_path / "log.md")])
    assert done.exit_code == 0, done.output
    before = path.read_bytes()
    recard("two", reports_in(out), assets=tmp_path)
    assert path.read_bytes() == before
    text = (tmp_path / "models" / "two.md").read_text()
    assert "## FER2013 PrivateTest, n = 20" in text
    foreign = reports_in(run)
    words = ["card", "two", "--assets", str(tmp_path), "--report", str(foreign[0])]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 1
    assert "is of another file" in refused.output
    assert (tmp_path / "models" / "two.md").read_text() == text
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(app, ["card", "two", "--assets", str(tmp_path)])
    assert refused.exit_code == 1
    assert "there is no report on two" in refused.output
    assert (tmp_path / "models" / "two.md").read_text() == text


@pytest.mark.parametrize("name", ["", "../up", "Big", "a b", "-"])
def test_a_name_that_is_no_file_name_is_refused(
    name: str, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="is not an allowed name"):
        ship(checkpoint, name, assets=tmp_path)


def test_real_crops_are_a_part_of_fer2013_fitted_to_the_model(tmp_path: Path) -> None:
    write_table(tmp_path)
    gray = fer2013_crops(CONTRACT, tmp_path)
    assert gray.crops.shape == (4, 8, 8)
    assert gray.crops[:, 0, 0].tolist() == [10, 40, 70, 100]
    assert gray.majority.tolist() == [1, 4, 0, 3]
    assert str(gray) == "4 images of FER2013 PublicTest"
    colour = dataclasses.replace(CONTRACT, colour="rgb")
    private = fer2013_crops(colour, tmp_path, part="test", most=2)
    assert private.crops.shape == (2, 8, 8, 3)
    assert private.crops[:, 0, 0].tolist() == [[20] * 3, [110] * 3]
    with pytest.raises(DataError, match="give the folder with --data"):
        fer2013_crops(CONTRACT, tmp_path / "nowhere")


def test_made_crops_reach_black_white_and_all_between() -> None:
    crops = made_crops(CONTRACT).crops
    assert crops[0].max() == 0
    assert crops[-1].min() == 255
    assert len(np.unique(crops)) > 200
    np.testing.assert_array_equal(crops, made_crops(CONTRACT).crops)


def test_the_command_tells_a_good_file_from_a_bad_one(exported: Exported, tmp_path: Path) -> None:
    good = CliRunner().invoke(app, ["check", str(exported.path)])
    assert good.exit_code == 0, good.output
    assert "ok   batches" in good.output
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"nothing of the kind")
    refused = CliRunner().invoke(app, ["check", str(bad)])
    assert refused.exit_code == 1
    assert "Traceback" not in refused.output
    assert str(bad) in refused.output


@pytest.mark.parametrize("command", ["onnx", "ship"])
def test_a_checkpoint_that_is_none_is_one_sentence(command: str, tmp_path: Path) -> None:
    path = tmp_path / "no.ckpt"
    path.write_text("no")
    done = CliRunner().invoke(app, [command, str(path), str(tmp_path / "out.onnx")])
    assert done.exit_code == 1
    assert "is not a fer-live checkpoint" in done.output
    assert not (tmp_path / "out.onnx").exists()


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom fer_live.export.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'onnx', 'onnxruntime', 'cv2', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_folder_in_the_place_of_the_file_is_a_sentence_and_leaves_nothing(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    out = tmp_path / "out.onnx"
    out.mkdir()
    with pytest.raises(SinkError, match=r"out\.onnx cannot be written: Is a directory"):
        export_checkpoint(checkpoint, out)
    assert [path.name for path in tmp_path.iterdir()] == ["out.onnx"]
