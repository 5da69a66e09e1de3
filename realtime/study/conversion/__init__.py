"""Tables of faces as files that annotation tools, players and coders of behaviour read."""

from fer_live.realtime.study.conversion.convert import TARGETS, Target, convert

__all__ = ["TARGETS", "Target", "convert"]
