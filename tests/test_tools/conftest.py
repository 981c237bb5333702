"""One short training for all tests that need its result."""

from __future__ import annotations

import pytest

from tests.test_tools.small_run import prepare, train


@pytest.fixture(scope='session')
def trained(tmp_path_factory):
    """Folder of an uninterrupted run of two epochs, and its config; the pictures lie in the folder's parent."""
    root = tmp_path_factory.mktemp('rectangles')
    config = prepare(root)
    done = train(config, '--work-dir', root / 'whole', cwd=root)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return root / 'whole', config
