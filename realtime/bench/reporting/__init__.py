"""Output of benchmark results: terminal tables, Markdown, JSON and a plot."""
