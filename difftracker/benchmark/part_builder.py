"""Makes one part of the benchmark: its pictures, its sets, its manifest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from difftracker.benchmark.checksums import Progress
from difftracker.benchmark.definition import BenchmarkDefinition
from difftracker.benchmark.environment import describe_environment
from difftracker.benchmark.instance_file import InstanceFile, check_pictures, digest_pictures, part_content
from difftracker.benchmark.manifest import MANIFEST_NAME, describe_set
from difftracker.benchmark.set_builder import SetJob
from difftracker.errors import ConfigError
from difftracker.utils.files import atomic_write, write_json

PLAN_NAME = '.plan.json'
INSTANCES_NAME = 'instances.json'


class PartBuilder:
    """Prepares and finishes a part; `build_set` makes the sets in between.

    Args:
        instances: The COCO file.
        images: Folder of its pictures.
        out: Folder of the benchmark; the part gets a folder in it.
        part: `train`, `val` or `test`.
        preset: `full` or `subset`.
        counts: Pairs in each set.
        progress: Wraps the list of pictures while their checksums are computed, to show progress.

    Raises:
        AnnotationError: The file has no picture of the part, or pictures are missing.
        ConfigError: The part's folder holds another build.
    """

    def __init__(
        self,
        instances: InstanceFile,
        images: str | Path,
        out: str | Path,
        part: str,
        preset: str,
        counts: dict[str, int],
        progress: Progress = iter,
    ) -> None:
        self.definition: BenchmarkDefinition = instances.definition
        self.part = part
        self.folder = Path(out) / part
        content = instances.part(part)
        check_pictures(content, images)
        instances_file = part_content(content)
        self.plan = {
            'benchmark': self.definition.name,
            'version': self.definition.version,
            'part': part,
            'preset': preset,
            'split_by': instances.rule,
            'inputs': {
                'pictures': len(content['images']),
                'objects': len(content['annotations']),
                'instances_sha256': hashlib.sha256(instances_file).hexdigest(),
                'pictures_sha256': digest_pictures(content, images, progress),
            },
            'environment': describe_environment(),
        }
        self._check_same_build(counts)
        path = atomic_write(self.folder / INSTANCES_NAME, instances_file)
        names = {item.get('id'): item.get('name') for item in content['licenses']}
        licenses = {image['file_name']: names.get(image.get('license')) for image in content['images']}
        self.jobs = [
            SetJob(
                self.definition.recipe(name, path.resolve(), Path(images).resolve()),
                part,
                self.definition.seeds[name][part],
                pairs,
                self.folder / name,
                f'{self.definition.name} {self.definition.version}',
                {file: text for file, text in licenses.items() if text},
            )
            for name, pairs in counts.items()
        ]

    def finish(self) -> Path:
        """Writes the manifest of the finished sets; returns its path."""
        manifest = {**self.plan, 'sets': {job.recipe.name: describe_set(job) for job in self.jobs}}
        return write_json(self.folder / MANIFEST_NAME, manifest)

    def _check_same_build(self, counts: dict[str, int]) -> None:
        """Refuses to mix two builds in one folder."""
        path = self.folder / PLAN_NAME
        now = {**self.plan, 'pairs': counts, 'recipes': {name: self.definition.recipes[name] for name in counts}}
        if path.is_file():
            before = json.loads(path.read_text(encoding='utf-8'))
            changed = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
            if changed:
                raise ConfigError(
                    f'{self.folder}: expected the folder of this build, found one with other {", ".join(changed)}; '
                    f'choose another --out'
                )
        write_json(path, now)
