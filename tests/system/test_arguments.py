"""Command lines of the commands that take no config file."""

import pytest

from wgan_gp.system import arguments


def parser():
    made = arguments.make_parser("wgan_gp.mine", None)
    made.add_argument("--only", nargs="+", choices="abc", default=["a", "b"])
    made.add_argument("--numbers", nargs="*", type=int, default=[1])
    made.add_argument("--out", type=arguments.path)
    made.add_argument("--fast", action="store_true")
    return made


def test_a_list_in_several_parts_has_all_of_them():
    """Its default is replaced by the first, and other flags' last value holds."""
    command = ["--only", "a", "--numbers", "7", "8", "--out", "x", "--only", "b", "c"]
    found = arguments.parse(parser(), [*command, "--numbers", "9", "--out", "y"])
    assert found.only == ["a", "b", "c"]
    assert found.numbers == [7, 8, 9]
    assert str(found.out) == "y"
    assert not found.fast
    again = arguments.parse(parser(), ["--fast"])
    assert (again.only, again.numbers, again.out) == (["a", "b"], [1], None)
    assert arguments.parse(parser(), ["--numbers"]).numbers == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["--onl", "a"], "there is no flag --onl: did you mean --only?"),
        (["--fas"], "there is no flag --fas: did you mean --fast?"),
        (["--out="], "--out: the path is empty"),
        (["--only", "d"], "--only must be one of a, b, c; got 'd'"),
    ],
)
def test_flags_are_written_in_full(command, words):
    with pytest.raises(ValueError, match="^" + words.replace("?", r"\?")):
        arguments.parse(parser(), command)
