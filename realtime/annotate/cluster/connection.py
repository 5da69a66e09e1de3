"""Ray for the time of a run: a cluster that is there already, or one of this machine's own."""

import signal
import socket
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import ray

from fer_live.errors import SettingsError
from fer_live.realtime.annotate.cluster.settings import RayCluster

ANSWER_S: Final = 10.0
OBJECT_STORE_BYTES: Final = 100_000_000
"""What goes between processes is a few kilobytes an input; Ray takes a third of the memory else."""


@contextmanager
def connected(cluster: RayCluster) -> Generator[int]:
    """Connect to Ray, and give for how many inputs at once it has room now.

    `prepare_environment` comes first, before Ray is imported.

    Raises:
        SettingsError: There is no such cluster, this program is connected to Ray already, or no
            machine has room for one input.
    """
    if ray.is_initialized():
        raise SettingsError("this program uses Ray already; end that first with ray.shutdown()")
    try:
        with _own_handler(signal.SIGTERM):
            _begin(cluster)
        yield _room(cluster)
    finally:
        ray.shutdown()


def _begin(cluster: RayCluster) -> None:
    """Start Ray, or find the cluster."""
    if cluster.address not in (None, "auto", "local"):
        _knock(str(cluster.address))
    quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    try:
        if cluster.address is None:
            ray.init(
                "local",
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                **quiet,
            )
        else:
            ray.init(cluster.address, **quiet)
    except Exception as error:  # Ray has a bare one for a start that took it too long
        raise SettingsError(_sentence(cluster, error)) from error


def _sentence(cluster: RayCluster, error: Exception) -> str:
    """Say why Ray cannot be worked with, and what to do."""
    said = str(error).strip().splitlines()
    why = said[0].rstrip(".") if said else type(error).__name__
    if cluster.address is None:
        return (
            f"Ray does not start on this machine ({why}); give the --address of a cluster, or "
            "leave out --engine ray"
        )
    return (
        f"there is no Ray at {cluster.address} to work with ({why}); see `ray status` there, or "
        "leave out --address to have Ray started for this run"
    )


def _knock(address: str) -> None:
    """See whether anybody answers; Ray would try for minutes.

    Raises:
        SettingsError: It is no address, or nobody does.
    """
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal()):
        raise SettingsError(f"{address} is no address of a Ray cluster; write auto or HOST:PORT")
    try:
        socket.create_connection((host, int(port)), ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise SettingsError(
            f"nobody answers at {address} ({error}); see `ray status` on the cluster's head"
        ) from error


def _room(cluster: RayCluster) -> int:
    """Return how many inputs the machines that are there can work on at once.

    Raises:
        SettingsError: None; no machine of the cluster is large enough.
    """
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    machines = [node["Resources"] for node in nodes if node["Alive"]]
    room = sum(_fitting(machine, cluster) for machine in machines)
    if not room:
        most = max((machine.get("CPU", 0.0) for machine in machines), default=0.0)
        gpus = max((machine.get("GPU", 0.0) for machine in machines), default=0.0)
        raise SettingsError(
            f"no machine of the cluster has {cluster.num_cpus:g} cores and {cluster.num_gpus:g} "
            f"GPUs for an input (at most {most:g} and {gpus:g}); ask for less"
        )
    return room


def _fitting(machine: Mapping[str, float], cluster: RayCluster) -> int:
    """Return how many inputs one machine can work on at once."""
    room = machine.get("CPU", 0.0) / cluster.num_cpus
    if cluster.num_gpus:
        room = min(room, machine.get("GPU", 0.0) / cluster.num_gpus)
    return int(room + 1e-6)


@contextmanager
def _own_handler(number: signal.Signals) -> Generator[None]:
    """Keep Ray from replacing how this program answers a signal, for then it could not stop."""
    if threading.current_thread() is not threading.main_thread():  # Ray then leaves it alone
        yield
        return
    handler = signal.getsignal(number)
    try:
        yield
    finally:
        signal.signal(number, handler)
