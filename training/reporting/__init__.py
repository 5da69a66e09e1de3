"""Reports on evaluations and comparisons: tables, plots, HTML and Markdown."""
