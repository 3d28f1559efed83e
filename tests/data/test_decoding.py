"""Pictures are read as a viewer shows them."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from wgan_gp.data.decoding import decode, read_header

PIXELS = np.random.RandomState(2).randint(0, 256, (3, 5, 3), np.uint8)
RGB = Image.fromarray(PIXELS)
GREY = RGB.convert("L")
ORIENTATION = 0x0112
WHITE, CLEAR = 255, 0
# Of each orientation, what turns an upright array into the one that is stored.
STORED = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x),
    7: lambda x: np.rot90(x, 2).swapaxes(0, 1),
    8: lambda x: np.rot90(x, -1),
}


def with_alpha(picture, alpha):
    """The picture, with a transparency of its own in the first row."""
    whole = np.full((3, 5), 255, np.uint8)
    whole[0] = alpha
    picture = picture.copy()
    picture.putalpha(Image.fromarray(whole))
    return picture


def saved(path, picture, **options):
    picture.save(path, **options)
    return path


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_show_white(tmp_path, mode):
    original = RGB if mode == "RGBA" else GREY
    channels = len(original.getbands())
    pixels = np.asarray(original).reshape(3, 5, channels)
    for alpha in (CLEAR, 51, 255):
        path = saved(tmp_path / "a.png", with_alpha(original, alpha))
        expected = pixels.copy()
        first = pixels[0].astype(float)
        expected[0] = np.rint((alpha * first + (255 - alpha) * WHITE) / 255)
        assert read_header(path) == (channels, (3, 5))
        np.testing.assert_allclose(decode(path, channels), expected, atol=1)
        np.testing.assert_array_equal(decode(path, channels)[1:], pixels[1:])


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_colour_that_stands_for_transparency_shows_white(tmp_path, mode):
    picture = RGB.convert(mode)
    corner = picture.getpixel((0, 0))
    if mode == "1":
        corner = 0
    path = saved(tmp_path / "a.png", picture, transparency=corner)
    flat = np.asarray(picture.convert("RGB"))
    hidden = np.equal(flat, flat[0, 0] if mode != "1" else 0).all(-1, keepdims=True)
    assert hidden.any()
    np.testing.assert_array_equal(decode(path, 3), np.where(hidden, WHITE, flat))


@pytest.mark.parametrize(
    ("transparency", "suffix"), [(bytes([0, 51]), "png"), (3, "png"), (3, "gif")]
)
def test_palettes_become_colours_over_white(tmp_path, transparency, suffix):
    picture = RGB.quantize(16)
    path = saved(tmp_path / f"a.{suffix}", picture, transparency=transparency)
    flat, index = np.asarray(picture.convert("RGB")), np.asarray(picture)[..., None]
    alpha = np.full(256, 1.0)
    if transparency == 3:
        alpha[3] = 0
    else:
        alpha[:2] = 0, 51 / 255
    share = alpha[index]
    np.testing.assert_allclose(
        decode(path, 3), share * flat + (1 - share) * WHITE, atol=1
    )
    assert decode(path, 1).shape == (3, 5, 1)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", ["png", "webp", "tif", "jpg"])
def test_pictures_are_turned_upright(tmp_path, orientation, suffix):
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](PIXELS)))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    lossless = {"webp": {"lossless": True}, "jpg": {"quality": 100, "subsampling": 0}}
    options = lossless.get(suffix, {})
    path = saved(tmp_path / f"a.{suffix}", stored, exif=exif, **options)
    assert read_header(path) == (3, (3, 5))
    found = decode(path, 3).astype(int)
    np.testing.assert_allclose(found, PIXELS, atol=12 if suffix == "jpg" else 0)


def chunk(name, body):
    data = name + body
    return len(body).to_bytes(4, "big") + data + zlib.crc32(data).to_bytes(4, "big")


@pytest.mark.parametrize("late", [False, True])
def test_a_png_may_have_its_orientation_behind_its_pixels(tmp_path, late):
    """And decoding is not what its header is read by."""
    file, exif = io.BytesIO(), Image.Exif()
    exif[ORIENTATION] = 6
    Image.fromarray(np.ascontiguousarray(np.rot90(PIXELS))).save(file, "PNG")
    data, end = file.getvalue()[:-12], file.getvalue()[-12:]
    place = len(data) if late else 33
    body = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    path = tmp_path / "a.png"
    path.write_bytes(data[:place] + body + data[place:] + end)
    assert read_header(path) == (3, (3, 5))
    np.testing.assert_array_equal(decode(path, 3), PIXELS)


def test_metadata_that_are_broken_do_no_harm(tmp_path):
    path = saved(tmp_path / "a.png", RGB, exif=b"Exif\0\0nonsense")
    assert read_header(path) == (3, (3, 5))
    np.testing.assert_array_equal(decode(path, 3), PIXELS)


def test_a_size_is_cut_out_of_the_upright_picture(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    wide = np.zeros((4, 8, 3), np.uint8)
    wide[:, 2:6] = WHITE
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(wide)))
    path = saved(tmp_path / "a.png", stored, exif=exif)
    np.testing.assert_array_equal(decode(path, 3, (4, 4)), np.full((4, 4, 3), WHITE))


def png_of_16_bits(colour, **chunks):
    """A PNG of 2 x 2 pixels; colour is 0 for grey, 2 for RGB, 4 and 6 with alpha."""
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    head = (2).to_bytes(4, "big") * 2 + bytes([16, colour, 0, 0, 0])
    rows = b"".join(b"\0" + bytes(4 * samples) for _ in range(2))
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_pngs_of_16_bits_are_refused(tmp_path, colour):
    path = tmp_path / "a.png"
    path.write_bytes(png_of_16_bits(colour))
    for read in (read_header, lambda path: decode(path, 3)):
        with pytest.raises(ValueError, match=r"8 bits a channel .*save it with 8"):
            read(path)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.ppm", b"P6\n2 2\n65535\n" + bytes(24)),
        ("a.pgm", b"P5\n2 2\n1023\n" + bytes(8)),
        ("a.tif", None),
    ],
)
def test_other_formats_of_16_bits_are_refused(tmp_path, name, data):
    path = tmp_path / name
    if data is None:
        Image.fromarray(np.zeros((2, 2), np.uint16)).save(path)
    else:
        path.write_bytes(data)
    with pytest.raises(ValueError, match="8 bits a channel"):
        read_header(path)


def test_the_fewer_levels_of_a_ppm_are_spread_over_8_bits(tmp_path):
    (tmp_path / "a.pgm").write_bytes(b"P5\n2 1\n15\n" + bytes([0, 15]))
    assert decode(tmp_path / "a.pgm", 1).ravel().tolist() == [0, 255]


def test_prints_in_four_inks_become_colours(tmp_path):
    path = saved(tmp_path / "a.jpg", RGB.convert("CMYK"), quality=100)
    assert read_header(path) == (3, (3, 5))
    np.testing.assert_allclose(decode(path, 3).astype(int), PIXELS, atol=12)


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tif"])
def test_the_first_of_several_frames_is_taken(tmp_path, suffix):
    first, second = (Image.new("RGB", (5, 3), colour) for colour in ("red", "blue"))
    options = {"lossless": True} if suffix == "webp" else {}
    path = tmp_path / f"a.{suffix}"
    first.save(path, save_all=True, append_images=[second], **options)
    expected = np.broadcast_to(np.uint8([255, 0, 0]), (3, 5, 3))
    np.testing.assert_array_equal(decode(path, 3), expected)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_gif_is_read_whatever_it_calls_itself_and_a_tiff_is_not(tmp_path, name):
    flat = Image.new("RGB", (5, 3), "red")
    flat.save(tmp_path / name, "GIF")
    assert decode(tmp_path / name, 3)[0, 0].tolist() == [255, 0, 0]
    flat.save(tmp_path / name, "TIFF")
    with pytest.raises(Exception, match="cannot identify image"):
        decode(tmp_path / name, 3)
