"""Rendezvous: the hosts of a run wait for each other before `jax.distributed` starts.

`jax.distributed` aborts when a host does not arrive, and does not say which one. Here
the other hosts report to the first host by number and name, and the first host names
those that are missing to all.
"""

import json
import socket
import time
from contextlib import suppress
from typing import Any, NamedTuple

_RETRY = 0.2  # seconds


class HostRank(NamedTuple):
    """The rank of this process among the hosts of a run.

    Attributes:
      coordinator: `host:port` of the first host.
      count: the number of hosts.
      index: this host's number, from 0.
      devices: the numbers of its GPUs among those that it sees; None for all.
    """

    coordinator: str
    count: int
    index: int
    devices: tuple[int, ...] | None = None


def wait_for_hosts(rank: HostRank, timeout: float) -> None:
    """Returns when all hosts have arrived.

    Args:
      rank: of this process.
      timeout: seconds to wait.

    Raises:
      TimeoutError: some hosts did not arrive; the message names the missing and the
        present ones.
      OSError: the first host cannot listen at its port.
    """
    deadline = time.monotonic() + timeout
    name, _, port = rank.coordinator.rpartition(":")
    if rank.index == 0:
        _call(int(port), rank.count, deadline, timeout)
    else:
        _answer(name, int(port), rank.index, deadline, timeout)


def _call(port: int, count: int, deadline: float, timeout: float) -> None:
    present: dict[int, tuple[str, Any]] = {0: (socket.gethostname(), None)}
    try:
        server = socket.create_server(("", port))
    except OSError as error:
        raise OSError(
            f"cannot listen at port {port} for the other hosts: {error.strerror}; name"
            " another with --coordinator HOST:PORT"
        ) from error
    with server:
        while len(present) < count and (left := deadline - time.monotonic()) > 0:
            server.settimeout(left)
            try:
                connection, _ = server.accept()
            except OSError:
                continue  # nobody yet
            if (who := _hello(connection, count)) is None:
                connection.close()  # no host of this run
            else:
                present[who[0]] = who[1], connection
        problem = _missing(present, count, timeout)
        for _, connection in present.values():
            if connection is not None:
                connection.sendall((json.dumps(problem) + "\n").encode())
                connection.close()
    if problem:
        raise TimeoutError(problem)


def _hello(connection: socket.socket, count: int) -> tuple[int, str] | None:
    """The index and the name of the host that connected; None for a stranger."""
    connection.settimeout(2)
    try:
        index, name = json.loads(connection.makefile().readline(1000))
    except (OSError, ValueError, TypeError):
        return None
    ours = isinstance(index, int) and isinstance(name, str) and 0 < index < count
    return (index, name) if ours else None


def _missing(present: dict[int, Any], count: int, timeout: float) -> str | None:
    missing = [str(index) for index in range(count) if index not in present]
    if not missing:
        return None
    there = ", ".join(f"{index} on {host}" for index, (host, _) in present.items())
    return (
        f"host {', '.join(missing)} of {count} did not arrive within {timeout:g} s"
        f" (there are {there}): see what became of it, or raise --host_timeout"
    )


def _answer(name: str, port: int, index: int, deadline: float, timeout: float) -> None:
    error: Exception = TimeoutError("no answer")
    while (left := deadline - time.monotonic()) > 0:
        try:
            with socket.create_connection((name, port), timeout=left) as connection:
                hello = json.dumps([index, socket.gethostname()])
                connection.sendall((hello + "\n").encode())
                connection.settimeout(left + 5)  # the first one's clock decides
                problem = _verdict(connection)
        except OSError as failure:
            error = failure
            time.sleep(_RETRY)
            continue
        if problem:
            raise TimeoutError(problem)
        return
    raise TimeoutError(
        f"host 0, the coordinator at {name}:{port}, could not be reached within"
        f" {timeout:g} s ({error}): see what became of it, or raise --host_timeout"
    )


def _verdict(connection: socket.socket) -> str | None:
    """What the first host says: why all are to give up, or None to go on.

    Raises:
      OSError: it does not say it, or is another program.
    """
    line = connection.makefile(errors="replace").readline()
    if not line:
        raise ConnectionError("it hung up")
    with suppress(ValueError):
        said = json.loads(line)
        if said is None or isinstance(said, str):
            return said
    raise ConnectionError("what answers there is no host of a run")
