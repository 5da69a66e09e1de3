"""Outputs at an address, on a server of this machine that speaks as Amazon S3 does."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.realtime.annotate.batch.test_deaths import wait_until
from tests.realtime.annotate.cluster.ray_cluster import raylets
from tests.support.running import PATIENCE_S, environment, fer_live, starting
from tests.support.shared_data import shared_file

pytest.importorskip("s3fs", reason="pip install 'fer-live[s3]'")
moto_server = pytest.importorskip("moto.server", reason="pip install 'fer-live[dev]'")

CLIPS = ("video/edge/one_frame.mp4", "video/edge/fps5.mp4", "cases/exif_2.jpg")
BUCKET = "bucket"


@dataclass(frozen=True)
class Server:
    """A server that is up, with one bucket.

    Attributes:
        url: Where.
        changes: What the environment of whoever uses it has.
    """

    url: str
    changes: Mapping[str, str]

    @property
    def client(self) -> Any:
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=self.changes["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.changes["AWS_SECRET_ACCESS_KEY"],
            region_name=self.changes["AWS_DEFAULT_REGION"],
        )

    def get(self, key: str) -> bytes:
        return bytes(self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def changed(self, key: str) -> datetime:
        """Return when an object was written last."""
        told = self.client.head_object(Bucket=BUCKET, Key=key)["LastModified"]
        assert isinstance(told, datetime)
        return told

    def keys(self, folder: str) -> list[str]:
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=f"{folder}/")
        return [one["Key"].removeprefix(f"{folder}/") for one in found.get("Contents", [])]


@pytest.fixture(scope="module", name="server")
def s3_server() -> Iterator[Server]:
    moto = moto_server.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)  # a port that is free
    moto.start()
    changes = {
        "AWS_ENDPOINT_URL": "http://{}:{}".format(*moto.get_host_and_port()),
        "AWS_ACCESS_KEY_ID": "anna",
        "AWS_SECRET_ACCESS_KEY": "hush",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    server = Server(changes["AWS_ENDPOINT_URL"], changes)
    server.client.create_bucket(Bucket=BUCKET)
    yield server
    moto.stop()


def annotated(
    server: Server, tiny: str, out: str | Path, *options: str | Path
) -> "subprocess.CompletedProcess[str]":
    clips = [shared_file(clip) for clip in CLIPS]
    words: list[str | Path] = ["annotate", *clips, "--model", tiny, "--end", "1", "--out", out]
    return fer_live(*words, *options, changes=server.changes)


def run_of(server: Server, folder: str) -> dict[str, Any]:
    found = json.loads(server.get(f"{folder}/run.json"))
    assert isinstance(found, dict)
    return found


def is_same(server: Server, folder: str, here: Path) -> bool:
    """Whether all that lies in a folder, and nothing else, lies at an address too."""
    names = [str(p.relative_to(here)) for p in sorted(here.rglob("*")) if p.is_file()]
    if sorted(server.keys(folder)) != sorted(names):
        return False
    return all(
        server.get(f"{folder}/{name}") == (here / name).read_bytes()
        for name in names
        if name != "run.json"
    )


def test_the_outputs_are_those_of_a_folder_and_are_not_made_twice(
    server: Server, tiny: str, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    local = annotated(server, tiny, here)
    away = annotated(server, tiny, f"s3://{BUCKET}/deep/results", "--jobs", "2")
    assert away.returncode == local.returncode == 0, away.stderr
    assert away.stderr == local.stderr.replace(str(here), f"s3://{BUCKET}/deep/results")
    assert is_same(server, "deep/results", here)
    ours, theirs = run_of(server, "deep/results"), json.loads((here / "run.json").read_text())
    assert ours["inputs"] == theirs["inputs"]
    assert ours["together"] == theirs["together"]
    assert ours["state"] == "finished"
    again = annotated(server, tiny, f"s3://{BUCKET}/deep/results")
    assert "3 skipped" in again.stderr
    assert is_same(server, "deep/results", here)


def test_outputs_of_another_making_are_replaced_only_when_that_is_asked_for(
    server: Server, tiny: str
) -> None:
    out = f"s3://{BUCKET}/other"
    assert annotated(server, tiny, out, "--no-report").returncode == 0
    refused = annotated(server, tiny, out, "--format", "jsonl", "--no-video")
    assert refused.returncode == 1
    assert f"{out}/fps5.mp4.summary.json was made differently" in refused.stderr
    assert "fps5.mp4.annotated.mp4" in server.keys("other")
    done = annotated(server, tiny, out, "--format", "jsonl", "--no-video", "--overwrite")
    assert done.returncode == 0, done.stderr
    there = server.keys("other")
    assert "fps5.mp4.faces.jsonl" in there
    assert "fps5.mp4.faces.csv" not in there
    assert "fps5.mp4.annotated.mp4" not in there


def test_cut_out_faces_are_sent_and_replaced(server: Server, tiny: str, tmp_path: Path) -> None:
    here, out = tmp_path / "here", f"s3://{BUCKET}/crops"
    for place in (here, out):
        done = annotated(server, tiny, place, "--save-crops", "1")
        assert done.returncode == 0, done.stderr
    assert any(here.glob("*.crops/*.jpg"))
    assert is_same(server, "crops", here)
    assert "3 skipped" in annotated(server, tiny, out, "--save-crops", "1").stderr


def test_an_address_that_cannot_be_written_is_told_before_any_work(
    server: Server, tiny: str
) -> None:
    for out, said in (
        ("s3://no-such-bucket/results", "s3://no-such-bucket/results/run.json cannot be written"),
        ("nothing://anna:hush@there/results", "results cannot be sent to nothing://there/results"),
    ):
        done = annotated(server, tiny, out)
        (line,) = done.stderr.splitlines()
        assert done.returncode != 0
        assert said in line
        assert "hush" not in line


def test_without_the_package_a_sentence_says_what_to_install() -> None:
    clip = shared_file("video/edge/one_frame.mp4")
    blocked = "import sys; sys.modules['s3fs'] = None; from fer_live.realtime.cli import app; app()"
    done = subprocess.run(
        [sys.executable, "-c", blocked, "annotate", str(clip), "--out", "s3://bucket/results"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "pip install 'fer-live[s3]'" in line


def test_a_cluster_sends_long_clips_in_slices(server: Server, tiny: str, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="pip install 'fer-live[ray]'")
    here, out = tmp_path / "here", f"s3://{BUCKET}/long"
    clips = [shared_file(f"video/edge/{clip}") for clip in ("two_happyL_angryR.mp4", "fps5.mp4")]
    words: list[str | Path] = ["annotate", *clips, "--model", tiny, "--no-video", "--end", "3"]
    words += ["--slice-minutes", "0.04", "--out"]
    assert fer_live(*words, here).returncode == 0
    done = fer_live(*words, out, "--engine", "ray", changes=server.changes)
    assert done.returncode == 0, done.stderr
    assert is_same(server, "long", here)
    told = run_of(server, "long")
    assert told["out"] == out
    assert told["engine"]["name"] == "ray"
    assert [one.get("slices") for one in told["inputs"]] == [2, 2]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_slices_at_the_address_are_used_and_then_removed(
    server: Server, tiny: str, tmp_path: Path
) -> None:
    pytest.importorskip("ray", reason="pip install 'fer-live[ray]'")
    here, out = tmp_path / "here", f"s3://{BUCKET}/killed"
    clip = shared_file("video/edge/timeline_7emotions.mp4")
    words: list[str | Path] = ["annotate", clip, "--model", tiny, "--no-video", "--end", "8"]
    words += ["--slice-minutes", f"{2 / 60}", "--out"]
    running = starting(*words, out, "--engine", "ray", "--num-cpus", "2", changes=server.changes)
    first, third = (f".{clip.name}.slices/{number}.json" for number in ("0000", "0002"))
    wait_until(lambda: first in server.keys("killed"))
    running.kill()
    running.communicate(timeout=PATIENCE_S)
    made = server.changed(f"killed/{first}")
    again = starting(*words, out, "--engine", "ray", changes=server.changes)
    wait_until(lambda: third in server.keys("killed"))
    assert server.changed(f"killed/{first}") == made, "the first slice was not looked at again"
    _, told = again.communicate(timeout=PATIENCE_S)
    assert again.returncode == 0, told
    assert fer_live(*words, here).returncode == 0
    assert is_same(server, "killed", here)
    assert run_of(server, "killed")["inputs"][0]["slices"] == 4


@pytest.mark.long
def test_a_cluster_sends_the_same(server: Server, tiny: str, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="pip install 'fer-live[ray]'")
    here = tmp_path / "here"
    assert annotated(server, tiny, here).returncode == 0
    out = f"s3://{BUCKET}/cluster"
    with (
        tempfile.TemporaryDirectory(prefix="ray-") as folder,
        raylets(Path(folder), extra=server.changes) as cluster,
    ):
        with_ray = ["--engine", "ray", "--address", cluster.address]
        clips = [shared_file(clip) for clip in CLIPS]
        words: list[str | Path] = ["annotate", *clips, "--model", tiny, "--end", "1", "--out", out]
        done = fer_live(*words, *with_ray, changes=cluster.changes)
    assert done.returncode == 0, done.stderr
    assert is_same(server, "cluster", here)
