"""Is a table that was generated of use? `python -m benchmarks.real_tables`.

A generator learns 80 % of the rows of a real table that scikit-learn ships, told each
row's class. A classifier is then trained on as many generated rows and tested on the
real rows that were left out, beside one that was trained on the real rows, and one on
real rows with noise of a tenth of each column's deviation. Three seeds, each with a
split of its own.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments import vectors
from wgan_gp import configs
from wgan_gp.build import build
from wgan_gp.data.sources import split_indices
from wgan_gp.runs import loop, sampling, workdir
from wgan_gp.studies.evidence.common import mean_and_spread

SETS = ("breast_cancer", "wine", "iris")
CLASS = "class"


def table(name: str, seed: int) -> pd.DataFrame:
    """A set of scikit-learn's, in a random order, with its classes by name."""
    loaded = getattr(datasets, f"load_{name}")(as_frame=True)
    names = np.asarray(loaded.target_names)
    frame = loaded.data.assign(**{CLASS: names[loaded.target]})
    return frame.sample(frac=1.0, random_state=seed).reset_index(drop=True)


def generated(frame: pd.DataFrame, seed: int, steps: int | None) -> pd.DataFrame:
    """As many generated rows as a generator learned from."""
    with tempfile.TemporaryDirectory() as folder:
        file, run = Path(folder) / "table.csv", Path(folder) / "run"
        frame.to_csv(file, index=False)
        config = vectors.get_config()
        data = {"name": f"csv:{file}", "label": CLASS}
        changes = {"data": data, "conditional": True, "seed": seed}
        configs.update(config, changes | ({"steps": steps} if steps else {}))
        settings = configs.resolve(config)
        with workdir.lock(run):
            workdir.prepare(run, settings, experiment=b"", spec=workdir.RUN_SPEC)
            loop.run(settings, run, build(settings), console=Console(quiet=True))
        count = len(split_indices(len(frame), "train"))
        return pd.DataFrame(sampling.sample_table(run, count, seed=seed))


def accuracies(train: pd.DataFrame, test: pd.DataFrame) -> list[float]:
    """Balanced accuracies of a logistic regression and of a random forest, in %."""
    models = (
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
        RandomForestClassifier(200, random_state=0),
    )
    features = [name for name in train if name != CLASS]
    found = []
    for model in models:
        model.fit(train[features], train[CLASS])
        predicted = model.predict(test[features])
        found.append(100 * balanced_accuracy_score(test[CLASS], predicted))
    return found


def noisy(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Rows with noise of a tenth of each column's standard deviation."""
    numbers = frame.drop(columns=CLASS)
    noise = np.random.default_rng(seed).standard_normal(numbers.shape)
    spread = 0.1 * numbers.std().to_numpy()
    return (numbers + spread * noise).assign(**{CLASS: frame[CLASS]})


def main(argv: list[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="*", choices=SETS, default=SETS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, help="in place of the experiment's")
    flags = parser.parse_args(argv)
    print(
        "| set | rows learned, tested on | classifier trained on | logistic |", end=""
    )
    print(" forest |\n|---|---|---|---|---|")
    for name in flags.sets:
        rows: dict[str, list[list[float]]] = {}
        sizes = 0, 0
        for seed in range(flags.seeds):
            frame = table(name, seed)
            chosen = split_indices(len(frame), "train")
            train, test = frame.iloc[chosen], frame.drop(frame.index[chosen])
            sizes = len(train), len(test)
            for kind, each in (
                ("real rows", train),
                ("real rows with noise", noisy(train, seed)),
                ("generated rows", generated(frame, seed, flags.steps)),
            ):
                rows.setdefault(kind, []).append(accuracies(each, test))
        for kind, found in rows.items():
            both = [mean_and_spread(each) for each in np.array(found).T]
            cells = " | ".join(f"{mean:.1f} ± {spread:.1f}" for mean, spread in both)
            print(f"| {name} | {sizes[0]}, {sizes[1]} | {kind} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
