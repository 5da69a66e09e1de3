"""The commands of fer-train, one file a subject: parse, call, tell."""
