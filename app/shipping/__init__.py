"""Goods on their way out: what is scanned is checked against what is expected; labels and logistic units (SSCC)."""
