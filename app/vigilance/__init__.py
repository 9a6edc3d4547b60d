"""What follows from goods that are not as they should be: complaints, CAPA, and signals that they add up."""
