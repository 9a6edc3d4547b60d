"""Loading of data made elsewhere: GUDID device files."""
