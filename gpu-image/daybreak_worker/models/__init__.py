"""Weights: where they lie, and whether they may be loaded."""
