"""How the server is set up, started, backed up and restored. Knows every slice."""
