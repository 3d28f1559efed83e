"""Every constraint over its strength, on the three toys, 8 seeds a point.

    make sweep_constraints

All constraints get the same budget of tuning: `:rates` tries the critic's learning
rates of one grid on eight Gaussians, with seeds of its own, and `BEST_RATES` has each
constraint's best. `:papers` trains with each paper's own optimiser, strength and
n_critic instead, for as many generator updates. `:smoke` takes seconds.
"""

from wgan_gp import configs
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.studies import sweep

RATES = (4e-5, 2e-4, 1e-3, 5e-3, 2.5e-2)
# By `:rates`: the least median of exact W1, at the preset strength.
BEST_RATES = dict.fromkeys(CONSTRAINTS, 1e-3) | {
    "clip": 4e-5,
    "two_sided": 5e-3,
    "adversarial": 2.5e-2,
    "zero_centred": 5e-3,
    "dragan": 5e-3,
    "spectral": 5e-3,
    "orthogonal": 2e-4,
    "sll": 2.5e-2,
    "cones": 2.5e-2,
    "unconstrained": 2e-4,
}
SETS = "data.name=8gaussians,25gaussians,swissroll"
# The objectives that constraints were proposed for, where it is another.
OBJECTIVES = {
    "zero_centred": "relativistic",
    "dragan": "nonsaturating",
    "unconstrained": "nonsaturating,least_squares,hinge",
}
_PLAYER = {"name": "adam", "beta1": 0.0, "beta2": 0.9, "schedule": "linear"}
TUNED = {
    "n_critic": 2,
    "critic_optimiser": _PLAYER,
    "generator_optimiser": _PLAYER | {"learning_rate": 2e-3},
}
DEFAULT = {
    "steps": 2000,
    "critic": {"hidden": (64, 64, 64)},
    "generator": {"hidden": (64, 64, 64)},
    "ema_decay": 0.99,
    "eval_samples": 500,
    "eval_repeats": 16,
}


def _study(name: str, *terms: str) -> str:
    """A constraint's study at its preset strength."""
    return " ".join((f"lipschitz={name}", *terms))


def _studies(name: str, *terms: str) -> list[str]:
    """A constraint's study over its strengths, and one over other objectives."""
    choice = CONSTRAINTS[name]
    studies = []
    if name != "unconstrained":
        values = ",".join(map(str, choice.strengths))
        strengths = [f"{choice.strength}={values}"] if choice.strength else []
        studies.append(_study(name, *strengths, *terms))
    if name in OBJECTIVES:
        studies.append(_study(name, f"objective={OBJECTIVES[name]}", *terms))
    return studies


def _rate(*rates: float) -> str:
    return f"critic_optimiser.learning_rate={','.join(map(str, rates))}"


def get_config(arg: str = ""):
    """The sweep, or its variant `arg`."""
    name = "sweep_constraints" + (f"-{arg}" if arg else "")
    tuned = {} if arg == "papers" else TUNED
    experiment = configs.experiment(
        "sweep_constraints",
        arg,
        default=DEFAULT | tuned,
        rates={"seed": 100},
        papers={},
        smoke=configs.SMOKE,
    )
    every = {
        each: _studies(each, _rate(BEST_RATES[each]), SETS) for each in CONSTRAINTS
    }
    grids = {
        "": [study for studies in every.values() for study in studies],
        "rates": [_study(each, _rate(*RATES)) for each in CONSTRAINTS],
        "papers": [_study(each, SETS) for each in CONSTRAINTS],
        "smoke": [_study("two_sided", _rate(1e-3)), _study("cones", _rate(1e-3))],
    }
    few = {"rates": {"seeds": 4}, "smoke": {"seeds": 2, "save_every": 10}}
    return sweep.configuration(name, experiment, tuple(grids[arg]), **few.get(arg, {}))
