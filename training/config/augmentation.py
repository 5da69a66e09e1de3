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
    """How training pictures are augmented; with all values 0 they stay as they are.

    The first four imitate what the live crop does to a face: it is placed by noisy landmarks.

    Attributes:
        turn_deg: Turned by up to so many degrees, either way.
        shift: Shifted by up to this fraction of the side, either way, on each axis.
        scale: Scaled by up to this fraction, either way.
        shear: Sheared by up to this fraction, either way.
        flip: Probability of a mirror image.
        brightness: Added to all pixels, up to so much of the full range, either way.
        exposure: Range that all gray values are multiplied by a factor from, such as (0.2, 1.2):
            from deep shade to overexposed; empty leaves them.
        contrast: Contrast changed by up to this fraction, either way.
        saturation: Saturation changed by up to this fraction, either way; colour pictures only.
        gamma: Gray values raised to a power of up to this factor, either way: low and harsh light.
        shade: Probability that one side lies in shadow, with 20 to 80 % less light behind an edge
            of any direction, place and softness.
        blur: Probability of being blurred by a Gaussian of 0.5 to 2.5 px in 48, one a batch.
        small: Probability of being shrunk to between 3/8 and 3/4 of the side and enlarged again, as
            a face that is far away.
        jpeg: Probability of being compressed as a JPEG of quality 10 to 60.
        glasses: Probability of frames or dark glasses where the crop has its eyes.
        cover: Probability that brows, eyes or mouth are gray, where the live crop has them, before
            the picture is moved: what is left of a face has to be read as well.
        noise: Standard deviation of pixel noise, up to so much of the full range.
        erase: Probability that a rectangle, up to a quarter of the picture, is gray.
        mixup: Alpha of the Beta distribution that two pictures are mixed by; 0 for none.
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
        """How pictures are moved, and nothing else."""
        return AugmentSettings(
            turn_deg=self.turn_deg,
            shift=self.shift,
            scale=self.scale,
            shear=self.shear,
            flip=self.flip,
        )

    def __post_init__(self) -> None:
        """Check what the types do not say."""
        for key in ("flip", "shade", "blur", "small", "jpeg", "glasses", "cover", "erase"):
            require(0 <= getattr(self, key) <= 1, f"{key} is a probability, in [0, 1]")
        for key in _WITHOUT_BOUND:
            require(getattr(self, key) >= 0, f"{key} is negative")
        for key in ("scale", "contrast"):
            require(0 <= getattr(self, key) < 1, f"{key} must be in [0, 1)")
        ends = self.exposure
        require(
            not ends or (len(ends) == len(("low", "high")) and 0 < ends[0] <= ends[1]),
            f"exposure {list(ends)} is no range of factors: give two, the lower one first, above 0",
        )
