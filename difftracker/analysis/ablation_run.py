"""One training of one ablation with one seed, and the sets that it is scored on."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from difftracker.engine.config_seed import set_seed
from difftracker.errors import ConfigError
from difftracker.utils.files import parse_json_object, write_json

Execute = Callable[[Sequence[str], Path], None]


@dataclass(frozen=True)
class AblationRun:
    """A config with a seed, and the folder that takes everything about it.

    The folder holds `config.json` (the config as it was run, the seed in it), `training/`, a folder with `report.json`
    and `report.predictions.jsonl` for each set, and `output.log` (what the programs wrote).

    Attributes:
        name: Name of the ablation: the config file's, without its ending.
        seed: The seed.
        folder: The folder.
        config: The config as plain data.
    """

    name: str
    seed: int
    folder: Path
    config: dict

    @classmethod
    def from_config(cls, path: str | Path, seed: int, work_dir: Path) -> AblationRun:
        """Reads a config and puts the seed wherever training draws.

        Raises:
            ConfigError: The file is missing, or no config of an ablation.
        """
        from mmengine.config import Config

        path = Path(path)
        if not path.is_file():
            raise ConfigError(f'{path}: expected a config of an ablation, found no such file')
        config = json.loads(json.dumps(Config.fromfile(path, import_custom_modules=False).to_dict()))
        missing = sorted({'test_sets', 'train_dataloader', 'train_cfg', 'randomness', 'custom_hooks'} - set(config))
        if missing:
            raise ConfigError(f'{path}: expected a config of an ablation, found none of {", ".join(missing)}')
        set_seed(config, seed)
        return cls(path.stem, seed, work_dir / path.stem / f'seed-{seed}', config)

    @classmethod
    def from_folder(cls, folder: Path) -> AblationRun:
        """Reads a run that `start` has noted.

        Raises:
            ConfigError: The folder does not hold a run.
        """
        path = folder / 'config.json'
        try:
            config = parse_json_object(path.read_bytes(), path)
            return cls(folder.parent.name, int(folder.name.removeprefix('seed-')), folder, config)
        except (OSError, ValueError) as error:
            raise ConfigError(f'{path}: expected the config of a run, found {error}') from error

    @property
    def label(self) -> str:
        """How the run is called in messages."""
        return f'{self.name}, seed {self.seed}'

    @property
    def reports(self) -> dict[str, Path]:
        """The report of each set by its name, there or not."""
        return {item['name']: self.folder / item['name'] / 'report.json' for item in self.config['test_sets']}

    @property
    def is_finished(self) -> bool:
        """Whether all sets are scored."""
        return all(path.is_file() for path in self.reports.values())

    @property
    def checkpoint(self) -> Path:
        """The last checkpoint of the training."""
        return self.folder / 'training' / f'epoch_{self.config["train_cfg"]["max_epochs"]}.pth'

    @property
    def is_trained(self) -> bool:
        """Whether the training is done: the checkpoint may be cut short until it is noted as the last one."""
        note = self.folder / 'training' / 'last_checkpoint'
        return self.checkpoint.is_file() and note.is_file() and Path(note.read_text()).name == self.checkpoint.name

    def start(self) -> None:
        """Notes the config, or compares it with the noted one.

        Raises:
            ConfigError: The folder holds another run, or an annotation file is missing.
        """
        # Asked for now: a set that is missing at the end would be found missing after the training.
        for item in (*self.config['train_dataloader']['dataset']['datasets'], *self.config['test_sets']):
            annotations = Path(item['data_root']) / item['ann_file']
            if not annotations.is_file():
                raise ConfigError(f'{annotations}: expected an annotation file, found no such file')
        path = self.folder / 'config.json'
        if not path.is_file():
            write_json(path, self.config)
        elif self.from_folder(self.folder).config != self.config:
            raise ConfigError(
                f'{path}: expected the config of {self.label} as it is now, found another; remove {self.folder} to run '
                'it anew, or choose another work dir'
            )

    def perform(self, execute: Execute) -> None:
        """Does what is left: trains, going on where an earlier training stopped, then scores set after set.

        A finished run is left as it is.

        Args:
            execute: Runs a tool, given its name and arguments and the file that takes what it writes.

        Raises:
            ConfigError: From `start`.
            RunError: From `execute`.
        """
        self.start()
        if self.is_finished:
            return
        config, log = str(self.folder / 'config.json'), self.folder / 'output.log'
        if not self.is_trained:
            execute(['train.py', config, '--work-dir', str(self.folder / 'training'), '--resume'], log)
        for item in self.config['test_sets']:
            if not self.reports[item['name']].is_file():
                execute(['test.py', config, str(self.checkpoint), *self._scoring(item)], log)

    def _scoring(self, item: dict) -> list[str]:
        """Arguments that choose the set."""
        options = ['--data-root', item['data_root'], '--ann-file', item['ann_file'], '--pictures', '0']
        options += ['--out-dir', str(self.folder / item['name'])]
        if 'pairs' in item:
            options += ['--cfg-options', f'test_dataloader.dataset.indices={item["pairs"]}']
        return options

    def drop_checkpoints(self) -> None:
        """Removes the checkpoints, of which a run leaves more than a hundred megabytes; logs stay."""
        for path in (*self.folder.glob('training/*.pth'), self.folder / 'training' / 'last_checkpoint'):
            path.unlink(missing_ok=True)
