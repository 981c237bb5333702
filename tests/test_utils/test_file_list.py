"""Lists of files."""

import pytest

from difftracker.errors import AnnotationError
from difftracker.utils.file_list import read_file_list


def test_tables_and_plain_lists(tmp_path):
    """Commas inside quotes, line ends of Windows and blank lines are what spreadsheets write."""
    table, plain = tmp_path / 'list.csv', tmp_path / 'list.txt'
    table.write_bytes(b'file,name\r\n"a, b.jpg",cup\r\n\r\nc.jpg,dog\r\n')
    plain.write_bytes(b'\n a.jpg\r\nb, c.jpg\n')
    assert read_file_list(table, ('file',)) == [
        {'file': 'a, b.jpg', 'name': 'cup'},
        {'file': 'c.jpg', 'name': 'dog'},
    ]
    assert read_file_list(plain, ('file',)) == [{'file': 'a.jpg'}, {'file': 'b, c.jpg'}]


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('list.csv', b'file\na.jpg\n', 'expected a list with file, split, found file'),
        ('list.csv', b'', 'expected a list with file, split, found no header'),
        ('list.csv', b'file,split\na.jpg,train\nb.jpg\n', r"expected .* in every row, found \['b.jpg'\]"),
        ('list.csv', b'file,split\n\xe9.jpg,train\n', 'expected UTF-8 text, found byte 0xe9'),
        ('list.txt', b'a.jpg\n', 'expected a list with file, split, found a plain list of files'),
    ],
)
def test_what_is_refused(tmp_path, name, content, message):
    """The file and what it lacks are named."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AnnotationError, match=rf'{name}: {message}'):
        read_file_list(tmp_path / name, ('file', 'split'))
    with pytest.raises(AnnotationError, match=r'none\.csv: expected a list with file, found .*No such file'):
        read_file_list(tmp_path / 'none.csv', ('file',))
