"""The effects on a layer, one file each."""
