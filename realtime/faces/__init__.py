"""Detecting faces, including small ones, and tracking each at the rate that it needs."""

from fer_live.realtime.faces.choosing import ChosenFaces, FaceChoice, crowded_notice
from fer_live.realtime.faces.finder import FaceFinder, FollowingFinder, LastPlace
from fer_live.realtime.faces.opening import open_face_networks, open_finder
from fer_live.realtime.faces.settings import Cadence, FaceSettings, FinderName

__all__ = [
    "Cadence",
    "ChosenFaces",
    "FaceChoice",
    "FaceFinder",
    "FaceSettings",
    "FinderName",
    "FollowingFinder",
    "LastPlace",
    "crowded_notice",
    "open_face_networks",
    "open_finder",
]
