"""Reads plain data out of pickle files without ever running them.

Some public data sets distribute their annotations as pickles. A pickle is a program that can call anything; here its
instructions are only read (`pickletools` splits them) and the few that build plain data are followed by hand. Whatever
would import or call something else ends in an error.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from difftracker.errors import AnnotationError

# What numpy writes arrays with, under the module names of its versions.
_NUMPY = ('numpy.core.multiarray', 'numpy._core.multiarray')
_ARRAY = {f'{module} _reconstruct' for module in _NUMPY} | {'numpy._core.numeric _frombuffer'}
_SCALAR = {f'{module} scalar' for module in _NUMPY}
_PLAIN_KINDS = 'biufSU'
# What older protocols write as a call although it is plain data.
_EMPTY = {'collections OrderedDict': dict, '__builtin__ bytes': bytes, 'builtins bytes': bytes}
_SETS = {'__builtin__ set', 'builtins set'}


@dataclass(frozen=True)
class _Name:
    """A name that the pickle would import."""

    name: str


@dataclass(eq=False)
class _Array:
    """A numpy array whose content is still to come."""


@dataclass(frozen=True)
class _Type:
    """A numpy type: `code` is its text, `O` stands for any object."""

    code: str


class _Mark:
    """Divides the stack."""


def read_plain_pickle(path: str | Path) -> Any:
    """Reads a pickle that holds plain data.

    Args:
        path: The file, of any pickle protocol, written by Python 2 or 3.

    Returns:
        Dicts, lists, tuples, sets, text, bytes, numbers, None; numpy arrays become (nested) lists.

    Raises:
        AnnotationError: The file is missing or damaged, or would import something other than numpy's arrays.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise AnnotationError(path, f'expected a pickle file, found: {error.strerror}') from error
    return parse_plain_pickle(data, path)


def read_object_array(path: str | Path) -> Any:
    """Reads a `.npy` file, also one that holds a pickle.

    Args:
        path: The file.

    Returns:
        The content as plain data: lists for arrays, the object itself for an array without dimensions.

    Raises:
        AnnotationError: As `read_plain_pickle`, or the file is no `.npy` file.
    """
    try:
        stream = io.BytesIO(Path(path).read_bytes())
        version = np.lib.format.read_magic(stream)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0}.get(version, np.lib.format.read_array_header_2_0)
        dtype = read_header(stream)[2]
        if not dtype.hasobject:
            return np.load(io.BytesIO(stream.getvalue()), allow_pickle=False).tolist()
    except OSError as error:
        raise AnnotationError(path, f'expected a .npy file, found: {error.strerror}') from error
    except ValueError as error:
        raise AnnotationError(path, f'expected a .npy file, found other or damaged content ({error})') from error
    return parse_plain_pickle(stream.read(), path)


def parse_plain_pickle(data: bytes, path: str | Path) -> Any:
    """Does the work of `read_plain_pickle` on bytes that were read already; `path` is for the error."""
    machine = _Machine(path)
    try:
        for opcode, argument, _ in pickletools.genops(data):
            machine.step(opcode.name, argument)
        return machine.result()
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise AnnotationError(
            path, f'expected a whole pickle of plain data, found damaged content ({error!r})'
        ) from error


class _Machine:
    """Follows the instructions of a pickle that build plain data.

    Args:
        path: The file, for errors.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.done = False

    def step(self, name: str, argument: Any) -> None:
        """Follows one instruction.

        Raises:
            AnnotationError: The instruction could do more than build plain data.
        """
        if name in _IGNORED:
            return
        if name in _PUSHED:
            self.stack.append(argument)
        elif name in _MADE:
            self.stack.append(_MADE[name]())
        elif name in _METHODS:
            _METHODS[name](self, argument)
        else:
            raise AnnotationError(self.path, f'expected plain data, found the pickle instruction {name}')

    def result(self) -> Any:
        """Returns what the pickle holds.

        Raises:
            ValueError: It does not end as it should.
        """
        if not self.done or len(self.stack) != 1:
            raise ValueError('the pickle ends without a result')
        if not _is_plain(self.stack[0]):
            raise AnnotationError(self.path, 'expected plain data, found names or arrays without content in the pickle')
        return self.stack[0]

    def _stop(self, _: Any) -> None:
        self.done = True

    def _since_mark(self) -> list[Any]:
        """Takes everything above the last mark, and the mark, off the stack."""
        place = len(self.stack) - 1
        while not isinstance(self.stack[place], _Mark):
            place -= 1
        taken = self.stack[place + 1 :]
        del self.stack[place:]
        return taken

    def _make_tuple(self, count: int) -> None:
        taken = tuple(self.stack[-count:])
        del self.stack[-count:]
        self.stack.append(taken)

    def _make_dict(self, _: Any) -> None:
        values = self._since_mark()
        self.stack.append(dict(zip(values[::2], values[1::2], strict=True)))

    def _set_items(self, _: Any) -> None:
        values = self._since_mark()
        self.stack[-1].update(zip(values[::2], values[1::2], strict=True))

    def _set_item(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.stack[-1][key] = value

    def _append(self, _: Any) -> None:
        value = self.stack.pop()
        self.stack[-1].append(value)

    def _append_all(self, _: Any) -> None:
        values = self._since_mark()
        self.stack[-1].extend(values)

    def _add_all(self, _: Any) -> None:
        values = self._since_mark()
        self.stack[-1].update(values)

    def _name(self, argument: str) -> None:
        self.stack.append(_Name(argument))

    def _name_from_stack(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(_Name(f'{module} {name}'))

    def _call(self, _: Any) -> None:
        arguments, target = self.stack.pop(), self.stack.pop()
        name = target.name if isinstance(target, _Name) else repr(target)
        if name in _ARRAY:
            self.stack.append(_Array() if name.endswith('_reconstruct') else self._from_buffer(*arguments))
        elif name == 'numpy dtype':
            self.stack.append(_Type('O' if 'O' in arguments[0] else np.dtype(arguments[0]).str))
        elif name in _SCALAR:
            self.stack.append(self._numbers(arguments[0], (1,), arguments[1])[0])
        elif name == '_codecs encode':
            # How protocols below 3 write bytes.
            self.stack.append(arguments[0].encode('latin-1'))
        elif name in _EMPTY and not arguments:
            self.stack.append(_EMPTY[name]())
        elif name in _SETS:
            self.stack.append(set(*arguments))
        else:
            raise AnnotationError(self.path, f'expected plain data, found a pickle that calls {name!r}')

    def _build(self, _: Any) -> None:
        """Gives an array or a numpy type its state."""
        state, target = self.stack.pop(), self.stack.pop()
        if isinstance(target, _Type):
            built: Any = target if target.code == 'O' else _Type(np.dtype(target.code).newbyteorder(state[1]).str)
        elif isinstance(target, _Array):
            _, shape, dtype, by_columns, content = state
            built = (
                self._objects(shape, content) if dtype.code == 'O' else self._numbers(dtype, shape, content, by_columns)
            )
        else:
            raise AnnotationError(
                self.path, f'expected plain data, found an object of {type(target).__name__} with state'
            )
        for key, value in self.memo.items():
            if value is target:
                self.memo[key] = built
        self.stack.append(built)

    def _from_buffer(self, content: bytes, dtype: _Type, shape: tuple, order: str) -> Any:
        """An array as protocol 5 writes it."""
        return self._numbers(dtype, shape, content, order == 'F')

    def _numbers(self, dtype: _Type, shape: tuple, content: bytes | str, by_columns: bool = False) -> Any:
        """Turns the bytes of an array into nested lists."""
        kind = np.dtype(dtype.code)
        if kind.kind not in _PLAIN_KINDS:
            raise AnnotationError(self.path, f'expected arrays of numbers or text, found numpy type {dtype.code}')
        # Python 2 wrote the bytes as text.
        data = content.encode('latin-1') if isinstance(content, str) else content
        return np.frombuffer(data, kind).reshape(shape, order='F' if by_columns else 'C').tolist()

    def _objects(self, shape: tuple, content: list) -> Any:
        """The content of an array of objects."""
        if len(shape) > 1:
            raise AnnotationError(self.path, f'expected a list of objects, found an array of shape {shape}')
        return content if shape else content[0]


def _is_plain(item: Any) -> bool:
    """Tells whether nothing of this module's own is left in a result, at any depth."""
    left, seen = [item], set()
    while left:
        item = left.pop()
        if isinstance(item, (_Mark, _Name, _Array, _Type)):
            return False
        if isinstance(item, (dict, list, tuple, set, frozenset)) and id(item) not in seen:
            seen.add(id(item))
            left += [*item, *item.values()] if isinstance(item, dict) else item
    return True


_IGNORED = {'PROTO', 'FRAME'}
_PUSHED = {
    'INT', 'BININT', 'BININT1', 'BININT2', 'LONG', 'LONG1', 'LONG4', 'FLOAT', 'BINFLOAT',
    'STRING', 'BINSTRING', 'SHORT_BINSTRING', 'UNICODE', 'BINUNICODE', 'SHORT_BINUNICODE', 'BINUNICODE8',
    'BINBYTES', 'SHORT_BINBYTES', 'BINBYTES8', 'BYTEARRAY8',
}  # fmt: skip
_MADE: dict[str, Callable[[], Any]] = {
    'MARK': _Mark,
    'NONE': lambda: None,
    'NEWTRUE': lambda: True,
    'NEWFALSE': lambda: False,
    'EMPTY_LIST': list,
    'EMPTY_DICT': dict,
    'EMPTY_SET': set,
    'EMPTY_TUPLE': tuple,
}
_METHODS: dict[str, Callable[[_Machine, Any], None]] = {
    'STOP': _Machine._stop,
    'POP': lambda machine, _: machine.stack.pop(),
    'POP_MARK': lambda machine, _: machine._since_mark(),
    'DUP': lambda machine, _: machine.stack.append(machine.stack[-1]),
    'LIST': lambda machine, _: machine.stack.append(machine._since_mark()),
    'TUPLE': lambda machine, _: machine.stack.append(tuple(machine._since_mark())),
    'TUPLE1': lambda machine, _: machine._make_tuple(1),
    'TUPLE2': lambda machine, _: machine._make_tuple(2),
    'TUPLE3': lambda machine, _: machine._make_tuple(3),
    'FROZENSET': lambda machine, _: machine.stack.append(frozenset(machine._since_mark())),
    'DICT': _Machine._make_dict,
    'SETITEM': _Machine._set_item,
    'SETITEMS': _Machine._set_items,
    'APPEND': _Machine._append,
    'APPENDS': _Machine._append_all,
    'ADDITEMS': _Machine._add_all,
    'PUT': lambda machine, place: machine.memo.__setitem__(place, machine.stack[-1]),
    'BINPUT': lambda machine, place: machine.memo.__setitem__(place, machine.stack[-1]),
    'LONG_BINPUT': lambda machine, place: machine.memo.__setitem__(place, machine.stack[-1]),
    'MEMOIZE': lambda machine, _: machine.memo.__setitem__(len(machine.memo), machine.stack[-1]),
    'GET': lambda machine, place: machine.stack.append(machine.memo[place]),
    'BINGET': lambda machine, place: machine.stack.append(machine.memo[place]),
    'LONG_BINGET': lambda machine, place: machine.stack.append(machine.memo[place]),
    'GLOBAL': _Machine._name,
    'STACK_GLOBAL': _Machine._name_from_stack,
    'REDUCE': _Machine._call,
    'BUILD': _Machine._build,
}
