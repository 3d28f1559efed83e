"""A run's report.html: complete, in need of no other file, and safe with any names."""

import base64
import dataclasses
import html
import json
import re
import shlex
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers import ROOT, resolve
from tests.hostile import command_line, run_main
from wgan_gp import data, devices, sample
from wgan_gp.configs.command_line import parse
from wgan_gp.data.columns import CATEGORY, NUMBER, Column, Columns
from wgan_gp.devices import hosts
from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.runs import page, report
from wgan_gp.runs.closing import ResultTable, Row
from wgan_gp.runs.next_steps import next_steps
from wgan_gp.runs.run_facts import Facts
from wgan_gp.runs.started import Argument, Start, started_by
from wgan_gp.system.files import WriteError

TOY = f"{ROOT / 'experiments' / 'toy8gauss.py'}:smoke"
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "O'Brien & $HOME `id` ${x} größe 東京",
    "</pre></td>&lt;b&gt;",
)
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "section", "div"),
    *("h1", "h2", "h3", "p", "figure", "img", "figcaption", "a", "ul", "li", "pre"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary", "code"),
}


class Reader(HTMLParser):
    """Collects the tags of a page with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open, self.text = [], [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *each) for each in attrs]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text += text


def read(path):
    """The page as a browser takes it, after checking that it stands alone."""
    found = Reader(path.read_text(encoding="utf-8"))
    assert not found.open
    assert set(found.tags) <= TAGS
    for tag, name, value in found.attributes:
        assert not name.startswith("on")
        assert name not in ("style", "srcset", "action")
        assert name != "src" or value.startswith("data:image/")
        assert name != "href" or (tag == "a" and value.startswith("figures/"))
    return found


def commands(found):
    """The commands of a page, as a shell takes them apart."""
    text = found.text.replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines() if "wgan-gp " in line[:8]]


def draw(folder, name="curves.png", size=(40, 20)):
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), np.uint8)
    Image.fromarray(noise).save(folder / "figures" / name)


def facts(**fields):
    """Facts of a run whose user has given everything a hostile name."""
    script, image, words, _ = HOSTILE
    settings = resolve(**{"data.name": f"csv:/{image}.csv"})
    settings = dataclasses.replace(settings, name="a <b> & c")
    names = Columns((Column(script, NUMBER), Column(words, NUMBER)))
    dataset = data.load("8gaussians")._replace(
        name=settings.data.name, columns=names, classes=4, class_names=HOSTILE
    )
    arguments = (
        Argument((f"--config.data.name=csv:{image}.csv",), "data.name"),
        Argument(("--config.lipschitz=two_sided",), "lipschitz"),
        Argument(("--config.penalty.weight=10.0",), "penalty.weight"),
        Argument(("--config.critic_optimiser.beta1=0",), "critic_optimiser.beta1"),
        Argument(("--hosts", "2")),
    )
    tables = (
        ResultTable("t", ("held-out quantity", "value"), (Row(("a", "1"), "w1"),)),
        ResultTable(script, ("class", image), tuple(Row((n, "1")) for n in HOSTILE)),
    )
    found = Facts(
        settings=settings,
        summary=words,
        tables=tables,
        seconds=1.0,
        mesh=devices.make_mesh(1),
        evaluation=[{"step": n, "gradient_norm_mean": 1e-9} for n in range(3)],
        remarks=HOSTILE,
        samples=HOSTILE,
        hint=script,
        dataset=dataset,
        start=Start(f"{words}.py", arguments, {"data.name": image}, Path(f"/{words}")),
    )
    evaluation = [each | {"wasserstein": 0.0} for each in found.evaluation]
    return found._replace(**{"evaluation": evaluation} | fields)


def test_names_of_a_users_own_are_text_and_never_markup(tmp_path):
    folder = tmp_path / "a <b>'ü\n$x"
    draw(folder)
    folder.joinpath("versions.json").write_text(
        json.dumps([{"step": 0, "versions": {HOSTILE[0]: HOSTILE[1]}}])
    )
    found = read(report.write(folder, facts()))
    for name in HOSTILE:
        assert found.text.count(name) >= 4
    assert "a <b> & c: two_sided" in found.text
    assert found.text.count("the critic is frozen") == 3
    assert f"--workdir={folder}" in shlex.split(found.text.split("wgan-gp sample ")[1])


def test_bytes_that_are_no_text_do_not_stop_a_page():
    assert page.text("a\udcff\x00\x1b[1mb\n") == "a\ufffd\ufffd\ufffd[1mb\n"
    page.text("a\udcff").encode()


def test_commands_are_quoted_and_leave_out_what_another_constraint_refuses():
    run, workdir = facts(), Path("/tmp/it's <b>")
    steps = next_steps(run.settings, workdir, run.dataset, run.start)
    lines = [step.command.replace("\\\n", " ") for step in steps]
    enter, resume, longer, other, samples, label = map(shlex.split, lines)
    assert enter[:2] == ["cd", f"/{HOSTILE[2]}"]
    folder = f"--workdir={workdir}"
    experiment = ["wgan-gp", "train", f"--config={HOSTILE[2]}.py"]
    name = f"--config.data.name=csv:{HOSTILE[1]}.csv"
    own = ["--config.lipschitz=two_sided", "--config.penalty.weight=10.0"]
    own += ["--config.critic_optimiser.beta1=0"]
    assert resume == [*experiment, name, *own, "--hosts", "2", folder]
    assert longer[-3:] == ["--config.steps=40", folder, "--accept_changes"]
    other_one = ["--hosts", "2", "--config.lipschitz=one_sided"]
    assert other == [*experiment, name, *other_one]
    assert samples[:3] == ["wgan-gp", "sample", folder]
    assert f"--label={HOSTILE[0]}" in label


def test_a_start_is_the_command_without_what_would_overwrite():
    given = (
        *("--config", TOY, "--config.seed=1", "--config.critic.hidden=(4, 4)"),
        *("--noconfig.conditional", "--config.penalty.weight", "3"),
        *("--overwrite", "--workdir", "x", "--noaccept_changes"),
    )
    with command_line(*given) as argv:
        parse(argv)
        start = started_by(argv)
    assert start.experiment == TOY
    words = [word for each in start.arguments for word in each.words]
    assert words == [*given[2:7]]
    assert [each.value for each in start.arguments] == ["1", "(4, 4)", "", "3"]
    assert start.defaults == {
        "seed": 0,
        "critic.hidden": (8, 8),
        "conditional": False,
        "penalty.weight": None,
    }


def test_a_finished_run_has_a_page_with_everything(smoke_run):
    found = read(smoke_run.folder / "report.html")
    pictures = [
        base64.b64decode(value.partition(",")[2])
        for tag, name, value in found.attributes
        if (tag, name) == ("img", "src")
    ]
    drawn = [path.read_bytes() for path in (smoke_run.folder / "figures").iterdir()]
    assert sorted(pictures) == sorted(drawn)
    last = (smoke_run.folder / "metrics.jsonl").read_text().splitlines()[-1]
    for name in {*json.loads(last)} & {*METRICS}:
        assert METRICS[name].label in found.text
        assert METRICS[name].meaning in found.text
    for version in json.loads((smoke_run.folder / "versions.json").read_text()):
        assert all(each in found.text for each in version["versions"].values())
    assert "All fields are as the experiment has them." in found.text
    assert "Optimiser of the player." in found.text
    *_, report_line, folder_line = smoke_run.stdout.splitlines()
    assert report_line.endswith("run/report.html")
    assert folder_line.endswith("run")


def test_the_commands_of_a_page_are_taken(smoke_run, tmp_path, monkeypatch):
    folder = shutil.copytree(smoke_run.folder, tmp_path / "run")
    found = read(folder / "report.html")
    monkeypatch.chdir(tmp_path)
    kinds = []
    for name, kind, *words in commands(found):
        assert name == "wgan-gp"
        kinds.append(kind)
        words = [word.replace(str(smoke_run.folder), str(folder)) for word in words]
        if kind == "train":
            status, _, error = run_main(*words)
            assert (status, error) == (0, "")
        else:
            assert sample.main([kind, *words]) == 0
    assert kinds == ["train", "train", "train", "sample"]
    assert (folder / "samples.csv").is_file()


def test_a_large_picture_stays_beside_the_page(tmp_path, monkeypatch):
    draw(tmp_path)
    draw(tmp_path, "training.gif", (80, 80))
    (tmp_path / "figures" / ".samples.png.part").touch()  # what a kill leaves
    monkeypatch.setattr(page, "MOST_BYTES", 4000)
    found = read(report.write(tmp_path, facts()))
    assert [each for each in found.attributes if each[0] == "a"] == [
        ("a", "href", "figures/training.gif")
    ]
    assert "training.gif, 0.0 MB, is too large to be in this page" in found.text
    assert found.tags.count("img") == 1


def test_a_page_that_cannot_be_written_is_named_and_the_old_one_stays(tmp_path):
    draw(tmp_path)
    path = report.write(tmp_path, facts())
    before = path.read_bytes()
    (tmp_path / ".report.html.part").symlink_to("/dev/full")
    with pytest.raises(WriteError, match=r"report\.html: No space left on device"):
        report.write(tmp_path, facts(summary="new"))
    assert path.read_bytes() == before
    report.write(tmp_path, facts(summary="new"))
    assert path.read_bytes() != before
    (tmp_path / "figures" / "mine.png").write_text("mine")
    with pytest.raises(ValueError, match=r"mine\.png is no picture: move it away"):
        report.write(tmp_path, facts())


@pytest.mark.parametrize(("evaluated", "stops"), [(None, True), (30, False)])
def test_a_page_advises_to_stop_as_the_run_did(evaluated, stops, tmp_path):
    """Data may have fewer held-out samples than the settings ask for."""
    draw(tmp_path)
    near = {
        "step": 1,
        "gradient_norm_mean": 1.0,
        "wasserstein": 0.2,
        "w1": 0.21,
        METRICS["w1"].floor: 0.2,
        "lower_bound": 0.05,
        "lower_bound_error": 0.1,
    }
    settings = dataclasses.replace(facts().settings, eval_samples=1000)
    found = facts(settings=settings, evaluation=[near], evaluated=evaluated)
    text = read(report.write(tmp_path, found)).text
    assert ("stop here" in text) == stops


def test_only_the_first_host_writes_a_page(tmp_path, monkeypatch):
    draw(tmp_path)
    quiet = report.Console(quiet=True)
    monkeypatch.setattr(hosts, "is_first", lambda: False)
    report.conclude(tmp_path, facts(), quiet)
    assert not (tmp_path / "report.html").exists()
    monkeypatch.setattr(hosts, "is_first", lambda: True)
    report.conclude(tmp_path, facts(start=None), quiet)
    text = html.unescape((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "The run was started in Python" in text
    assert not re.search("wgan-gp train", text)


def test_grey_pictures_with_channels_of_a_class_can_be_scored_as_digits():
    dataset = data.Dataset("mnist", (8, 8, 4), None)
    label = Column("label", CATEGORY, values=("a", "b", "c"))
    told = dataset._replace(columns=Columns((Column("x1", NUMBER), label), "label"))
    settings = resolve("digits", "smoke", **{"data.name": "mnist"})
    for each, scored in ((told, True), (dataset, False)):
        steps = next_steps(settings, Path("run"), each, None)
        assert any("--digits" in step.command for step in steps) == scored
