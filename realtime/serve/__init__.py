"""The live view in the browser, served from this machine."""

from fer_live.realtime.serve.run import run_server
from fer_live.realtime.serve.settings import ServeSettings

__all__ = ["ServeSettings", "run_server"]
