"""The commands of fer-train that repeat a paper's tables and figures."""
