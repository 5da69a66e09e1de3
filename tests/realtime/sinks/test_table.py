"""What a table says is what was seen, in every format, whatever ends the run."""

import csv
import dataclasses
import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from fer_live.errors import SinkError
from fer_live.labels import LABELS
from fer_live.realtime.results import Box, Frame, FrameResult
from fer_live.realtime.sinks.encoders import ROWS_IN_GROUP
from fer_live.realtime.sinks.rows import TableContent
from fer_live.realtime.sinks.table import TableFormat, TableWriter
from tests.support.made_results import made_frame, made_result, made_track, runs

pytestmark = pytest.mark.packages

Run = list[tuple[Frame, FrameResult]]
SUFFIXES = (".csv", ".jsonl", ".parquet")
FACE = made_track(1, Box(10, 20, 30, 44))
same_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)


def written(path: Path, run: Run, *, blendshapes: bool = False) -> Path:
    with TableWriter(path, LABELS, content=TableContent(blendshapes=blendshapes)) as table:
        for frame, result in run:
            table.write(frame, result)
    return path


def read_back(path: Path) -> list[dict[str, Any]]:
    """Read a table of any format as numbers, text and None, by others' readers."""
    if path.suffix == ".parquet":
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows
    with path.open(newline="", encoding="utf-8") as file:
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in file]
        return [{k: cell(k, v) for k, v in row.items()} for row in csv.DictReader(file)]


def cell(column: str, text: str) -> str | float | None:
    if text == "" or column == "label":
        return text or None
    return float(text)


def expected(run: Run) -> Iterator[dict[str, Any]]:
    """Say what a table of `run` holds, straight from the results."""
    for frame, result in run:
        if not result.tracks:
            yield {"frame": frame.index, "time_s": frame.time_s, "track": None, "happy": None}
        for t in result.tracks:
            yield {
                "frame": frame.index,
                "time_s": frame.time_s,
                "track": t.track_id,
                "face_score": t.face.score,
                "label": t.label,
                "confidence": t.confidence,
                "uncertain": t.uncertain,
                **dict(zip(("x0", "y0", "x1", "y1"), t.face.box, strict=True)),
                **dict(zip(LABELS, t.steady.tolist(), strict=True)),
                **{f"raw_{n}": v for n, v in zip(LABELS, t.raw.tolist(), strict=True)},
            }


@pytest.mark.parametrize("suffix", SUFFIXES)
@same_folder
@given(run=runs())
def test_a_table_read_back_says_what_was_written(tmp_path: Path, suffix: str, run: Run) -> None:
    found = read_back(written(tmp_path / f"t{suffix}", run))
    wanted = list(expected(run))
    assert len(found) == len(wanted)
    for row, truth in zip(found, wanted, strict=True):
        for column, value in truth.items():
            if isinstance(value, float):
                within = 0.0051 if column in {"x0", "y0", "x1", "y1"} else 0.00000051
                assert row[column] == pytest.approx(value, abs=within), column
            else:
                assert row[column] == value, column


@same_folder
@given(run=runs())
def test_all_formats_hold_the_same_columns_and_numbers(tmp_path: Path, run: Run) -> None:
    tables = [read_back(written(tmp_path / f"t{s}", run, blendshapes=True)) for s in SUFFIXES]
    assert tables[0] == tables[1] == tables[2]
    assert [list(row) for row in tables[0]] == [list(row) for row in tables[1]]


def test_the_columns_are_the_documented_ones(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", [(made_frame(), made_result([FACE]))])
    header, row = path.read_text(encoding="utf-8").splitlines()
    assert header == (
        "frame,time_s,track,x0,y0,x1,y1,face_score,label,confidence,uncertain,"
        "angry,disgust,fear,happy,sad,surprise,neutral,contempt,"
        "raw_angry,raw_disgust,raw_fear,raw_happy,raw_sad,raw_surprise,raw_neutral,raw_contempt"
    )
    assert row.startswith("0,0.000000,1,10.00,20.00,30.00,44.00,0.970000,happy,0.800000,0,0.0285")


def test_a_frame_without_a_face_is_one_row_of_empty_cells(tmp_path: Path) -> None:
    frame = made_frame(index=7, time_s=1 / 3)
    nobody = made_result([], index=7, time_s=1 / 3)
    path = written(tmp_path / "t.csv", [(frame, nobody)], blendshapes=True)
    header, row = path.read_text(encoding="utf-8").splitlines()
    assert row == "7,0.333333" + "," * (len(header.split(",")) - 2)


def test_blendshapes_have_a_column_each_under_mediapipes_names(tmp_path: Path) -> None:
    run = [(made_frame(), made_result([made_track(1, Box(0, 0, 9, 9), blendshapes=True)]))]
    (row,) = read_back(written(tmp_path / "t.jsonl", run, blendshapes=True))
    names = [name for name in row if name.startswith("blendshape_")]
    assert len(names) == 52
    assert (row["blendshape__neutral"], row["blendshape_noseSneerRight"]) == (0, 1)
    assert row["blendshape_jawOpen"] == pytest.approx(25 / 51, abs=1e-6)


def test_faces_stand_in_the_order_of_their_tracks(tmp_path: Path) -> None:
    seen = [made_track(n, Box(0, 0, 9, 9)) for n in (5, 2, 9)]
    rows = read_back(written(tmp_path / "t.csv", [(made_frame(), made_result(seen))]))
    assert [row["track"] for row in rows] == [2, 5, 9]


def test_a_box_just_left_of_the_picture_has_no_negative_zero(tmp_path: Path) -> None:
    run = [(made_frame(), made_result([made_track(1, Box(-0.001, 0, 9, 9))]))]
    assert "-0.00" not in written(tmp_path / "t.csv", run).read_text(encoding="utf-8")


def test_parquet_is_written_in_groups_so_that_memory_is_bounded(tmp_path: Path) -> None:
    count = 2 * ROWS_IN_GROUP + 1
    run = [
        (made_frame(index=n, time_s=n / 25), made_result([], index=n, time_s=n / 25))
        for n in range(count)
    ]
    file = pq.ParquetFile(written(tmp_path / "t.parquet", run))
    assert (file.num_row_groups, file.metadata.num_rows) == (3, count)
    assert file.read(["frame"]).column("frame").to_pylist() == list(range(count))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_killed_run_leaves_every_frame_that_was_written(tmp_path: Path, suffix: str) -> None:
    """Killed between two frames: within a line's own write the system may cut it, and only it."""
    path = tmp_path / f"t{suffix}"
    program = textwrap.dedent("""
        import sys
        import time
        from pathlib import Path
        from fer_live.labels import LABELS
        from fer_live.realtime.results import Box
        from fer_live.realtime.sinks.table import TableWriter
        from tests.support.made_results import made_frame, made_result, made_track
        table = TableWriter(Path(sys.argv[1]), LABELS)
        result = made_result([made_track(1, Box(1, 2, 3, 4)), made_track(2, Box(5, 6, 7, 8))])
        for n in range(101):
            table.write(made_frame(index=n), result)
        print("written", flush=True)
        time.sleep(600)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],  # where `tests` is found
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert path.read_bytes().endswith(b"\n")
    rows = read_back(path)
    assert len(rows) == 202
    assert {len(row) for row in rows} == {27}
    assert None not in {row["raw_contempt"] for row in rows}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_unfinished_output_never_has_the_finished_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "deep" / f"t{suffix}"
    with TableWriter(path, LABELS, atomic=True) as table:
        table.write(made_frame(), made_result([FACE]))
        assert not path.exists()
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert len(read_back(path)) == 1


@pytest.mark.parametrize("atomic", [True, False])
def test_an_error_in_the_block_leaves_nothing_or_a_readable_file(
    tmp_path: Path, atomic: bool
) -> None:
    path = tmp_path / "t.parquet"

    def interrupted() -> None:
        with TableWriter(path, LABELS, atomic=atomic) as table:
            table.write(made_frame(), made_result([FACE]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == ([] if atomic else [path])
    assert atomic or len(read_back(path)) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_full_disk_is_one_sentence(form: TableFormat) -> None:
    with (
        pytest.raises(SinkError, match=r"^/dev/full cannot be written: .*no space left on device"),
        TableWriter(Path("/dev/full"), LABELS, form=form) as table,
    ):
        table.write(made_frame(), made_result([FACE]))


def test_an_unknown_ending_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"t\.xlsx.*\.csv, \.jsonl, \.parquet"):
        TableWriter(tmp_path / "t.xlsx", LABELS)


def test_a_folder_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(SinkError, match="it is a folder"):
        TableWriter(tmp_path / "t.csv", LABELS)


def test_a_file_where_a_folder_should_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("a file", encoding="utf-8")
    with pytest.raises(SinkError, match=r"plain.t\.csv cannot be written: "):
        TableWriter(tmp_path / "plain" / "t.csv", LABELS)


def test_without_pyarrow_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        sys.modules["pyarrow"] = None  # the import system then says that there is no such package
        from fer_live.errors import SinkError
        from fer_live.realtime.sinks.table import TableWriter
        try:
            TableWriter(Path(sys.argv[1]), ["happy"])
        except SinkError as error:
            print(error)
    """)
    path = tmp_path / "t.parquet"
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pip install 'fer-live[parquet]'" in run.stdout
    assert not path.exists()


def test_a_closed_table_takes_nothing_more(tmp_path: Path) -> None:
    table = TableWriter(tmp_path / "t.csv", LABELS)
    table.close()
    table.close()
    with pytest.raises(ValueError, match="closed"):
        table.write(made_frame(), made_result([]))


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@now", "so, so", 'so "so"', "two\nlines"])
def test_no_label_is_run_by_a_spreadsheet_or_breaks_a_row(tmp_path: Path, label: str) -> None:
    labels = (label, *LABELS[1:])
    face = dataclasses.replace(FACE, label=label)
    with TableWriter(tmp_path / "t.csv", labels) as table:
        table.write(made_frame(), made_result([face]))
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        header, row = csv.reader(file)
    assert len(header) == len(row)
    assert row[header.index("label")].removeprefix("'") == label
    assert not any(name.startswith(("=", "+", "-", "@")) for name in header)
    assert not row[header.index("label")].startswith(("=", "+", "-", "@"))
