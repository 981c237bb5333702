"""Sentences for image pairs: what may be asked, for which changes it is true, and how it is said."""

from .writer import WrittenQuery, compose_queries, write_queries

__all__ = ['WrittenQuery', 'compose_queries', 'write_queries']
