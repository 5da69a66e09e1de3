"""The inputs of a run on the machines of a Ray cluster; needs the extra `ray`, imported lazily."""

from fer_live.realtime.annotate.cluster.settings import RayCluster

__all__ = ["RayCluster"]
