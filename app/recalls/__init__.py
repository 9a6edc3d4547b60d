"""Recalls: what is blocked, where all of it is, who must be told, what they answer, until all is accounted for."""
