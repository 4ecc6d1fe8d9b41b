"""The photo and its edits, in numpy and OpenCV alone: never Qt, never torch."""
