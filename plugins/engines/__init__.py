"""The matting engines, one file each."""
