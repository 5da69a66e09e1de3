"""Long files in slices: faces are found in each by itself, numbered and labelled in one go."""
