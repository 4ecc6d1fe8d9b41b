"""The networks, in torch. Nothing outside this package and ``models.training`` imports it but by name."""
