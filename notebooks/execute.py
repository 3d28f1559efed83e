"""Executes notebooks in place: `python notebooks/execute.py notebooks/*.ipynb`.

As `jupyter execute --inplace`, but what differs from run to run or from machine to
machine (times, how printed text was split, the Python version) is not stored.
"""

import sys

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient


def client(notebook, cwd: str) -> NotebookClient:
    """A client whose kernel is the interpreter that runs this, in the folder `cwd`."""
    specs = KernelSpecManager(kernel_dirs=[])  # none to prefer to this interpreter
    return NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs),
        timeout=600,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": cwd}},
    )


def main(paths: list[str]) -> None:
    """Executes each notebook and writes it back."""
    for path in paths:
        notebook = nbformat.read(path, 4)
        client(notebook, ".").execute(cleanup_kc=True)
        notebook.metadata.language_info = {"name": "python"}
        nbformat.write(notebook, path)
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
