"""Drawing primitives: colours, shapes, text and placement."""
