"""Routes of the server: files, state, the browser's camera, a source of this machine."""

import asyncio
import json
import time
from importlib.resources import files
from types import TracebackType
from typing import Any, Final, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from fer_live.bundle import model_names
from fer_live.errors import FerLiveError, SettingsError
from fer_live.labels import LABELS
from fer_live.realtime.overlay.drawing.colours import UNCERTAIN, colour_of, ink_on
from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.send import FORMAT
from fer_live.realtime.serve.analyser import Analyser, Wishes, page_message
from fer_live.realtime.serve.picture import picture_of
from fer_live.realtime.serve.settings import (
    MOST_CAMERAS,
    MOST_PIXELS,
    MOST_VIEWERS,
    ServeSettings,
)
from fer_live.realtime.serve.watching import ViewerMailbox, Watching
from fer_live.realtime.smoothing.baseline import USUAL_S
from fer_live.version import installed_version

STATIC: Final = files("fer_live.realtime.serve").joinpath("static")
REST: Final = "rest"
"""What a page says to have resting faces taken."""
OWN: Final = "own"
"""In the page's address: the visitor's own camera, also beside a source of the server's."""
FULL_CAMERAS: Final = f"too many cameras are connected, {MOST_CAMERAS} at most"
FULL_VIEWERS: Final = f"{MOST_VIEWERS} pages are watching, as many as may"
NOTHING_TO_WATCH: Final = "nothing to show: start fer-live serve with a source, such as 0"
FULL: Final = 1013
"""WebSocket's status for "try again later"."""
WRONG: Final = 1008
"""WebSocket's status for a message that breaks the rules."""


class Page:
    """What the routes share; inside a `with` block the server's source is watched."""

    def __init__(self, settings: ServeSettings) -> None:
        self._settings = settings
        self._models = frozenset({settings.model, *model_names()})
        self._watching: Watching | None = None
        self._cameras = self._viewers = 0

    def __enter__(self) -> Self:
        """Begin to watch the server's source, if there is one."""
        if self._settings.source is not None:
            self._watching = Watching(self._settings)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the source; an error of its thread is raised."""
        if self._watching is not None:
            self._watching.close()

    @property
    def broken(self) -> bool:
        """Whether something happened that should not; leaving the `with` block raises it."""
        return self._watching is not None and self._watching.broken

    def app(self) -> Starlette:
        """Return the application, not guarded yet."""
        return Starlette(
            routes=[
                Route("/", self._file("index.html")),
                Route("/overlay", self._file("overlay.html")),
                Route("/state", self._state),
                WebSocketRoute("/camera", self._camera),
                WebSocketRoute("/watch", self._watch),
                Mount("/static", StaticFiles(directory=str(STATIC))),
            ],
        )

    def _file(self, name: str) -> Any:
        async def answer(_request: Request) -> Response:
            return FileResponse(str(STATIC.joinpath(name)))

        return answer

    async def _state(self, request: Request) -> Response:
        """Tell the page what it needs to know before the first picture.

        With `?own` a visitor's own camera is shown though there is a source of the server's.
        """
        watching = None if OWN in request.query_params else self._watching
        wishes = Wishes.of(self._settings) if watching is None else watching.wishes
        return JSONResponse(
            {
                "version": installed_version(),
                "format": FORMAT,
                "mode": "camera" if watching is None else "watch",
                "source": self._settings.source is not None,
                "problem": None if watching is None else watching.problem,
                "models": sorted(self._models),
                "settings": _shown(wishes),
                "labels": [_label(label) for label in LABELS],
                "uncertain": _css(UNCERTAIN),
                "most_pixels": MOST_PIXELS,
            }
        )

    async def _camera(self, socket: WebSocket) -> None:
        """Analyse the pictures of a browser's camera, one at a time; a session of its own.

        The page sends the next picture only when it has the answer to the last, so none waits.
        """
        await socket.accept()
        if self._cameras >= MOST_CAMERAS:
            await socket.close(FULL, f"{FULL_CAMERAS}; this page tries again by itself")
            return
        self._cameras += 1
        analyser = Analyser(self._settings, Wishes.of(self._settings))
        try:
            await analyser.open()
            await socket.send_json({"ready": True, "settings": _shown(analyser.wishes)})
            while True:
                await self._answer(socket, analyser, await socket.receive())
        except WebSocketDisconnect:
            pass  # the page was closed: that is its right
        except FerLiveError as error:
            await socket.close(WRONG, str(error)[:120])
        finally:
            self._cameras -= 1
            await analyser.close()

    async def _answer(self, socket: WebSocket, analyser: Analyser, got: Any) -> None:
        """Answer one message of a browser's camera."""
        if got["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        if got.get("text") == REST:
            await socket.send_json({"rest_s": await analyser.take_rest()})
            return
        if got.get("text") is not None:
            await analyser.change(analyser.wishes.changed(_json(got["text"]), self._models))
            await socket.send_json({"settings": _shown(analyser.wishes)})
            return
        begun_s = time.monotonic()
        time_s, rgb = picture_of(got.get("bytes") or b"")
        result = await analyser.analyse(rgb, time_s)
        frame = Frame(result.frame_index, result.time_s, rgb, captured_s=begun_s)
        info = SourceInfo("the browser's camera", rgb.shape[1::-1], live=True)
        message = page_message(info, frame, result, analyser.hint)
        message["analysis_ms"] = round(1000 * (time.monotonic() - begun_s), 1)
        await socket.send_json(message)

    async def _watch(self, socket: WebSocket) -> None:
        """Show the server's source to one viewer."""
        await socket.accept()
        if self._watching is None or self._viewers >= MOST_VIEWERS:
            reason = f"{FULL_VIEWERS}; this page tries again by itself"
            await socket.close(FULL, reason if self._watching else NOTHING_TO_WATCH)
            return
        self._viewers += 1
        viewer = ViewerMailbox()
        self._watching.add(viewer)
        try:
            await socket.send_json({"ready": True, "settings": _shown(self._watching.wishes)})
            if self._watching.problem is not None:
                await socket.send_json({"problem": self._watching.problem})
            wanted = asyncio.Event()
            async with asyncio.TaskGroup() as both:
                both.create_task(self._obey(socket, wanted, self._watching))
                both.create_task(show(socket, wanted, viewer))
        except* WebSocketDisconnect:
            pass  # the page was closed: that is its right
        except* SettingsError as errors:
            await socket.close(WRONG, str(errors.exceptions[0])[:120])
        finally:
            self._viewers -= 1
            self._watching.remove(viewer)

    async def _obey(self, socket: WebSocket, wanted: asyncio.Event, watching: Watching) -> None:
        """Do what a viewer asks for: the next picture, or other settings."""
        while True:
            text = await socket.receive_text()
            if text == "next":
                wanted.set()
            elif text == REST:
                watching.take_rest()
                await socket.send_json({"rest_s": USUAL_S})
            else:
                watching.change(watching.wishes.changed(_json(text), self._models))
                await socket.send_json({"settings": _shown(watching.wishes)})


async def show(socket: WebSocket, wanted: asyncio.Event, viewer: ViewerMailbox) -> None:
    """Send a picture whenever one is wanted, so that a slow page skips pictures."""
    while True:
        await wanted.wait()
        wanted.clear()
        data = await viewer.next()
        if isinstance(data, str):
            await socket.send_text(data)
        else:
            await socket.send_bytes(data)


def _json(text: str) -> object:
    try:
        found: object = json.loads(text)
    except ValueError as error:
        raise SettingsError("what the page asks for is no JSON") from error
    return found


def _shown(wishes: Wishes) -> dict[str, Any]:
    return {
        "model": wishes.model,
        "prior": wishes.prior,
        "max_faces": wishes.max_faces,
        "tau_s": wishes.tau_s,
    }


def _label(name: str) -> dict[str, str]:
    colour = colour_of(name)
    return {"name": name, "colour": _css(colour), "ink": _css(ink_on(colour))}


def _css(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
