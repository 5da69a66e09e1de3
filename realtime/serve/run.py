"""Serve the page until stopped."""

import socket
from collections.abc import Callable
from typing import Final

from fer_live.errors import SettingsError
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.memory import return_freed_memory
from fer_live.realtime.send import open_channel
from fer_live.realtime.serve.settings import MOST_BYTES, MOST_CONNECTIONS, ServeSettings

GOODBYE_S: Final = 2
"""Connections that are still open at the end are waited for so long, in seconds."""


def run_server(
    settings: ServeSettings,
    *,
    on_ready: Callable[[str], None],
    told_to_stop: Callable[[], bool],
) -> None:
    """Serve the page until told to stop; that then takes at most about `GOODBYE_S`.

    Args:
        settings: What to serve, and where.
        on_ready: Called with the page's address, token included, once it can be opened.
        told_to_stop: Called ten times a second.

    Raises:
        SettingsError: A package is missing, the port cannot be had, or an address of `send` is not
            one of a receiver.
        ModelError: The model is missing, damaged or not a fer-live model.
        DeviceError: The device is not available.
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
    return_freed_memory()
    _check(settings)
    listener = _listening(settings.host, settings.port)
    token = new_token() if settings.beyond_loopback else None
    names = {"localhost", "127.0.0.1", "::1", settings.host}
    page = Page(settings)
    guarded = Guard(page.app(), hosts=names, token=token)
    config = uvicorn.Config(
        guarded,
        log_level="error",  # a warning for each request that is turned away could fill a disk
        ws="websockets-sansio",
        ws_max_size=MOST_BYTES,
        ws_per_message_deflate=False,
        limit_concurrency=MOST_CONNECTIONS,
        lifespan="off",  # the page is closed here, however the server ends
        timeout_graceful_shutdown=GOODBYE_S,
        server_header=False,
        proxy_headers=False,
    )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{listener.getsockname()[1]}/"
    whole = address if token is None else f"{address}?token={token}"
    server = Server(
        config,
        on_ready=lambda: on_ready(whole),
        told_to_stop=lambda: told_to_stop() or page.broken,
    )
    with listener, page:
        server.run(sockets=[listener])


def _check(settings: ServeSettings) -> None:
    """Refuse at once, and on the terminal, what a page could only tell its visitors later.

    Raises:
        SettingsError: An address of `send` is not one of a receiver, or needs a package.
        ModelError: The model is missing, damaged or not a fer-live model.
        DeviceError: The device is not available.
    """
    labels = OnnxClassifier(settings.model, device=settings.device).contract.labels
    for address in settings.send:
        open_channel(address, labels)


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
