"""Long files in slices: detection per slice, numbers and labels over the whole file."""
