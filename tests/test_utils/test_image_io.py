"""The image reader against every kind of file that a user may hand over."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from difftracker.errors import ImageReadError
from difftracker.utils.image_io import as_rgb, read_image, read_rgba, write_image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Random uint8 picture `(height, width, channels)`; noise does not compress, so truncation always hits pixels."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes, extra: tuple = ()) -> bytes:
    """Builds a PNG by hand, independent of the library under test; `rows` holds each row with its filter byte."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))

    header = struct.pack('>IIBBBBB', width, height, depth, colour_type, 0, 0, 0)
    parts = [b'\x89PNG\r\n\x1a\n', chunk(b'IHDR', header), *(chunk(*item) for item in extra)]
    return b''.join([*parts, chunk(b'IDAT', zlib.compress(rows)), chunk(b'IEND', b'')])


def encoded(image: Image.Image, **options) -> bytes:
    """The bytes of a PIL image saved with `options`."""
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


@pytest.fixture
def read(tmp_path: Path):
    """Writes bytes under a name and reads them back as a picture."""

    def run(data: bytes, name: str = 'picture.png', **options) -> np.ndarray:
        path = tmp_path / name
        path.write_bytes(data)
        return read_image(path, **options)

    return run


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ImageReadError, match='none.png: expected an image file, found nothing of that name'):
        read_image(tmp_path / 'none.png')
    with pytest.raises(ImageReadError, match='found a folder'):
        read_image(tmp_path)


def test_empty_file(read) -> None:
    with pytest.raises(ImageReadError, match='picture.png: expected an image, found an empty file'):
        read(b'')


@pytest.mark.parametrize('data', [b'just some text, renamed', b'%PDF-1.4\n%%EOF', b'\x00' * 4096, b'\x89PNG\r\n\x1a\n'])
def test_other_content_under_an_image_name(read, data: bytes) -> None:
    with pytest.raises(ImageReadError, match=r'picture\.png: expected'):
        read(data)


@pytest.mark.parametrize(
    ('kind', 'options'), [('PNG', {}), ('JPEG', {}), ('WEBP', {'lossless': True}), ('BMP', {}), ('TIFF', {})]
)
@pytest.mark.parametrize('share', [0.01, 0.1, 0.3, 0.5, 0.8, 0.95])
def test_truncated_file(read, kind: str, options: dict, share: float) -> None:
    data = encoded(Image.fromarray(noise(40, 60)), format=kind, **options)
    with pytest.raises(ImageReadError, match=r'picture\.png: expected'):
        read(data[: int(len(data) * share)])


@pytest.mark.parametrize('kind', ['PNG', 'JPEG', 'WEBP', 'BMP', 'TIFF'])
def test_damaged_bytes_give_a_picture_or_the_error(read, kind: str) -> None:
    data = encoded(Image.fromarray(noise(24, 24)), format=kind)
    rng = np.random.default_rng(1)
    for _ in range(60):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), 3):
            damaged[place] ^= int(rng.integers(1, 256))
        try:
            image = read(bytes(damaged), max_pixels=1_000_000)
        except ImageReadError:
            continue
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3


def test_wrong_suffix_reads_by_content(read) -> None:
    picture = noise(5, 7)
    np.testing.assert_array_equal(read(encoded(Image.fromarray(picture), format='BMP'), 'picture.jpg'), picture)


@pytest.mark.parametrize(
    ('kind', 'options'), [('PNG', {}), ('WEBP', {'lossless': True}), ('BMP', {}), ('TIFF', {'compression': 'tiff_lzw'})]
)
def test_lossless_formats_come_back_exactly(read, kind: str, options: dict) -> None:
    picture = noise(11, 13)
    np.testing.assert_array_equal(read(encoded(Image.fromarray(picture), format=kind, **options)), picture)


def test_grey(read) -> None:
    image = read(png(2, 1, 8, 0, b'\x00\x07\xf0'))
    assert image.tolist() == [[[7, 7, 7], [240, 240, 240]]]


def test_one_bit(read) -> None:
    assert read(png(2, 1, 1, 0, b'\x00\x40')).tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_grey_with_alpha_lies_on_white(read) -> None:
    image = read(png(3, 1, 8, 4, bytes([0, 10, 255, 10, 0, 0, 128])))
    assert image[0, 0].tolist() == [10, 10, 10]
    assert image[0, 1].tolist() == [255, 255, 255]
    assert image[0, 2].tolist() == [127, 127, 127]


def test_rgba_lies_on_white(read) -> None:
    image = read(png(3, 1, 8, 6, bytes([0, 255, 0, 0, 255, 1, 2, 3, 0, 0, 0, 255, 51])))
    assert image.tolist() == [[[255, 0, 0], [255, 255, 255], [204, 204, 255]]]


def test_16_bit_grey_keeps_the_high_byte(read) -> None:
    rows = b'\x00' + struct.pack('>4H', 0, 0x1234, 0x80FF, 0xFFFF)
    assert read(png(4, 1, 16, 0, rows))[0, :, 0].tolist() == [0, 0x12, 0x80, 0xFF]


def test_12_bit_grey_in_16_bits_keeps_its_upper_byte(read) -> None:
    rows = b'\x00' + struct.pack('>4H', 0, 0x0012, 0x0123, 0x0FFF)
    assert read(png(4, 1, 16, 0, rows))[0, :, 0].tolist() == [0, 0x01, 0x12, 0xFF]
    array = np.array([[0x0FFF, 0x1000]], dtype=np.uint16)
    assert as_rgb(array[:, :1], 'image').tolist() == [[[255] * 3]]
    assert as_rgb(array, 'image').tolist() == [[[15] * 3, [16] * 3]]


def test_16_bit_grey_with_a_transparent_value(read) -> None:
    rows = b'\x00' + struct.pack('>2H', 0x1234, 0x1235)
    assert read(png(2, 1, 16, 0, rows, ((b'tRNS', b'\x12\x34'),)))[0, :, 0].tolist() == [255, 0x12]


def test_16_bit_rgb_keeps_the_high_byte(read) -> None:
    rows = b'\x00' + struct.pack('>3H', 0x0102, 0x80FF, 0xFFFE)
    assert read(png(1, 1, 16, 2, rows)).tolist() == [[[0x01, 0x80, 0xFF]]]


def test_16_bit_tiff(read) -> None:
    grey = np.array([[0, 0x1234], [0x80FF, 0xFFFF]], dtype=np.uint16)
    assert read(encoded(Image.fromarray(grey), format='TIFF'))[:, :, 1].tolist() == [[0, 0x12], [0x80, 0xFF]]


def test_float_tiff_is_refused(read) -> None:
    with pytest.raises(ImageReadError, match='8 or 16 bits, found 32'):
        read(encoded(Image.fromarray(np.zeros((2, 2), dtype=np.float32)), format='TIFF'))


def test_palette_with_transparency(read) -> None:
    extra = ((b'PLTE', bytes([*RED, *BLUE])), (b'tRNS', bytes([255, 0])))
    assert read(png(2, 1, 8, 3, b'\x00\x00\x01', extra)).tolist() == [[list(RED), list(WHITE)]]


def test_rgb_with_a_transparent_colour(read) -> None:
    extra = ((b'tRNS', struct.pack('>3H', *BLUE)),)
    assert read(png(2, 1, 8, 2, bytes([0, *RED, *BLUE]), extra)).tolist() == [[list(RED), list(WHITE)]]


def test_cmyk_jpeg(read) -> None:
    # C = 0, M = 255, Y = 255, K = 0 is red ink on paper.
    ink = np.zeros((16, 16, 4), dtype=np.uint8)
    ink[:, :, 1:3] = 255
    image = read(encoded(Image.fromarray(ink, 'CMYK'), format='JPEG', quality=95))
    assert image.shape == (16, 16, 3)
    np.testing.assert_allclose(image.reshape(-1, 3).mean(axis=0), RED, atol=6)


# A picture of two rows and three columns, upright: row 0 is 0 1 2, row 1 is 3 4 5. For each EXIF code the array that
# the file must hold, worked out by hand from the definition of the code: where the file's row 0 and column 0 belong in
# the upright picture (1 top left, 2 top right, 3 bottom right, 4 bottom left, 5 left top, 6 right top, 7 right bottom,
# 8 left bottom).
STORED = {
    1: [[0, 1, 2], [3, 4, 5]],
    2: [[2, 1, 0], [5, 4, 3]],
    3: [[5, 4, 3], [2, 1, 0]],
    4: [[3, 4, 5], [0, 1, 2]],
    5: [[0, 3], [1, 4], [2, 5]],
    6: [[2, 5], [1, 4], [0, 3]],
    7: [[5, 2], [4, 1], [3, 0]],
    8: [[3, 0], [4, 1], [5, 2]],
}


@pytest.mark.parametrize('kind', ['PNG', 'WEBP', 'TIFF', 'JPEG'])
@pytest.mark.parametrize('code', STORED)
def test_exif_orientation(read, code: int, kind: str) -> None:
    # Blocks of 16 pixels, so that JPEG keeps each one's grey.
    stored = np.kron(np.array(STORED[code], dtype=np.uint8) * 40, np.ones((16, 16), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = code
    options = {'lossless': True} if kind == 'WEBP' else {'quality': 100} if kind == 'JPEG' else {}
    data = encoded(Image.fromarray(stored).convert('RGB'), format=kind, exif=exif, **options)
    image = read(data)
    assert image.shape == (32, 48, 3)
    upright = np.round(image[8::16, 8::16, 0] / 40).astype(int)
    assert upright.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_exif_orientation_of_16_bit_grey(read) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = (np.array(STORED[6], dtype=np.uint16) + 16) << 8
    found = read(encoded(Image.fromarray(stored), format='PNG', exif=exif))[:, :, 0]
    assert (found - 16).tolist() == STORED[1]


def test_an_orientation_that_does_not_exist_means_upright(read) -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    picture = noise(3, 5)
    np.testing.assert_array_equal(read(encoded(Image.fromarray(picture), format='PNG', exif=exif)), picture)


@pytest.mark.parametrize(
    ('data', 'wanted'),
    [
        (png(2, 1, 8, 6, bytes([0, 1, 2, 3, 0, 4, 5, 6, 128])), [[1, 2, 3, 0], [4, 5, 6, 128]]),
        (png(2, 1, 8, 4, bytes([0, 7, 0, 9, 128])), [[7, 7, 7, 0], [9, 9, 9, 128]]),
        (png(1, 1, 8, 2, bytes([0, 1, 2, 3])), [[1, 2, 3, 255]]),
        (
            png(2, 1, 8, 3, b'\x00\x00\x01', ((b'PLTE', bytes([*RED, *BLUE])), (b'tRNS', bytes([255, 51])))),
            [[*RED, 255], [*BLUE, 51]],
        ),
        (
            png(2, 1, 8, 2, bytes([0, *RED, *BLUE]), ((b'tRNS', struct.pack('>3H', *BLUE)),)),
            [[*RED, 255], [*BLUE, 0]],
        ),
        (
            png(2, 1, 16, 0, b'\x00' + struct.pack('>2H', 0x1234, 0x80FF), ((b'tRNS', b'\x80\xff'),)),
            [[0x12] * 3 + [255], [0x80] * 3 + [0]],
        ),
    ],
    ids=['RGBA', 'grey with alpha', 'opaque', 'palette', 'transparent colour', '16-bit grey'],
)
def test_transparency_is_kept(tmp_path: Path, data: bytes, wanted: list) -> None:
    (tmp_path / 'a.png').write_bytes(data)
    rgba = read_rgba(tmp_path / 'a.png')
    assert rgba.dtype == np.uint8
    assert rgba[0].tolist() == wanted


def test_a_picture_with_transparency_is_turned_and_checked_as_any_other(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = np.dstack([np.array(STORED[6], dtype=np.uint8)] * 4)
    (tmp_path / 'turned.png').write_bytes(encoded(Image.fromarray(stored), format='PNG', exif=exif))
    assert read_rgba(tmp_path / 'turned.png')[:, :, 3].tolist() == STORED[1]
    (tmp_path / 'bomb.png').write_bytes(png(20_000, 20_000, 8, 6, b'\x00'))
    with pytest.raises(ImageReadError, match=r'bomb\.png: expected at most 100000000 pixels, found'):
        read_rgba(tmp_path / 'bomb.png')
    with pytest.raises(ImageReadError, match=r'turned\.png: expected at most 5 pixels, found 2 x 3'):
        read_rgba(tmp_path / 'turned.png', max_pixels=5)


def test_one_pixel(read) -> None:
    assert read(png(1, 1, 8, 2, bytes([0, 1, 2, 3]))).tolist() == [[[1, 2, 3]]]


@pytest.mark.parametrize(('width', 'height'), [(12_000, 9_000), (20_000, 20_000), (2_000_000_000, 2_000_000_000)])
def test_a_bomb_is_refused_from_its_header(read, monkeypatch: pytest.MonkeyPatch, width: int, height: int) -> None:
    def decode(*_args) -> None:
        raise AssertionError('decoded')

    monkeypatch.setattr(Image.Image, 'load', decode)
    with warnings.catch_warnings(), pytest.raises(ImageReadError, match='expected at most 100000000 pixels, found'):
        warnings.simplefilter('error')
        read(png(width, height, 8, 2, b'\x00'))


def test_the_limit_is_inclusive_and_settable(read) -> None:
    data = encoded(Image.fromarray(noise(4, 5)), format='PNG')
    assert read(data, max_pixels=20).shape == (4, 5, 3)
    with pytest.raises(ImageReadError, match='at most 19 pixels, found 5 x 4'):
        read(data, max_pixels=19)


def test_animations_and_pages_are_refused(read) -> None:
    frames = [Image.fromarray(noise(8, 8, seed=seed)) for seed in range(3)]
    for kind in ('WEBP', 'TIFF', 'PNG'):
        data = encoded(frames[0], format=kind, save_all=True, append_images=frames[1:])
        with pytest.raises(ImageReadError, match='expected a still picture, found 3 frames'):
            read(data)
    with pytest.raises(ImageReadError, match='expected one of PNG, JPEG, WEBP, BMP, TIFF, found other content'):
        read(encoded(frames[0], format='GIF', save_all=True, append_images=frames[1:]), 'picture.gif')


@pytest.mark.parametrize('suffix', ['.png', '.webp', '.jpg', '.JPEG'])
def test_write_and_read_back(tmp_path: Path, suffix: str) -> None:
    picture = np.full((24, 16, 3), (200, 60, 20), dtype=np.uint8)
    path = write_image(tmp_path / f'picture{suffix}', picture)
    np.testing.assert_allclose(read_image(path).astype(int), picture, atol=0 if suffix == '.png' else 4)


def test_write_refuses_what_it_cannot_say(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='expected a suffix'):
        write_image(tmp_path / 'picture.gif', noise(2, 2))
    with pytest.raises(ValueError, match=r'expected a \(H, W, 3\) uint8 array, found \(2, 2, 4\)'):
        write_image(tmp_path / 'picture.png', noise(2, 2, 4))
    assert list(tmp_path.iterdir()) == []


def test_as_rgb_takes_paths_arrays_and_pil_images(tmp_path: Path) -> None:
    picture = noise(3, 4)
    path = write_image(tmp_path / 'a.png', picture)
    for image in (path, str(path), picture, Image.fromarray(picture), picture.astype(np.uint16) << 8):
        np.testing.assert_array_equal(as_rgb(image, 'before'), picture)
    assert as_rgb(picture[:, :, 0], 'before').shape == (3, 4, 3)
    assert as_rgb(picture[:, :, :1], 'before').shape == (3, 4, 3)
    clear = np.dstack([picture, np.zeros((3, 4), dtype=np.uint8)])
    assert (as_rgb(clear, 'before') == 255).all()


def test_as_rgb_applies_exif_of_a_pil_image() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.fromarray(np.array(STORED[6], dtype=np.uint8)), format='PNG', exif=exif)
    assert as_rgb(Image.open(io.BytesIO(data)), 'before')[:, :, 0].tolist() == STORED[1]


@pytest.mark.parametrize(
    ('image', 'reason'),
    [
        (np.zeros((2, 2, 3)), 'uint8 or uint16, found float64'),
        (np.zeros((2, 2, 2), dtype=np.uint8), r'found \(2, 2, 2\)'),
        (np.zeros((0, 2, 3), dtype=np.uint8), r'found \(0, 2, 3\)'),
        (np.zeros((1, 2, 2, 3), dtype=np.uint8), r'found \(1, 2, 2, 3\)'),
        (Image.new('RGB', (0, 2)), 'at least one pixel, found 0 x 2'),
        (None, 'found NoneType'),
        ([[0]], 'found list'),
    ],
)
def test_as_rgb_names_the_argument(image: object, reason: str) -> None:
    with pytest.raises(ImageReadError, match=f'^after: .*{reason}'):
        as_rgb(image, 'after')
