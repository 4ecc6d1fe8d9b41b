"""The tests mirror the source; contract/ runs over whatever is registered."""
