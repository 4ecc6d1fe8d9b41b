"""The picture formats, one file each."""
