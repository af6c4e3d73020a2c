"""Stands for SciPy, of which compare.py uses two functions."""
