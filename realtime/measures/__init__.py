"""Measurements of each face besides its label: head pose, image quality, facial movement."""

from fer_live.realtime.measures.columns import chosen_measures, measure_groups
from fer_live.realtime.measures.measurer import Measurer
from fer_live.realtime.measures.series import ProbabilitySeries

__all__ = ["Measurer", "ProbabilitySeries", "chosen_measures", "measure_groups"]
