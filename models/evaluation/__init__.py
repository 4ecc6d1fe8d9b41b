"""Measuring a matte against a known one: the four metrics of the matting papers."""
