"""What the commands print: tables, status lines, progress, final messages.

Results go to stdout, everything about them to stderr, so that either can be piped away. One file a
command, so that no command waits for what another one imports.
"""
