from pathlib import Path

import pytest

from fer_live.errors import SettingsError
from fer_live.realtime.watch import read_plan


def plan(folder: Path, text: str) -> Path:
    path = folder / "streams.toml"
    path.write_text(text)
    return path


def test_streams_are_read_with_their_names(tmp_path: Path) -> None:
    text = """
    out = "tables"
    fps = 5
    max_faces = 2
    [streams]
    door = "rtsp://10.0.0.7/stream"
    hall = { address = "rtsp://10.0.0.8/stream", transport = "udp" }
    """
    settings = read_plan(plan(tmp_path, text))
    assert [(one.name, one.transport) for one in settings.streams] == [
        ("door", None),
        ("hall", "udp"),
    ]
    assert settings.out == tmp_path / "tables"
    assert (settings.fps, settings.faces.max_faces) == (5, 2)
    assert read_plan(plan(tmp_path, text), out=tmp_path / "o").out == tmp_path / "o"


def test_a_password_comes_from_the_environment_and_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = plan(tmp_path, '[streams]\ndoor = "rtsp://anna:${DOOR_PASSWORD}@10.0.0.7/stream"\n')
    with pytest.raises(SettingsError, match="DOOR_PASSWORD of an address is not set"):
        read_plan(path)
    monkeypatch.setenv("DOOR_PASSWORD", "hunter2")
    settings = read_plan(path)
    assert settings.streams[0].address == "rtsp://anna:hunter2@10.0.0.7/stream"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no stream to watch"),
        ("streams = 3", "streams is not a table"),
        ("[streams]\n'a/b' = 'x'", "cannot be called 'a/b'"),
        ("[streams]\na = 3", r"streams\.a has to be a text"),
        ("[streams]\na = {address = 'x', transport = 'carrier'}", "use one of auto, tcp, udp"),
        ("[streams]\na = {address = 'x', password = 'y'}", "no 'password'"),
        ("fps = 'fast'\n[streams]\na = 'x'", "fps has to be a number"),
        ("fps = 0\n[streams]\na = 'x'", "give a number above 0"),
        ("workers = 0\n[streams]\na = 'x'", "there has to be one at least"),
        ("format = 'xls'\n[streams]\na = 'x'", "use one of csv, jsonl, parquet"),
        ("colour = 1\n[streams]\na = 'x'", "'colour' is none of"),
        ("max_faces = 0\n[streams]\na = 'x'", "follow at least one face"),
        ("[streams\n", "is not TOML"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    path = plan(tmp_path, text)
    with pytest.raises(SettingsError, match=says) as refused:
        read_plan(path)
    assert str(path) in str(refused.value)


def test_a_plan_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read_plan(tmp_path / "none.toml")
