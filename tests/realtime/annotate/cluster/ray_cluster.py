"""A Ray cluster of several raylets on this machine, started for a test and ended with it."""

import secrets
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from tests.support.running import PATIENCE_S, environment

STORE_BYTES: Final = 80_000_000
LOOK_EVERY_S: Final = 0.2


@dataclass
class Raylets:
    """The machines of a cluster, all of them this one.

    Attributes:
        address: What `--address` takes.
        changes: What is different in the environment of whoever joins.
        machines: The process that began each, the head first.
    """

    address: str
    changes: Mapping[str, str]
    machines: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def kill(self, machine: int) -> None:
        """Take a machine away at once, with all that works on it."""
        for process in self.processes(machine):
            if process.name() == "raylet":
                process.kill()

    def workers(self, machine: int) -> list[psutil.Process]:
        """Return the processes of a machine that are at work on inputs."""
        return [one for one in self.processes(machine) if "annotated_on_cluster" in title(one)]

    def processes(self, machine: int) -> list[psutil.Process]:
        """Return all processes of a machine."""
        try:
            first = psutil.Process(self.machines[machine].pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def title(process: psutil.Process) -> str:
    """Return what a process calls itself; nothing for one that is gone."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@contextmanager
def raylets(
    folder: Path, count: int = 2, cpus: int = 1, extra: Mapping[str, str] | None = None
) -> Generator[Raylets]:
    """Start a cluster whose machines have some cores each.

    Args:
        folder: For Ray's logs and sockets; a short path, for sockets allow 107 bytes.
        count: How many machines.
        cpus: Cores of each.
        extra: More that is different in everybody's environment.
    """
    port = 20_000 + secrets.randbelow(10_000)
    changes = {
        **(extra or {}),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_TMPDIR": str(folder),
    }
    address = f"127.0.0.1:{port}"
    cluster = Raylets(address, changes)
    shape = [f"--num-cpus={cpus}", "--num-gpus=0", f"--object-store-memory={STORE_BYTES}"]
    head = ["--head", f"--port={port}", "--include-dashboard=false"]
    try:
        for which in range(count):
            words = head if which == 0 else [f"--address={address}"]
            cluster.machines.append(_started([*words, *shape], changes, folder / f"{which}.log"))
            _wait_for(which + 1, address, changes, cluster.machines[-1])
        yield cluster
    finally:
        everybody = [
            one for which in range(len(cluster.machines)) for one in cluster.processes(which)
        ]
        for one in everybody:
            if one.is_running():
                one.kill()
        for machine in cluster.machines:
            machine.kill()
            machine.wait()


def _started(words: list[str], changes: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """Begin one machine."""
    command = [str(Path(sys.executable).with_name("ray")), "start", "--block", *words]
    with log.open("wb") as file:
        return subprocess.Popen(command, env=environment(changes), stdout=file, stderr=file)


COUNT = """
import ray, sys
ray.init(sys.argv[1], log_to_driver=False, configure_logging=False)
print(sum(node["Alive"] for node in ray.nodes()))
"""


def _wait_for(
    machines: int, address: str, changes: Mapping[str, str], last: "subprocess.Popen[bytes]"
) -> None:
    """Wait until so many machines belong to the cluster."""
    give_up_s = time.monotonic() + PATIENCE_S
    while True:
        assert last.poll() is None, "Ray did not start"
        assert time.monotonic() < give_up_s
        told = subprocess.run(
            [sys.executable, "-c", COUNT, address],
            env=environment(changes),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        if told.stdout.strip() == str(machines):
            return
        time.sleep(LOOK_EVERY_S)
