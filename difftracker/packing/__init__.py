"""Carries training data to a machine without network, and weights back, in small pieces that prove themselves whole."""
