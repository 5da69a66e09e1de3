"""Serve the page until stopped."""

import ctypes
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from fer_live.errors import SettingsError
from fer_live.realtime.serve.settings import MOST_BYTES, MOST_CONNECTIONS, ServeSettings

ARENAS: Final = 2
_M_ARENA_MAX: Final = -8
"""glibc's name for it in malloc.h."""
GOODBYE_S: Final = 2
"""Connections that are still open at the end are waited for so long, in seconds."""


def run_server(settings: ServeSettings, *, on_ready: Callable[[str], None]) -> None:
    """Serve the page until SIGINT or SIGTERM.

    Args:
        settings: What to serve, and where.
        on_ready: Called with the page's address, token included, once it can be opened.

    Raises:
        SettingsError: A package is missing, or the port cannot be had.
    """
    try:
        import uvicorn  # noqa: PLC0415 (an extra)

        from fer_live.realtime.serve.app import Page  # noqa: PLC0415
        from fer_live.realtime.serve.guard import Guard, new_token  # noqa: PLC0415
        from fer_live.realtime.serve.server import Server  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"the page needs the package {error.name}, which is not installed: "
            "pip install 'fer-live[serve]'"
        ) from error
    _keep_memory_together()
    listener = _listening(settings.host, settings.port)
    token = new_token() if settings.beyond_loopback else None
    names = {"localhost", "127.0.0.1", "::1", settings.host}
    guarded = Guard(Page(settings).app(), hosts=names, token=token)
    config = uvicorn.Config(
        guarded,
        log_level="error",  # a warning for each request that is turned away could fill a disk
        ws="websockets-sansio",
        ws_max_size=MOST_BYTES,
        ws_per_message_deflate=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GOODBYE_S,
        server_header=False,
        proxy_headers=False,
    )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{listener.getsockname()[1]}/"
    whole = address if token is None else f"{address}?token={token}"
    server = Server(config, lambda: on_ready(whole))
    with listener:
        server.run(sockets=[listener])


def _keep_memory_together() -> None:
    """Have glibc keep the memory of all threads in few arenas; elsewhere nothing is done.

    Each camera has a thread of its own. By default each thread may begin an arena, up to eight for
    every core, and hardly anything in them is given back: memory grew with every visit.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library has no such call
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        SettingsError: The port is taken, or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"{host}:{port} cannot be listened at ({error.strerror or error}); give another --port "
            "or --host"
        ) from error
    return listener
