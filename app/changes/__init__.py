"""Changes and cancellations of orders that are on their way: asked for, weighed, decided, carried out."""
