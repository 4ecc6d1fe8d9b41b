"""The subcommands of `mattelier`, one file each."""
