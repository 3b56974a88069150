"""Bulk e-mail done right from a Jupyter notebook."""
