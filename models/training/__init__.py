"""Training: losses, augmentation, data, recipes and the loop. torch lives here; reached by name only."""
