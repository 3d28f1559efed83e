"""The constraints that a configuration can choose, as values."""

import dataclasses

import pytest

from tests.helpers import ROOT, resolve
from wgan_gp import configs
from wgan_gp.configs.schema import constraint_paths
from wgan_gp.constraints import CONSTRAINTS, Constraint
from wgan_gp.system.fields import setting

NAMES = tuple(CONSTRAINTS)
CONSTRAINT_FIELDS = set(constraint_paths())


@pytest.mark.parametrize("name", NAMES)
def test_a_choice_agrees_with_itself(name):
    choice, config = CONSTRAINTS[name], resolve(lipschitz=name)
    used = choice.used(configs.constraint_section(config))
    own = {path for path, _ in configs.flatten(choice.presets)} & CONSTRAINT_FIELDS
    assert own <= used
    made = choice.make(configs.constraint_section(config))
    assert isinstance(made, Constraint)
    parts = [part for part in made if part is not None]
    assert len(parts) == (name != "unconstrained")
    assert (made.penalty is not None) == ("penalty.weight" in used)
    assert all((choice.sentence, choice.source))
    # lambda or c; a critic that is 1-Lipschitz by construction has none.
    assert bool(choice.strength) == bool(made.penalty or made.project)
    assert bool(choice.strength) == bool(choice.symbol) == bool(choice.strengths)
    if choice.strength:
        assert choice.strength in own & used
        assert configs.get(config, choice.strength) in choice.strengths


def test_a_critic_without_a_constraint_needs_a_bounded_objective():
    assert resolve(lipschitz="unconstrained").objective == "nonsaturating"
    with pytest.raises(ValueError, match="'wasserstein' has no optimum without"):
        resolve(lipschitz="unconstrained", objective="wasserstein")
    alone = configs.base("critic")
    alone.lipschitz = "unconstrained"
    with pytest.raises(ValueError, match="a critic alone needs a Lipschitz constraint"):
        configs.resolve(alone)


def test_figures_tell_constraints_apart():
    assert len({choice.colour for choice in CONSTRAINTS.values()}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_fields_of_other_constraints_are_refused(name):
    config = resolve(lipschitz=name)
    used = CONSTRAINTS[name].used(configs.constraint_section(config))
    others = {CONSTRAINTS[each].strength for each in NAMES} - used - {None}
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
