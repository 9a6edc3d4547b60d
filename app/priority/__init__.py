"""Priority: the facts of an order, decided by rules, ranked, stored and explained."""
