"""The subcommands and their options, one file each; what they print is in `printing`.

Heavy modules are imported inside the functions, so that --help is instant.
"""
