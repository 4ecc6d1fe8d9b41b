"""Effects that a layer can wear: one file each."""
