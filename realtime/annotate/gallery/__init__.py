"""All pictures of a run together: one table, and contact sheets."""

from fer_live.realtime.annotate.gallery.gallery import Finished, Gallery, write_gallery

__all__ = ["Finished", "Gallery", "write_gallery"]
