"""Paper: what is on it as blocks, and the PDF made of them with an embedded subset of Noto Sans SC."""
