"""`python -m fer_live.realtime` is the `fer-live` command."""

from fer_live.realtime.cli import app

if __name__ == "__main__":
    app(prog_name="fer-live")
