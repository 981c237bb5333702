#!/usr/bin/env python
"""Trains a model on a machine with one GPU, from a pack made on another; docs/gpu_training.md.

python tools/gpu/train.py pack CONFIG --sources SOURCES --cutouts INDEX --out PACK
python tools/gpu/train.py train CONFIG --pack PACK --run RUN --out WEIGHTS    (again until it says "finished")
python tools/gpu/train.py collect WEIGHTS OUT.safetensors
python tools/gpu/train.py measure CONFIG --pack PACK --run RUN
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA, ENCODERS, WEIGHTS = 'data', 'encoders', 'weights'
STARTED = time.monotonic()


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    pack = commands.add_parser('pack', help='makes the pack')
    train = commands.add_parser('train', help='trains, or goes on training')
    collect = commands.add_parser('collect', help='joins and checks the pieces of the weights')
    measure = commands.add_parser('measure', help='how many pairs one core composes')
    for command in (pack, train, measure):
        command.add_argument('config', help='config file (Python: code that runs; use only files you trust)')
    for command in (train, measure):
        command.add_argument('--pack', type=Path, required=True, help='folder of the pack')
        command.add_argument('--run', type=Path, required=True, help='folder for the unpacked data and the run')
        command.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', help='overrides of the config')

    default = os.environ.get('DIFFTRACKER_DATA_ROOT')
    pack.add_argument('--sources', type=Path, default=default, help='folder of the sources [DIFFTRACKER_DATA_ROOT]')
    default = os.environ.get('DIFFTRACKER_CUTOUTS')
    pack.add_argument('--cutouts', type=Path, default=default, help='index of cut-outs [DIFFTRACKER_CUTOUTS]')
    default = ROOT / 'configs' / 'recipes'
    pack.add_argument('--recipes', type=Path, default=default, help='folder of the recipes that the config names')
    pack.add_argument('--boards', type=Path, default=Path('data/boards/annotations/train_dense.jsonl'))
    pack.add_argument('--val', type=Path, default=Path('data/photo_val/annotations/val.jsonl'))
    pack.add_argument('--val-pairs', type=int, default=100, help='the first so many validation pairs')
    pack.add_argument('--quality', type=int, default=45, help='WebP quality of the training pictures')
    pack.add_argument('--limit-mib', type=float, default=45, help='largest size of the data')
    pack.add_argument('--piece-mib', type=float, default=15, help='largest size of a piece')
    pack.add_argument('--encoders', action='store_true', help='add the pretrained encoders, in pieces of their own')
    pack.add_argument('--out', type=Path, required=True, help='folder of the pack')

    train.add_argument('--out', type=Path, required=True, help='folder for the weights in pieces and the log')
    train.add_argument('--minutes', type=float, help='time of training over all calls; default: that of the config')
    train.add_argument('--stop-after', type=float, help='minutes after which this call ends, to be called again')
    train.add_argument('--workers', type=int, help='processes that compose pairs; default: that of the config')
    train.add_argument('--start', type=Path, help='weights to start from, .safetensors or .pth')
    train.add_argument('--piece-mb', type=float, default=15, help='largest size of a piece of the weights, 10^6 bytes')

    collect.add_argument('pieces', type=Path, help='folder of the pieces')
    collect.add_argument('out', type=Path, help='.safetensors to write, for tools/publish.py')

    measure.add_argument('--pairs', type=int, default=100, help='pairs of each data set')
    args = parser.parse_args(argv)
    if args.command == 'pack' and args.sources is None:
        parser.error('expected --sources, or the environment variable DIFFTRACKER_DATA_ROOT')
    return args


def pack(args: argparse.Namespace) -> int:
    """Makes the pack."""
    from mmengine.config import Config

    import difftracker.register  # noqa: F401
    from difftracker.errors import DiffTrackerError
    from difftracker.packing.archive import make_archive
    from difftracker.packing.encoders import encoder_files
    from difftracker.packing.pack_settings import PackSettings
    from difftracker.packing.pieces import MIB, write_pieces
    from difftracker.packing.training_pack import training_files

    config = Config.fromfile(args.config)
    composed = [item for item in config.train_dataloader.dataset.datasets if 'recipe' in item]
    # Some sets differ in their sentences alone.
    recipes = [args.recipes / name for name in dict.fromkeys(Path(item.recipe).name for item in composed)]
    settings = PackSettings(image_size=max(config.image_size), quality=args.quality)
    files = training_files(recipes, args.sources, args.cutouts, args.boards, args.val, args.val_pairs, settings)
    data = make_archive(files)
    for folder in sorted({name.split('/')[0] for name in files}):
        size = sum(len(content) for name, content in files.items() if name.split('/')[0] == folder)
        print(f'{folder:16s} {size / MIB:6.1f} MiB')
    if len(data) > args.limit_mib * MIB:
        raise DiffTrackerError(
            f'pack: expected at most {args.limit_mib:g} MiB, found {len(data) / MIB:.1f} MiB; lower --quality '
            f'(now {args.quality}) or --val-pairs (now {args.val_pairs})'
        )
    archives = {DATA: data}
    if args.encoders:
        archives[ENCODERS] = make_archive(encoder_files(config))
    for name, content in archives.items():
        pieces = write_pieces(content, args.out, name, int(args.piece_mib * MIB))
        print(f'{args.out}/{name}.json: {len(content) / MIB:.1f} MiB in {len(pieces)} pieces')
    return 0


def prepare(args: argparse.Namespace):
    """Unpacks what is not unpacked yet and returns the config for it, with the weights of packed encoders."""
    from mmengine.config import Config, DictAction

    import difftracker.register  # noqa: F401
    from difftracker.packing.archive import is_unpacked, unpack_archive
    from difftracker.packing.encoders import use_packed_encoders
    from difftracker.packing.pieces import read_piece_list, read_pieces

    folders = {}
    for name in (DATA, ENCODERS):
        if name == ENCODERS and not (args.pack / f'{ENCODERS}.json').is_file():
            continue
        folders[name] = args.run / name
        checksum = read_piece_list(args.pack, name)['sha256']
        if not is_unpacked(folders[name], checksum):
            unpack_archive(read_pieces(args.pack, name), folders[name], checksum)
    os.environ['DIFFTRACKER_PACK'] = str((args.run / DATA).resolve())
    config = Config.fromfile(args.config)
    if args.cfg_options:
        parsed = argparse.ArgumentParser()
        parsed.add_argument('--cfg-options', nargs='+', action=DictAction)
        config.merge_from_dict(parsed.parse_args(['--cfg-options', *args.cfg_options]).cfg_options)
    weights = use_packed_encoders(config, folders[ENCODERS].resolve()) if ENCODERS in folders else {}
    return config, weights


def check_start(weights: dict, own: dict, source: Path) -> None:
    """Raises an error where weights to start from do not belong to the model; mmengine would pass over them."""
    from difftracker.errors import CheckpointError

    strange = [name for name, tensor in weights.items() if name not in own or own[name].shape != tensor.shape]
    if strange:
        found = f'{len(strange)} of {len(weights)} that are missing there or of another shape, the first {strange[0]}'
        raise CheckpointError(source, f'expected weights of the model of the config, found {found}')


def train(args: argparse.Namespace) -> int:
    """Trains until the time of this call or of the whole training is over, and writes the weights."""
    import torch
    import torch.multiprocessing
    from mmengine.runner import Runner

    from difftracker.checkpoint import load_weights
    from difftracker.packing.trained_weights import write_trained_weights

    config, weights = prepare(args)
    config.launcher = 'none'
    config.work_dir = str(args.run / 'work')
    if args.minutes is not None:
        config.train_cfg.minutes = args.minutes
    if args.workers is not None:
        loader = config.train_dataloader
        loader.num_workers = args.workers
        if args.workers == 0:
            loader.persistent_workers = False
            loader.pop('prefetch_factor', None)
    if args.stop_after is not None:
        # Minutes of the call, so the start counts; of what remains the loop makes one step at least.
        config.train_cfg.stop_after = max(args.stop_after - (time.monotonic() - STARTED) / 60, 1e-3)
    if args.start is not None:
        weights = load_weights(args.start)[0]
    config.resume = (Path(config.work_dir) / 'last_checkpoint').is_file()
    if weights and not config.resume:
        config.load_from = str(args.run / 'start.pth')
        torch.save({'state_dict': weights}, config.load_from)
    # Batches of many small tensors: each would hold a file handle open.
    torch.multiprocessing.set_sharing_strategy('file_system')
    torch.set_float32_matmul_precision('high')
    runner = Runner.from_cfg(config)
    check_start(weights, runner.model.state_dict(), args.start or args.pack)
    runner.train()
    loop = runner.train_loop
    status = {
        'finished': loop.finished,
        'minutes': round(loop.trained / 60, 3),
        'steps': loop.iter,
        'pairs': loop.iter * config.train_dataloader.batch_size,
    }
    pieces = write_trained_weights(Path(config.work_dir), args.out, status, int(args.piece_mb * 1e6))
    print(f'{args.out}: {len(pieces)} pieces of weights after {status["minutes"]:.1f} minutes, {status["pairs"]} pairs')
    print('finished' if loop.finished else 'not finished: call again with the same --run')
    return 0


def collect(args: argparse.Namespace) -> int:
    """Joins the pieces of the weights."""
    from difftracker.checkpoint import load_weights
    from difftracker.errors import DiffTrackerError
    from difftracker.packing.pieces import read_pieces
    from difftracker.utils.files import atomic_write

    if args.out.suffix != '.safetensors':
        raise DiffTrackerError(f'{args.out}: expected the suffix .safetensors, found {args.out.suffix!r}')
    atomic_write(args.out, read_pieces(args.pieces, WEIGHTS))
    tensors, status = load_weights(args.out)
    print(f'{args.out}: {len(tensors)} tensors, {status}')
    return 0


def measure(args: argparse.Namespace) -> int:
    """Prints what one core makes of each data set, in time of the processor."""
    import cv2
    import torch

    from difftracker.registry import DATASETS

    config, _ = prepare(args)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    shares = config.train_dataloader.dataset.weights
    total = 0.0
    for share, settings in zip(shares, config.train_dataloader.dataset.datasets, strict=True):
        dataset = DATASETS.build(settings)
        for index in range(args.pairs):
            # Pictures that a worker reads again and again are in its memory soon.
            dataset.sample(index % len(dataset), 0)
        begin = time.process_time()
        for index in range(args.pairs):
            dataset.sample(index % len(dataset), 1)
        each = (time.process_time() - begin) / args.pairs
        total += share * each
        print(f'{settings.get("recipe", settings.data_root):60s} {1e3 * each:6.1f} ms  {1 / each:6.1f} pairs/s')
    print(f'{"the mixture":60s} {1e3 * total / sum(shares):6.1f} ms  {sum(shares) / total:6.1f} pairs/s')
    return 0


def main(argv: list[str] | None = None) -> int:
    """Runs a command; returns the exit status."""
    from difftracker.errors import DiffTrackerError

    args = parse_args(argv)
    try:
        return {'pack': pack, 'train': train, 'collect': collect, 'measure': measure}[args.command](args)
    except (DiffTrackerError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
