"""What the blocks of Inception-v3 give in PyTorch, for tests where there is none.

`python -m tests.evaluate.inception_blocks` writes `inception_blocks.json` again, by
PyTorch, with the random weights of `weight_files.write_inception`.
"""

import json
import tempfile
from pathlib import Path

import numpy as np

from tests.evaluate.weight_files import write_inception

FILE = Path(__file__).with_suffix(".json")


def picture():
    """One picture whose sides differ, `[1, 107, 131, 3]`."""
    shape = 1, 107, 131, 3
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def summary(x):
    """The shape of a block's output `[n, ..., C]`, and numbers that tell of it."""
    flat = np.asarray(x, np.float64).ravel()
    some = flat[:: max(1, flat.size // 7)][:7]
    numbers = [flat.mean(), flat.std(), np.abs(flat).max(), *some]
    return {"shape": list(np.shape(x)), "numbers": [float(f"{n:.7g}") for n in numbers]}


def main():
    import torch

    from tests.evaluate.torch_inception import TorchInception
    from wgan_gp.evaluate import inception

    network = TorchInception().eval()
    with tempfile.TemporaryDirectory() as folder:
        tensors = write_inception(Path(folder) / "x.pth", inception.tensor_shapes())
    state = {name: torch.from_numpy(np.array(x)) for name, x in tensors.items()}
    missing = network.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys, missing
    assert all(each.endswith("num_batches_tracked") for each in missing.missing_keys)
    x = torch.from_numpy(np.ascontiguousarray(np.moveaxis(picture(), -1, 1)))
    found = {}
    with torch.no_grad():
        for name, layer in network.named_children():
            x = layer(x)
            found[name] = summary(np.moveaxis(x.numpy(), 1, -1))
    FILE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
