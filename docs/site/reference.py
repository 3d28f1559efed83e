"""Pages of the site that are made from the code, so that they cannot be out of date.

The reference of functions, commands, fields and metrics, and the pages that live at the
top of the repository. They are written into `docs/generated/`, which git ignores.
"""

import importlib
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

# Pages of the reference: title, and the modules whose public names they list.
MODULES = {
    "losses": ("Losses", ("wgan_gp.losses",)),
    "constraints": ("Constraints", ("wgan_gp.constraints",)),
    "train": ("Training", ("wgan_gp.train", "wgan_gp.algorithm.choices")),
    "networks": ("Networks", ("wgan_gp.networks", "wgan_gp.networks.lipschitz")),
    "data": ("Data", ("wgan_gp.data", "wgan_gp.data.images", "wgan_gp.data.columns")),
    "evaluate": (
        "Evaluation",
        (
            "wgan_gp.evaluate",
            "wgan_gp.distance",
            "wgan_gp.evaluate.metric",
            "wgan_gp.evaluate.metrics",
        ),
    ),
    "runs": ("Finished runs", ("wgan_gp.runs.sampling", "wgan_gp.configs")),
}
COMMANDS = (
    "wgan_gp.cli",
    "wgan_gp.main",
    "wgan_gp.sample",
    "wgan_gp.score",
    "wgan_gp.distance",
    "wgan_gp.animate",
    "wgan_gp.studies.sweep",
    "wgan_gp.studies.w1_benchmark",
    "wgan_gp.studies.random_architectures",
    "wgan_gp.studies.evidence",
    "wgan_gp.data.prepare",
)
_REPOSITORY = {
    "changelog": "CHANGELOG.md",
    "contributing": "CONTRIBUTING.md",
    "speed": "benchmarks/README.md",
}


def write(folder: Path) -> None:
    """Writes the pages, those that changed, so that Sphinx reads no others again.

    Args:
      folder: of the pages, `docs/`.
    """
    pages = {
        "commands": commands(),
        "configuration": configuration(),
        "metrics": metrics(),
        "citing": _citing(),
    }
    pages |= {name: functions(*of) for name, of in MODULES.items()}
    for name, path in _REPOSITORY.items():
        pages[name] = (ROOT / path).read_text(encoding="utf-8")
    files = {f"{name}.md": text for name, text in pages.items()}
    files |= {path.name: notebook(path) for path in notebooks()}
    generated = folder / "generated"
    generated.mkdir(exist_ok=True)
    for name, text in files.items():
        file = generated / name
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def notebooks() -> list[Path]:
    """The notebooks, in their order."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def notebook(path: Path) -> str:
    """A notebook with its outputs, its formulas as MyST has them.

    Dollars stay what they are on the other pages.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])
            text = re.sub(r"(?s)\$\$(.*?)\$\$", r"\n```{math}\n\1\n```\n", text)
            cell["source"] = re.sub(r"(?s)\$(.+?)\$", r"{math}`\1`", text)
    return json.dumps(content, ensure_ascii=False, indent=1)


def within_the_site(app: Any, page: str, source: list[str]) -> None:
    """Turns links that suit the repository into links between pages; Sphinx calls it.

    Args:
      app: Sphinx.
      page: its name, as "generated/changelog".
      source: its text, in a list that is changed.
    """
    del app
    text = source[0]
    up = "../" if page.startswith("generated/") else ""
    if up:
        text = re.sub(r"\]\((?:\.\./)?docs/", "](../", text)
    text = text.replace("](../benchmarks/README.md", f"]({up}generated/speed.md")
    source[0] = text


def skip_fields(app: Any, what: str, name: str, member: Any, skip: bool, options: Any):
    """Leaves out the fields of named tuples, which the class's text describes."""
    del app, what, name, options
    return True if type(member).__name__ == "_tuplegetter" else skip or None


def functions(title: str, modules: tuple[str, ...]) -> str:
    """The page of some modules: each public name, from its docstring."""
    parts = [f"# {title}\n"]
    for name in modules:
        module = importlib.import_module(name)
        parts.append(f"## `{name}`\n\n```{{eval-rst}}\n.. automodule:: {name}\n```\n")
        for each in public_names(module):
            parts.append(
                f"### `{each}`\n\n{_about(name, each, getattr(module, each))}\n"
            )
    return "\n".join(parts)


def _about(module: str, name: str, value: Any) -> str:
    """The text on a public name: its docstring, or its value."""
    if inspect.isroutine(value) or inspect.isclass(value):
        kind = "class" if inspect.isclass(value) else "function"
        members = "   :members:\n" if kind == "class" else ""
        return f"```{{eval-rst}}\n.. auto{kind}:: {module}.{name}\n{members}```"
    if isinstance(value, dict):
        keys = ", ".join(f"`{key}`" for key in value)
        return f"A dictionary with the keys {keys}."
    text = repr(value)
    return f"`{text}`" if len(text) < 80 else f"Of type `{type(value).__name__}`."


def escape(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]):
    """Keeps |x|, an absolute value, from being markup; Sphinx calls it.

    Args:
      app: Sphinx, and what else it hands over.
      what: kind of the object.
      name: of the object.
      value: the object.
      options: of the directive.
      lines: of the docstring, which are changed; those of examples stay.
    """
    del app, what, name, value, options
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = line.split("`")  # every second one is code
            parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
            lines[i] = "`".join(parts)


def public_names(module: Any) -> list[str]:
    """The names that a module offers: `__all__`, or what is defined in it."""
    if (names := getattr(module, "__all__", None)) is not None:
        return sorted(names)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
    ]


def commands() -> str:
    """Every command's `--help`."""
    parts = [
        "# Commands\n\nThe installed command `wgan-gp` has the names in its own help;"
        " each module can be run by `python -m`, too.\n"
    ]
    for module in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", module, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        name = "wgan-gp" if module == "wgan_gp.cli" else f"python -m {module}"
        text = done.stdout.partition("Fields of the configuration")[0].strip()
        parts.append(f"## `{name}`\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def configuration() -> str:
    """Every field of a configuration, and what each constraint presets."""
    from wgan_gp.configs import command_help

    lines = [
        "# Configuration",
        "",
        "A field is set on the command line by `--config.FIELD=VALUE`, and in an"
        " experiment's file by its name. Its default is that of `configs.base()`; an"
        " experiment has its own.",
    ]
    section = None
    for name, text in _entries(command_help.field_lines()):
        path = name.removeprefix("--config.")
        top = path.rpartition(".")[0]
        if top != section:
            section = top
            lines += ["", f"## {f'`{top}`' if top else 'Of a run'}", ""]
            lines += ["| field | meaning |", "|---|---|"]
        lines.append(f"| `{path}` | {_cell(text)} |")
    lines += ["", "## What `lipschitz` sets", ""]
    lines += [
        "| constraint | what it is, and what it sets where a field is left open |"
    ]
    lines += ["|---|---|"]
    for name, text in _entries(command_help.preset_lines()):
        lines.append(f"| `{name}` | {_cell(text)} |")
    return "\n".join(lines) + "\n"


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Names and texts of a help, whose texts are indented below their names."""
    for entry in re.split(r"\n(?=  \S)", text):
        name, _, rest = entry.strip().partition("\n")
        yield name, " ".join(rest.split())


def _cell(text: str) -> str:
    return re.sub(r"([|<*_\[\]])", r"\\\1", text)


def metrics() -> str:
    """Every metric: its name in `metrics.jsonl`, title, unit, and what is better."""
    from wgan_gp.evaluate.metric import FLOOR_MEANING
    from wgan_gp.evaluate.metrics import METRICS

    lines = [
        "# Metrics and TensorBoard tags",
        "",
        "The names are keys of `metrics.jsonl`. TensorBoard's tags have the split"
        " before them: `train/wasserstein`, `eval/w1`. A run's `report.html` explains"
        f" its numbers by the same words. {FLOOR_MEANING} [Reading the"
        " numbers](../reading_numbers.md) says more.",
        "",
        "| name | what | unit | better | floor |",
        "|---|---|---|---|---|",
    ]
    for name, each in METRICS.items():
        what = f"{each.label}. {each.meaning}"
        floor = f"`{each.floor}`" if each.floor else ""
        lines.append(
            f"| `{name}` | {_cell(what)} | {each.unit} | {each.better or ''} |"
            f" {floor} |"
        )
    return "\n".join(lines) + "\n"


def _citing() -> str:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    return (
        "# Citing and licence\n\nCite the project by its file `CITATION.cff`, and the"
        " papers whose methods you use; [the constraints](../constraints.md) name"
        f" theirs.\n\n```yaml\n{citation}```\n\nThe licence is Apache 2.0:\n\n"
        f"```text\n{licence}```\n"
    )
