"""Mattelier's editor: the document, the files, the jobs, the window and the command line."""

__version__ = "0.1.0"
