"""Where goods came from and went to: the scope of a recall, the chain of one lot or order, EPCIS 2.0 events."""
