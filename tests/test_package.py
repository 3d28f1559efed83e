"""What importing the package does, and what is found in it."""

import subprocess
import sys

import pytest

import wgan_gp
from tests.helpers import ROOT


def run_python(program, cwd):
    subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        timeout=60,
    )
    assert not list(cwd.iterdir())


def test_every_public_name_is_there():
    for module in (wgan_gp, wgan_gp.losses, wgan_gp.data, wgan_gp.evaluate):
        assert all(hasattr(module, name) for name in module.__all__)
    assert {*wgan_gp.__all__, *wgan_gp.losses.__all__} <= set(dir(wgan_gp))
    with pytest.raises(AttributeError, match="'wgan_gp' has no attribute 'trian'"):
        wgan_gp.trian  # noqa: B018


IMPORT_ONLY = """
import wgan_gp, jax._src.xla_bridge as bridge
for name in wgan_gp.__all__: getattr(wgan_gp, name)
from absl import flags
assert not bridge.backends_are_initialized(), "a device was touched"
assert "config" not in flags.FLAGS, "a flag was defined"
"""


def test_importing_the_package_touches_no_device_and_no_flag(tmp_path):
    run_python(IMPORT_ONLY, tmp_path)


LOSSES_ALONE = """
import sys
from wgan_gp import losses
losses.critic_loss
heavy = {"flax", "ml_collections", "orbax", "tensorflow", "matplotlib", "ott", "grain"}
found = heavy & {name.partition(".")[0] for name in sys.modules}
assert not found, found
"""


def test_the_losses_need_no_other_library(tmp_path):
    run_python(LOSSES_ALONE, tmp_path)


LAZY = """
import wgan_gp
wgan_gp.train.train_step, wgan_gp.networks.from_flax
assert wgan_gp.critic_loss is wgan_gp.losses.critic_loss
"""


def test_parts_are_imported_when_they_are_used(tmp_path):
    run_python(LAZY, tmp_path)


def test_the_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {wgan_gp.__version__}\n" in citation


def test_a_type_checker_finds_the_package_typed():
    assert (ROOT / "wgan_gp" / "py.typed").is_file()
