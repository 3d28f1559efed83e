"""Trains one experiment: `python -m wgan_gp.main --config FILE[:VARIANT]`."""

import sys
import time
import traceback
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from absl import flags, logging
from ml_collections import ConfigDict, config_flags

from wgan_gp.paths import expand
from wgan_gp.signals import Listener

CONFIG = config_flags.DEFINE_config_file(
    "config", None, "An experiment's file, with its variant after a colon."
)
WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the run; runs/NAME-LIPSCHITZ-TIME by default."
)
OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Replace the run that the workdir holds."
)
COORDINATOR = flags.DEFINE_string(
    "coordinator", None, "HOST:PORT of the first of several hosts."
)
HOSTS = flags.DEFINE_integer("hosts", None, "How many hosts there are.")
HOST = flags.DEFINE_integer("host", None, "Which of them this one is, from 0.")
HOST_TIMEOUT = flags.DEFINE_float(
    "host_timeout", 300.0, "Seconds to wait for the other hosts."
)
ACCEPT = flags.DEFINE_bool(
    "accept_changes", False, "Go on with the workdir's run under other settings."
)
LARGEST = 2**20  # bytes of a config file


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    if {"--help", "-h"} & set(argv):
        print(__doc__ + flags.FLAGS.module_help(sys.modules[__name__]))
        return 0
    with Listener() as listener:
        try:
            config, experiment, folder, lock = _start(argv)
        except (ValueError, OSError, MemoryError) as error:
            return _fail(one_line(error), 2)
        with lock:
            return _run(config, experiment, folder, listener)


def _run(config, experiment, folder: Path, listener: Listener) -> int:
    # After the flags: importing all this takes seconds.
    from wgan_gp import hosts, loop, solve, workdir, writers
    from wgan_gp.driver import Interrupted

    listener.explain = partial(workdir.last_saved, folder)
    run = solve.run if config.task == "critic" else loop.run
    try:
        run(config, folder, experiment=experiment)
    except Interrupted as stop:
        print(one_line(stop), file=sys.stderr)
        return stop.status
    except (FloatingPointError, ValueError, OSError, RuntimeError) as error:
        if hosts.is_lost(error):
            line = f"another host is gone or cannot be reached: {one_line(error)}"
        elif isinstance(error, RuntimeError):
            raise
        else:
            line = one_line(writers.named(error, folder))
        if isinstance(error, OSError) or hosts.is_lost(error):
            line += f" ({workdir.last_saved(folder)})"
        return _fail(line, 1)
    return 0


def _fail(line: str, status: int) -> int:
    print(f"error: {line}", file=sys.stderr)
    from wgan_gp import hosts

    hosts.leave(status)
    return status


def _start(argv: list[str]):
    """Everything that can be refused, before any compute is spent."""
    parse(argv)
    from wgan_gp import build, configs, hosts, parallel

    config = configs.resolve(CONFIG.value)
    if (where := place()) is None:
        devices = config.mesh.data or parallel.cpu_devices(config)
        parallel.provide_cpu_devices(devices)
    elif config.debug_nans:
        raise ValueError("debug_nans needs a run on one host: leave it out here")
    else:
        hosts.join(where, HOST_TIMEOUT.value)
    parallel.mesh_for(config)
    make = build.build_critic if config.task == "critic" else build.build
    experiment = hosts.in_turn(partial(make, config))
    folder, lock = _claim(config, experiment)
    return config, experiment, folder, lock


def _claim(config, experiment):
    """The run's folder, which the first host makes ready, and the lock on it."""
    from wgan_gp import hosts, resume, workdir

    options = {"overwrite": OVERWRITE.value, "accept_changes": ACCEPT.value}
    locks = []

    def claim() -> str:
        name = f"runs/{config.name}-{config.lipschitz}"
        folder = workdir_or(name)
        resumable = partial(resume.check, folder, config, experiment)
        workdir.check(folder, config, resumable=resumable, **options)
        locks.append(workdir.claim(folder))
        if line := workdir.prepare(folder, config, **options):
            print(line)
        return str(folder)

    folder = Path(hosts.on_first(claim))
    if not locks and not (folder / "config.json").is_file():
        raise ValueError(
            f"--workdir {folder} of host 0 is not there on this host: name one that all"
            " hosts share"
        )
    return folder, locks[0] if locks else nullcontext()


def workdir_or(name: str) -> Path:
    """The folder that --workdir names; by default a new one of this name and time."""
    from wgan_gp import workdir

    if WORKDIR.value:
        return expand(WORKDIR.value)
    return workdir.unused(Path(f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"))


def place():
    """Where this process stands among the hosts of a run, if there are several."""
    from wgan_gp import hosts

    return hosts.detect(COORDINATOR.value, HOSTS.value, HOST.value)


def parse(argv: list[str]) -> None:
    """Reads the flags; loading the config file runs it, so anything can be raised."""
    paths = _config_paths(argv)
    for path in paths:
        _check_file(path)
    logging.set_verbosity(logging.ERROR)  # what is wrong is said once, here
    try:
        rest = flags.FLAGS(argv)
        config = CONFIG.value
        if not isinstance(config, ConfigDict):
            getattr(config, "lock", None)  # raises what has kept the file from loading
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the file may call sys.exit, too
        raise ValueError(_explain(error, argv, paths)) from error
    if len(rest) > 1:
        raise ValueError(f"unexpected argument {rest[1]!r}: flags start with --")
    if config is None and paths:
        raise ValueError(f"--config {_short(paths[-1])}: get_config returned None")
    if config is None:
        raise ValueError("no experiment: add --config experiments/toy8gauss.py")


def _check_file(path: str) -> None:
    try:
        file = Path(path).is_file()
    except OSError as error:
        raise ValueError(f"--config {_short(path)}: {error.strerror}") from error
    if not file:
        raise ValueError(f"--config {_short(path)}: there is no such file")
    size = Path(path).stat().st_size
    if size > LARGEST:
        raise ValueError(
            f"--config {_short(path)}: {size} bytes are no experiment's file,"
            f" which has at most {LARGEST}"
        )


def _explain(error: BaseException, argv: list[str], paths: list[str]) -> str:
    """What an exception of the flag parser, or of the config file, comes down to."""
    inner = error.__context__
    if isinstance(error, flags.IllegalFlagValueError) and inner and _in_file(inner):
        error = inner
    if not (_in_file(error) or _not_loaded(error)):
        return _explain_flag(error, argv)
    # ml_collections raises these again, with the traceback for a message.
    if isinstance(error, TypeError | ValueError | OSError) and error.__context__:
        error = error.__context__
    where = f"--config {_short(paths[-1])}"
    if isinstance(error, AttributeError) and error.name == "get_config":
        return f"{where}: it has no function get_config"
    text = _short(_words(error) or "no message")
    return f"{where}: {type(error).__name__}: {text}"


def _explain_flag(error: BaseException, argv: list[str]) -> str:
    text = _short(_words(error) or type(error).__name__)
    if isinstance(error, AttributeError | KeyError):
        text = text.strip("'\"")
        text = f"there is no field {text}: wgan_gp/configs/fields.py has them all"
    names = [
        flag.partition("=")[0]
        for flag in argv
        if flag.startswith(("--config.", "-config."))
    ]
    if names and not any(name in text for name in names):
        return f"{_short(', '.join(names))}: {text}"
    return text


def _in_file(error: BaseException) -> bool:
    """Whether it was raised while the config file was run."""
    code = type(flags.FLAGS["config"].parser).parse.__code__
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code is code for frame, _ in frames)


def _not_loaded(error: BaseException) -> bool:
    """Whether it stands for an OSError of the file's, raised when it was asked for."""
    return isinstance(error, OSError) and isinstance(error.__cause__, OSError)


def _words(error: BaseException) -> str:
    try:
        return one_line(error) if str(error) else ""
    except Exception:  # its own __str__ fails
        return ""


def _short(text: str, limit: int = 400) -> str:
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return text if len(text) <= limit else f"{text[:limit]}..."


def _config_paths(argv: list[str]) -> list[str]:
    """The files that --config names, without their variants."""
    found = []
    for flag, following in zip(argv[1:], [*argv[2:], ""]):
        name, equals, value = flag.lstrip("-").partition("=")
        if flag.startswith("-") and name == "config":
            found.append((value if equals else following).split(":")[0])
    return found


def one_line(error: BaseException) -> str:
    """What it says, without line breaks."""
    return " ".join(str(error).split()) or type(error).__name__


if __name__ == "__main__":
    sys.exit(main(sys.argv))
