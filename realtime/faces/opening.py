"""Open a face finder for one source, or networks to be reused for many."""

from fer_live.realtime.faces.finder import CANDIDATE_SCORE, FollowingFinder
from fer_live.realtime.faces.networks import FaceNetworks, open_networks
from fer_live.realtime.faces.settings import FaceSettings
from fer_live.realtime.inference.session import Device


def open_face_networks(settings: FaceSettings, device: Device = "cpu") -> FaceNetworks:
    """Open the networks of a finder, for several finders one after the other.

    Raises:
        ModelError: MediaPipe's model file is missing or damaged.
        SettingsError: MediaPipe was asked for, or is installed, and cannot be used.
        DeviceError: CUDA was asked for and cannot be had.
    """
    return open_networks(
        settings.finder,
        min_score=CANDIDATE_SCORE,
        blendshapes=settings.blendshapes,
        device=device,
    )


def open_finder(
    settings: FaceSettings,
    *,
    live: bool,
    device: Device = "cpu",
    networks: FaceNetworks | None = None,
) -> FollowingFinder:
    """Return a finder for one source.

    Args:
        settings: How faces are looked for and followed.
        live: Whether frames come in real time. Where they do not, the whole picture is searched
            at once whenever a scene begins, however long that takes.
        device: Where ONNX Runtime runs the networks; see `open_networks`.
        networks: What `open_face_networks` gave for the same settings: it forgets what it saw, and
            stays open when the finder is closed. None opens networks that are closed with it.

    Raises:
        ModelError: MediaPipe's model file is missing or damaged.
        SettingsError: MediaPipe was asked for, or is installed, and cannot be used.
        DeviceError: CUDA was asked for and cannot be had.
    """
    if networks is not None:
        networks.forget()
        return FollowingFinder(settings, networks, live=live, owned=False)
    return FollowingFinder(settings, open_face_networks(settings, device), live=live, owned=True)
