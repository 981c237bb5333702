"""The `difftracker` command.

Only the standard library is imported here; each sub-command imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from difftracker.apis.ending_signals import EndingSignal, ending_signals
from difftracker.errors import DiffTrackerError
from difftracker.utils.score_argument import score_argument
from difftracker.utils.size_argument import size_argument
from difftracker.version import __version__

# What is asked where no sentence is given.
EVERYTHING = 'What changed?'
_PREDICT_EXAMPLES = """\
examples:
  difftracker predict before.jpg after.jpg "Which cup is gone?"
  difftracker predict old_pages new_pages "What changed?" --out-dir answers
  difftracker predict --annotations val.jsonl --data-root data --out predictions.jsonl
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, like all errors of the command."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f'difftracker: error: {message} (see {self.prog} --help)\n')


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the whole command."""
    parser = _Parser(
        prog='difftracker',
        description='Image difference grounding: two pictures and a sentence in, boxes of the change out.',
    )
    parser.add_argument('--version', action='version', version=f'difftracker {__version__}')
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    _add_predict(commands)
    _add_evaluate(commands)
    return parser


def _add_predict(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        'predict',
        help='answer sentences about a pair, two folders of pictures, or those of an annotation file',
        description='Answer sentences about a pair of pictures or all pairs of two folders, or all sentences of an '
        'annotation file.',
        epilog=_PREDICT_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    pair = parser.add_argument_group('one pair, or two folders with pictures of equal names')
    pair.add_argument('before', nargs='?', metavar='BEFORE', help='picture before the change, or folder')
    pair.add_argument('after', nargs='?', metavar='AFTER', help='picture after the change, or folder')
    pair.add_argument('text', nargs='*', metavar='TEXT', help=f'the sentences (default: "{EVERYTHING}")')
    pair.add_argument(
        '--out-dir',
        metavar='DIR',
        help='where pictures of the answers go, and for folders answers.jsonl and answers.csv (default: outputs; with '
        '--json a picture is written only if given)',
    )
    pair.add_argument('--json', action='store_true', help='print the answers about a pair as JSON')
    pair.add_argument('--exit-code', action='store_true', help='exit with 3 where something of that kind changed')
    many = parser.add_argument_group('all sentences of an annotation file')
    many.add_argument('--annotations', metavar='FILE', help='annotation file (JSON Lines)')
    many.add_argument('--data-root', metavar='DIR', help='folder that the paths of the file start from')
    many.add_argument('--out', metavar='FILE', help='prediction file to write (JSON Lines)')
    model = parser.add_argument_group('model')
    weights = model.add_mutually_exclusive_group()
    weights.add_argument(
        '--model', metavar='NAME', default='difftracker-lite', help='shipped model (default: difftracker-lite)'
    )
    weights.add_argument('--checkpoint', metavar='FILE', help='weights file to use instead, of tools/publish.py')
    model.add_argument(
        '--score-threshold',
        type=score_argument,
        metavar='S',
        help='leave out boxes below this score, 0 to 1 (default: the one stored with the weights); 0 keeps the '
        'candidates that average precision needs',
    )
    model.add_argument(
        '--exact-size',
        type=size_argument,
        metavar='PX',
        help='largest side at which pairs of drawn pictures, such as screenshots, are read (default: the one stored '
        'with the weights)',
    )
    model.add_argument('--device', default='cpu', help='cpu, cuda or cuda:N (default: cpu)')
    _add_debug(parser)
    parser.set_defaults(run=_run_predict)


def _add_evaluate(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        'evaluate',
        help='compare a prediction file with the annotations',
        description='Print the results table of a prediction file.',
    )
    parser.add_argument('annotations', metavar='ANNOTATIONS', help='annotation file (JSON Lines)')
    parser.add_argument('predictions', metavar='PREDICTIONS', help='prediction file (JSON Lines)')
    parser.add_argument(
        '--score-threshold',
        type=score_argument,
        metavar='S',
        default=0.0,
        help='boxes below this score count for average precision only (default: 0)',
    )
    parser.add_argument('--json', metavar='FILE', help='write the report as JSON, too')
    _add_debug(parser)
    parser.set_defaults(run=_run_evaluate)


def _add_debug(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')


def _run_predict(args: argparse.Namespace) -> int:
    file_options = {'--annotations': args.annotations, '--data-root': args.data_root, '--out': args.out}
    missing = [name for name, value in file_options.items() if value is None]
    if args.annotations is None:
        unused = [name for name in file_options if name not in missing]
        if unused:
            raise _UsageError(f'{unused[0]} needs --annotations')
        if args.after is None:
            raise _UsageError('expected BEFORE AFTER "TEXT", or --annotations FILE --data-root DIR --out FILE')
        args.text = args.text or [EVERYTHING]
        return _run_pairs(args)
    if args.before is not None:
        raise _UsageError('expected either BEFORE AFTER "TEXT" or --annotations, found both')
    if missing:
        raise _UsageError(f'--annotations needs {" and ".join(missing)}')
    if args.json or args.exit_code or args.out_dir is not None:
        raise _UsageError('--json, --exit-code and --out-dir belong to pictures, not to --annotations')
    from .predict_file import predict_file

    return predict_file(args)


def _run_pairs(args: argparse.Namespace) -> int:
    folders = [os.path.isdir(path) for path in (args.before, args.after)]
    if not any(folders):
        from .predict_pair import predict_pair

        return predict_pair(args)
    if not all(folders):
        kinds = ['a folder' if folder else 'none' for folder in folders]
        raise _UsageError(f'expected two pictures or two folders, found {kinds[0]} as BEFORE and {kinds[1]} as AFTER')
    if args.json:
        raise _UsageError('--json belongs to a single pair; for folders answers.jsonl holds the same')
    from .predict_folders import predict_folders

    return predict_folders(args)


def _run_evaluate(args: argparse.Namespace) -> int:
    from difftracker.evaluation import evaluate_files, format_report
    from difftracker.utils.files import check_target, write_json

    if args.json is not None:
        check_target(args.json, '--json')
    report = evaluate_files(args.annotations, args.predictions, args.score_threshold)
    print(format_report(report))
    if args.json is not None:
        write_json(args.json, report)
    return 0


class _UsageError(Exception):
    """Arguments that do not go together."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        argv: Arguments after the program's name; None takes those of the process.

    Returns:
        Exit code: 0 for success, 1 where a run over many pairs passed over bad ones or could not write pictures, 2 for
        bad input, 3 where something changed and `--exit-code` is given, 129, 130 or 143 when ended by SIGHUP, Ctrl-C or
        SIGTERM, 141 where the reader of the output has left.
    """
    args = build_parser().parse_args(argv)
    try:
        with ending_signals():
            code = args.run(args)
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader of the output, `head` for example, has seen enough. Python would flush once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except _UsageError as error:
        return _fail(f'{error} (see difftracker {args.command} --help)')
    except (DiffTrackerError, OSError) as error:
        if args.debug:
            raise
        return _fail(str(error))
    except EndingSignal as error:
        return _fail(f'ended by {error}', code=128 + error.number)
    except KeyboardInterrupt:
        return _fail('interrupted', code=130)


def _fail(message: str, code: int = 2) -> int:
    # A terminal that hung up takes no message; the exit code still tells.
    with suppress(OSError):
        print('difftracker: error: ' + ' '.join(message.split()), file=sys.stderr)
    return code


if __name__ == '__main__':
    sys.exit(main())
