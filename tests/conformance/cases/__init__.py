"""The scenarios, one module per subject; each has a `suite`."""
