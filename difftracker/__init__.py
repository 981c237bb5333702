"""DiffTracker: an open toolkit for image difference grounding.

Two pictures of the same place and a sentence go in; boxes of the change that the sentence asks for come out. Nothing
heavy is imported here: `import difftracker` costs milliseconds, models load on first use.
"""

from .version import __version__

__all__ = ['__version__']
