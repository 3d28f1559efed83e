"""The constraints that a configuration can choose, as values."""

import dataclasses

import pytest

from tests.helpers import ROOT, resolve
from wgan_gp import configs
from wgan_gp.constraints import CONSTRAINTS, Constraint
from wgan_gp.system.fields import setting

NAMES = tuple(CONSTRAINTS)


@pytest.mark.parametrize("name", NAMES)
def test_a_choice_agrees_with_itself(name):
    choice, config = CONSTRAINTS[name], resolve(lipschitz=name)
    used = choice.used(configs.constraint_section(config))
    if choice.strength is None:
        assert choice.strengths == ()
    else:
        assert choice.strength in used
        assert configs.get(config, choice.strength) in choice.strengths
    own = {
        path for path, _ in configs.flatten(choice.presets) if "optimiser" not in path
    }
    assert own <= used
    assert choice.strength in {*own, None}
    made = choice.make(configs.constraint_section(config))
    assert isinstance(made, Constraint)
    assert [made.penalty, made.project, made.wrap].count(None) == 2
    assert (made.wrap is not None) == (choice.section == "construction")
    assert (made.penalty is not None) == ("penalty.weight" in used)
    assert bool(choice.symbol) == (choice.strength is not None)
    assert all((choice.sentence, choice.source))


def test_figures_tell_constraints_apart():
    assert len({choice.colour for choice in CONSTRAINTS.values()}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_fields_of_other_constraints_are_refused(name):
    config = resolve(lipschitz=name)
    used = CONSTRAINTS[name].used(configs.constraint_section(config))
    others = {CONSTRAINTS[each].strength for each in NAMES} - {None, *used}
    for path in others:
        with pytest.raises(ValueError, match=f"{path} = 0.5 has no effect"):
            resolve(lipschitz=name, **{path: 0.5})


def test_each_has_a_file_of_its_own():
    files = {path.stem for path in (ROOT / "wgan_gp" / "constraints").glob("*.py")}
    assert set(NAMES) <= files


@pytest.mark.parametrize("name", NAMES)
def test_no_other_file_names_a_constraint(name):
    package = ROOT / "wgan_gp"
    shapes = {package / "losses" / "shapes.py", package / "losses" / "__init__.py"}
    for path in {*package.rglob("*.py")} - shapes:
        if path.parent != package / "constraints":
            assert f'"{name}"' not in path.read_text(), path


def test_two_constraints_do_not_mean_different_things_by_one_field(monkeypatch):
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Other:
        weight: str | None = setting(None, "A weight in words.")

    other = CONSTRAINTS["two_sided"]._replace(settings=Other)
    monkeypatch.setitem(CONSTRAINTS, "other", other)
    with pytest.raises(ValueError, match=r"other declares penalty\.weight as str"):
        configs.base()
