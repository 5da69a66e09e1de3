"""What Ray reads of the environment when it is imported, and never again."""

import os
import secrets
import sys

from fer_live.realtime.annotate.cluster.settings import RayCluster


def prepare_environment(cluster: RayCluster) -> None:
    """Set what Ray is to find in the environment; to be called before it is imported.

    Ray then tells nobody that it was used, and does not try for ever an input that takes all
    memory. A cluster that is started for the run listens on this machine's addresses, as Ray always
    does: nobody who does not have the token made here is let in. Where the program that calls has
    imported Ray already, its own choice of that holds.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"  # hiding GPUs is the worker's business
    os.environ["RAY_task_oom_retries"] = str(cluster.retries)  # noqa: SIM112 (so Ray spells it)
    if cluster.address is None and "ray" not in sys.modules:
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
