"""The inbox as a list of work: what is wanted of it, reading it, filters kept and shared."""
