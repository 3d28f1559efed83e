"""What docs/stability.md and docs/trust.md say of the project is so."""

import re
import tomllib

from tests.helpers import ROOT, code_blocks
from wgan_gp import __version__

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]


def words(name):
    return " ".join((ROOT / "docs" / name).read_text(encoding="utf-8").split())


def test_versions_are_those_of_the_project():
    text = words("stability.md")
    assert f"The version is {__version__} " in text
    python = PROJECT["requires-python"].removeprefix(">=")
    assert f"| Python | {python} and newer |" in text
    (jax,) = [each for each in PROJECT["dependencies"] if each.startswith("jax>")]
    least, below = re.findall(r"[\d.]+", jax)
    assert f"| JAX | at least {least}, below {below} |" in text
    assert any("Beta" in each for each in PROJECT["classifiers"])
    assert "counts as beta" in text


def test_no_release_is_claimed_while_there_is_none():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = set(re.findall(r"(?m)^## \[(.*?)\]", changelog)) - {"Unreleased"}
    assert ("No release has been made yet" in words("stability.md")) == (not released)


def test_the_package_names_a_tracker_only_if_the_page_does_not_deny_it():
    denied = "its tracker is the place; the package names none yet" in words("trust.md")
    assert denied == ("urls" not in PROJECT)


def test_what_the_pages_point_to_is_there():
    for page in ("stability.md", "trust.md"):
        paths = re.findall(r"`(tests/[\w./]+)`", words(page))
        assert paths, page
        for path in paths:
            assert (ROOT / path).exists(), path


def test_the_penalties_of_a_critic_of_slope_3_are_4(capsys):
    (program,) = code_blocks("trust.md")
    exec(program, {})
    two_sided, one_sided, estimate = capsys.readouterr().out.splitlines()
    assert two_sided == one_sided == "[4. 4. 4. 4.]"
    assert estimate == "3.0"
