"""Built-in plugins; the loader finds them here by walking the packages, exactly as it finds a third party's."""
