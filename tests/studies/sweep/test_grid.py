import pytest

from wgan_gp.studies.sweep import grid

KNOWN = ("lipschitz", "penalty.weight", "penalty.box", "critic.hidden", "name")


def test_a_study_is_the_product_of_its_values():
    study = grid.parse("lipschitz=clip,two_sided  penalty.weight=0.1,1e2", KNOWN)
    assert study.text == "lipschitz=clip,two_sided penalty.weight=0.1,1e2"
    assert study.size == 4
    assert list(study.points()) == [
        {"lipschitz": name, "penalty.weight": weight}
        for name in ("clip", "two_sided")
        for weight in (0.1, 100.0)
    ]


def test_values_are_literals_or_bare_words():
    study = grid.parse("critic.hidden=(8, 8),[4] lipschitz='a, b',csv:~/x-1.csv", KNOWN)
    assert study.fields == {
        "critic.hidden": ((8, 8), [4]),
        "lipschitz": ("a, b", "csv:~/x-1.csv"),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (7, "must hold text"),
        ("", "needs a field"),
        ("clip", "field=value"),
        ("penalty.weight=", "penalty.weight has no value"),
        ("penalty.wieght=1", "did you mean penalty.weight?"),
        ("penalty.weight=1 penalty.weight=2", "penalty.weight is given twice"),
        ("critic.hidden=(8,8", "left open"),
        ("lipschitz=a;b", "lipschitz has a value that cannot be read"),
        ("lipschitz=a;b", "_-./:~ in quotes"),
        ("seed=1", "set seeds"),
        ("name=x", "name has no effect"),
        ("checkpoint.every=1", "checkpoint.every has no effect"),
        ("mesh.data=1,2", "mesh.data has no effect"),
    ],
)
def test_what_cannot_be_a_study_is_refused(text, words):
    with pytest.raises(ValueError, match="grid") as caught:
        grid.parse(text, KNOWN)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
