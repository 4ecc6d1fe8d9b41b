"""What a network makes of its deepest feature before it decodes: context from near and far."""
