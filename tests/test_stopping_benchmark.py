"""The regret of rules that choose a checkpoint or a strength, on numbers by hand."""

import pytest

from benchmarks.stopping import RULES, Run, choices, regrets


def evaluation(unseen, *, bound, estimate, stop=0.0, w1=1.0):
    return {
        "unseen": unseen,
        "oracle": unseen,
        "lower_bound": bound,
        "wasserstein": estimate,
        "stop": stop,
        "w1": w1,
    }


RUN = [
    evaluation(0.5, bound=0.3, estimate=0.1),
    evaluation(0.2, bound=0.0, estimate=0.4, stop=1.0),
    evaluation(0.3, bound=0.1, estimate=0.5, stop=1.0),
]


def test_each_rule_keeps_its_checkpoint():
    kept = {name: rule(RUN) for name, rule in RULES.items()}
    assert kept == {"last": 2, "advice": 1, "bound": 1, "estimate": 0}
    never = [each | {"stop": 0.0} for each in RUN]
    assert RULES["advice"](never) == 2


def test_regrets_are_beside_the_best_checkpoint_of_another_set():
    (row,) = regrets([Run("one_sided", 10, RUN)] * 2)
    assert row["best checkpoint"] == (0.2, 0)
    assert row["last"] == (pytest.approx(0.1), 0)
    assert row["advice"] == row["bound"] == (0, 0)
    assert row["estimate"] == (pytest.approx(0.3), 0)
    assert row["at random"] == (pytest.approx(1 / 3 - 0.2), 0)
    assert row["steps saved by advice"] == (pytest.approx(1 / 3), 0)


def test_a_lambda_is_chosen_among_last_checkpoints_of_each_seed():
    runs = [
        Run("one_sided", strength, [evaluation(unseen, bound=bound, estimate=1.0)])
        for strength, unseen, bound in ((1, 0.3, 0.0), (10, 0.1, 0.2))
        for _ in range(2)
    ]
    (row,) = choices(runs)
    assert row["best lambda"] == (0.1, 0)
    assert row["by the bound"] == (pytest.approx(0.2), 0)
    assert row["the preset"] == (0, 0)
    assert row["at random"] == (pytest.approx(0.1), 0)
