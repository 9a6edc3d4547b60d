"""Telling people outside the application: what a notice says, by e-mail and to their devices."""
