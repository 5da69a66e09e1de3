"""What overlays are drawn with: colours, shapes, text and where they fit."""
