"""External tasks: work that a program elsewhere fetches, locks for a while, does, and reports."""
