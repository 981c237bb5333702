"""Made-up sources, shared with the tests of the generator."""

from tests.test_synthesis.conftest import data_root, recipe_file  # noqa: F401
