"""Generated bad input: how much of it, within which limits, and what may come of it.

`WGAN_GP_CASES` multiplies the number of cases of every property: it is 1 by default,
and 10 makes well above a thousand.
"""

import contextlib
import io
import os
import re
import resource
import signal
import sys
import warnings
from pathlib import Path
from unittest import mock

from absl import flags
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.helpers import ROOT, contents
from wgan_gp import main
from wgan_gp.configs import command_line as reader
from wgan_gp.runs import command

# Cases of each property, before they are multiplied.
CASES = {
    "command lines": 16,
    "configurations": 30,
    "stored configurations": 8,
    "configuration files": 14,
    "archives": 12,
    "damaged archives": 12,
    "pictures": 12,
    "damaged pictures": 12,
    "checkpoints": 8,
    "records": 8,
    "tables": 250,
    "numbers of tables": 100,
    "damaged tables": 100,
    "labels of tables": 60,
    "rows of conditions": 20,
    "series": 60,
    "lines of text": 60,
}
TIMES = int(os.environ.get("WGAN_GP_CASES", "1"))
SECONDS = 30  # of one case; on a busy machine most take a hundredth
HEADROOM = 2**30  # bytes that a case may take beyond what is mapped already
REFUSALS = (ValueError, OSError)  # what `main` turns into a line
LONGEST = 1000  # characters that can still be read as a line


def cases(name):
    """Settings of the property of this name in `CASES`."""
    return settings(
        max_examples=CASES[name] * TIMES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


class TooLong(BaseException):  # so that no `except Exception` takes it
    """A case that was not done within the limits of time and memory."""


@contextlib.contextmanager
def limits(seconds=SECONDS, headroom=HEADROOM):
    """Asserts that what is done takes neither longer nor more memory: else TooLong."""

    def stop(*_):
        raise TooLong(f"not done after {seconds} s")

    Path("/proc/self/clear_refs").write_text("5")  # the peak starts at what is now
    start = _peak_bytes()
    address_space = resource.getrlimit(resource.RLIMIT_AS)
    ceiling = _mapped_bytes() + 8 * headroom  # compilers map more than they use
    before = signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, address_space[1]))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, address_space)
    taken = _peak_bytes() - start
    if taken > headroom:
        raise TooLong(f"took {taken} bytes")


def _mapped_bytes():
    pages = Path("/proc/self/statm").read_text().split()[0]
    return int(pages) * resource.getpagesize()


def _peak_bytes():
    (kilobytes,) = re.findall(
        r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text()
    )
    return int(kilobytes) * 1024


def refusal(call, *words, valid=REFUSALS):
    """The line that a call is refused with, None if it is not.

    Any other exception, more than one line, an endless one, or one that has none of
    the words (if there are any) is an error.
    """
    try:
        with limits():
            call()
    except valid as error:
        line = main.one_line(error)
        assert_clear(line, *words)
        return line
    return None


def assert_clear(line, *words):
    assert line.strip(), "no word of explanation"
    assert "Traceback" not in line
    assert line.isprintable(), line
    assert len(line) <= LONGEST, line
    if words:
        assert any(word in line for word in words), (words, line)


@contextlib.contextmanager
def untouched(folder):
    """Asserts that no file below a folder is changed, made or removed."""
    before = contents(folder)
    yield
    assert contents(folder) == before


@contextlib.contextmanager
def _forgetting_modules():
    """Forgets what is imported within from users' files.

    Packages stay: some cannot be imported twice.
    """
    before = dict(sys.modules)
    try:
        yield
    finally:
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None) or sys.prefix
            ours = (sys.prefix, sys.base_prefix, str(ROOT / "wgan_gp"))
            if before.get(name) is not module and not file.startswith(ours):
                del sys.modules[name]
                sys.modules |= {k: v for k, v in before.items() if k == name}


@contextlib.contextmanager
def command_line(*args):
    """`args` as this process's, and no trace of them in its flags afterwards."""
    argv = ["main", *map(str, args)]
    known = set(flags.FLAGS)
    try:
        with (
            mock.patch.object(sys, "argv", argv),
            mock.patch.object(sys, "dont_write_bytecode", True),
            _forgetting_modules(),
            warnings.catch_warnings(action="ignore"),  # as in a process of its own
        ):
            yield argv
    finally:
        for name in set(flags.FLAGS) - known:
            delattr(flags.FLAGS, name)
        flags.FLAGS.unparse_flags()


def run_main(*args):
    """Exit status, standard output and error of the command, up to its training."""
    out, err = io.StringIO(), io.StringIO()
    with (
        limits(),
        command_line(*args) as argv,
        mock.patch.object(main, "_run", return_value=0),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        return main.main(argv), out.getvalue(), err.getvalue()


def parse(*args):
    """The configuration that a command line comes to, before it is resolved."""
    with command_line(*args) as argv:
        reader.parse(argv)
        return command.CONFIG.value


NUMBERS = (
    0, 1, 2, 3, -1, 2**31, 2**32, 2**64, 10**18, 10**30, 0.0, 0.5, -0.5, 1e-300, 1e300,
    float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
WORDS = (
    "", " ", "none", "None", "mlp", "dcgan", "resnet", "adam", "sgd", "clip", "gan",
    "critic", "difference", "box", "relu", "../../x", "/", "a\nb", "a\x00b", "\ud800",
    "ñ\u202e漢🙂", "%s{}", "x" * 100_000, "npz:", "folder:", "npz:/dev/zero", ":", "~",
)  # fmt: skip
_LEAVES = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(WORDS),
    st.sampled_from([None, True, False, b"\xff", 1j, range(3), object]),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
)
VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.sampled_from(["a", "name", "network"]), inner, max_size=2),
    ),
    max_leaves=5,
)
