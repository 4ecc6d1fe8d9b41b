"""Shelves: where networks and their weights stand."""
