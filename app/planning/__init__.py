"""Who gets which stock: allocation of lots to the lines of waiting orders, in the order of their priority."""
