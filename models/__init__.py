"""The science of matting: numpy in, numpy out. Importing it imports no torch."""
