"""What docs/scale.md has people type on clusters, as far as it goes without them."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.realtime.annotate.cluster.test_ray import files, manifest
from tests.support.running import PATIENCE_S, environment, fer_live
from tests.support.shared_data import shared_file

yaml = pytest.importorskip("yaml")
GUIDE = Path(__file__).parents[4] / "docs" / "scale.md"
STAND_INS = {
    "scontrol": "echo localhost",
    "getent": "echo 127.0.0.1 STREAM localhost",
    "srun": 'while [[ $1 == -* ]]; do case $1 in -N|-w|-x) shift;; esac; shift; done; exec "$@"',
}
"""What the script calls of Slurm, for a cluster whose machines are all this one."""


def block(language: str) -> str:
    """Return the guide's only block in a language that has more than five lines."""
    found = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (long,) = [one for one in found if one.count("\n") > 5]
    return str(long)


def job() -> dict[str, Any]:
    found = yaml.safe_load(block("yaml"))
    assert isinstance(found, dict)
    return found


def test_the_script_for_slurm_is_one_for_bash(tmp_path: Path) -> None:
    script = tmp_path / "job.sh"
    script.write_text(block("bash"))
    subprocess.run(["bash", "-n", script], check=True)
    if (shellcheck := shutil.which("shellcheck")) is not None:
        subprocess.run([shellcheck, script], check=True)


def test_the_job_for_kubernetes_mounts_what_it_names_and_its_command_is_one_of_ours() -> None:
    spec = job()["spec"]
    cluster = spec["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    for group in groups:
        pod = group["template"]["spec"]
        volumes = {volume["name"] for volume in pod["volumes"]}
        (container,) = pod["containers"]
        assert {mount["name"] for mount in container["volumeMounts"]} == volumes
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
    name, command, *words = spec["entrypoint"].split()
    assert (name, command) == ("fer-live", "annotate")
    help_text = fer_live("annotate", "--help").stdout
    assert all(word in help_text for word in words if word.startswith("--"))


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_script_for_slurm_annotates_with_a_stand_in_for_srun(tmp_path: Path) -> None:
    work, tools = tmp_path / "work", tmp_path / "tools"
    (work / "clips").mkdir(parents=True)
    tools.mkdir()
    for clip in ("edge/one_frame.mp4", "edge/fps5.mp4"):
        shutil.copy(shared_file(f"video/{clip}"), work / "clips")
    for name, does in STAND_INS.items():
        (tools / name).write_text(f"#!/bin/bash\n{does}\n")
        (tools / name).chmod(0o755)
    with tempfile.TemporaryDirectory(prefix="ray-") as sockets:
        changes = {
            "PATH": os.pathsep.join(
                (str(tools), str(Path(sys.executable).parent), os.environ["PATH"])
            ),
            "RAY_TMPDIR": sockets,
            "SLURM_JOB_NODELIST": "localhost",
            "SLURM_NNODES": "2",
            "SLURM_CPUS_PER_TASK": "1",
        }
        log = tmp_path / "log"
        with log.open("w") as file:
            running = subprocess.Popen(
                ["bash", "-c", block("bash")],
                cwd=work,
                env=environment(changes),
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        try:
            assert running.wait(timeout=PATIENCE_S) == 0, log.read_text()
            assert manifest(work / "results")["jobs"] == 2, "both machines took part"
        finally:
            os.killpg(running.pid, signal.SIGTERM)  # as Slurm does when the script is at its end
    here = tmp_path / "here"
    assert fer_live("annotate", work / "clips", "--out", here).returncode == 0
    assert files(work / "results") == files(here)
