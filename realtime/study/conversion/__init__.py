"""Convert tables of faces for annotation tools, video players and behavioural coding."""

from fer_live.realtime.study.conversion.convert import TARGETS, Target, convert

__all__ = ["TARGETS", "Target", "convert"]
