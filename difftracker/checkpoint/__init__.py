"""Weights as data: safe loading, atomic saving, and the models that ship with the package."""

from .weights_io import apply_weights, load_weights, save_weights
from .zoo import model_names, resolve_model

__all__ = ['apply_weights', 'load_weights', 'model_names', 'resolve_model', 'save_weights']
