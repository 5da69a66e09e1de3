"""Settings of augmentation: the table [augment] of an experiment's file."""

from dataclasses import dataclass
from typing import Final

from fer_live.training.config.loader import require

_WITHOUT_BOUND: Final = (
    "turn_deg",
    "shift",
    "shear",
    "brightness",
    "saturation",
    "gamma",
    "noise",
    "mixup",
)


@dataclass(frozen=True, slots=True)
class AugmentSettings:
    """How training pictures are augmented; with all values 0 they are unchanged.

    The first four imitate the live crop, which is placed by noisy landmarks.

    Attributes:
        turn_deg: Rotated by up to this many degrees, either way.
        shift: Shifted by up to this fraction of the side, either way, on each axis.
        scale: Scaled by up to this fraction, either way.
        shear: Sheared by up to this fraction, either way.
        flip: Probability of a mirror image.
        brightness: Added to all pixels, up to this fraction of the full range, either way.
        exposure: Range of the factor by which all gray values are multiplied, such as (0.2, 1.2):
            from deep shade to overexposed; empty for none.
        contrast: Contrast changed by up to this fraction, either way.
        saturation: Saturation changed by up to this fraction, either way; colour pictures only.
        gamma: Gray values raised to a power of up to this factor, either way: low and harsh light.
        shade: Probability that one side is in shadow, with 20 to 80 % less light behind an edge of
            any direction, position and softness.
        blur: Probability of a Gaussian blur of 0.5 to 2.5 px in 48, the same for a whole batch.
        small: Probability of being reduced to between 3/8 and 3/4 of the side and enlarged again,
            like a distant face.
        jpeg: Probability of JPEG compression with a quality of 10 to 60.
        glasses: Probability of frames or dark glasses at the position of the eyes in the crop.
        cover: Probability that brows, eyes or mouth are covered in gray, at their position in the
            live crop, before the picture is moved: the rest of the face must suffice.
        noise: Standard deviation of pixel noise, up to this fraction of the full range.
        erase: Probability that a rectangle, up to a quarter of the picture, is gray.
        mixup: Alpha of the Beta distribution for mixing two pictures; 0 for none.
    """

    turn_deg: float = 0.0
    shift: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    flip: float = 0.0
    brightness: float = 0.0
    exposure: tuple[float, ...] = ()
    contrast: float = 0.0
    saturation: float = 0.0
    gamma: float = 0.0
    shade: float = 0.0
    blur: float = 0.0
    small: float = 0.0
    jpeg: float = 0.0
    glasses: float = 0.0
    cover: float = 0.0
    noise: float = 0.0
    erase: float = 0.0
    mixup: float = 0.0

    @property
    def geometry(self) -> "AugmentSettings":
        """The geometric settings only."""
        return AugmentSettings(
            turn_deg=self.turn_deg,
            shift=self.shift,
            scale=self.scale,
            shear=self.shear,
            flip=self.flip,
        )

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        for key in ("flip", "shade", "blur", "small", "jpeg", "glasses", "cover", "erase"):
            require(0 <= getattr(self, key) <= 1, f"{key} is a probability, in [0, 1]")
        for key in _WITHOUT_BOUND:
            require(getattr(self, key) >= 0, f"{key} is negative")
        for key in ("scale", "contrast"):
            require(0 <= getattr(self, key) < 1, f"{key} must be in [0, 1)")
        ends = self.exposure
        require(
            not ends or (len(ends) == len(("low", "high")) and 0 < ends[0] <= ends[1]),
            f"exposure {list(ends)} is not a range of factors: give two above 0, the lower first",
        )
