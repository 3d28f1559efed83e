import queue
import socket
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
import pytest
from jax.experimental import multihost_utils

from wgan_gp.devices import hosts, rendezvous
from wgan_gp.devices.hosts import HostRank

LAUNCHERS = ("SLURM_", "OMPI_", "JAX_COORDINATOR", "TPU_", "KUBERNETES_")
LAUNCHERS += ("JAX_LOCAL_DEVICE_IDS", "CUDA_VISIBLE", "ROCR_VISIBLE", "HIP_VISIBLE")


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """Whatever started the tests is not to be taken for a cluster."""
    import os

    for name in list(os.environ):
        if name.startswith(LAUNCHERS):
            monkeypatch.delenv(name)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_process_on_its_own_has_no_place():
    assert hosts.detect_rank(None, None, None) is None
    assert hosts.detect_rank("first:1234", 1, 0) is None


def test_flags_give_the_place():
    assert hosts.detect_rank("first:1234", 4, 3) == HostRank("first:1234", 4, 3)


def test_slurm_gives_the_place(monkeypatch):
    for name, value in {
        "SLURM_JOB_ID": "17",
        "SLURM_STEP_NODELIST": "node[003,007-009]",
        "SLURM_NTASKS": "4",
        "SLURM_PROCID": "2",
        "SLURM_LOCALID": "0",
        "SLURM_STEP_NUM_NODES": "4",
    }.items():
        monkeypatch.setenv(name, value)
    rank = hosts.detect_rank(None, None, None)
    assert rank.coordinator.startswith("node003:")
    assert rank[1:] == (4, 2, None)
    monkeypatch.setenv("SLURM_NTASKS", "1")
    assert hosts.detect_rank(None, None, None) is None


def test_open_mpi_gives_the_place(monkeypatch):
    uri = "1531576320.0;tcp://10.96.0.1,10.148.0.1:34911"
    monkeypatch.setenv("OMPI_MCA_orte_hnp_uri", uri)
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    monkeypatch.setenv("OMPI_COMM_WORLD_LOCAL_RANK", "1")
    rank = hosts.detect_rank(None, None, None)
    assert rank.coordinator.startswith("10.96.0.1:")
    assert rank[1:] == (2, 1, None)


EIGHT = "0,1,2,3,4,5,6,7"


@pytest.mark.parametrize(
    ("variables", "devices"),
    [
        ({"SLURM_STEP_TASKS_PER_NODE": "8(x4)"}, (3,)),
        ({"SLURM_STEP_TASKS_PER_NODE": "1,4(x3)", "SLURM_NODEID": "2"}, (3,)),
        ({"SLURM_STEP_TASKS_PER_NODE": "4", "CUDA_VISIBLE_DEVICES": EIGHT}, (6, 7)),
        # All that it sees: alone on its node, or Slurm or the user has chosen.
        ({"SLURM_STEP_TASKS_PER_NODE": "1(x4)"}, None),
        ({"SLURM_STEP_TASKS_PER_NODE": "1"}, None),
        ({"SLURM_STEP_TASKS_PER_NODE": "1,4(x3)", "SLURM_NODEID": "0"}, None),
        ({"SLURM_STEP_TASKS_PER_NODE": "8", "CUDA_VISIBLE_DEVICES": "0"}, None),
        ({"SLURM_STEP_TASKS_PER_NODE": "4", "CUDA_VISIBLE_DEVICES": "0,1"}, None),
        (
            {
                "SLURM_STEP_TASKS_PER_NODE": "2",
                "CUDA_VISIBLE_DEVICES": "0,1,2,3",
                "SLURM_GPUS_PER_TASK": "4",
            },
            None,
        ),
        ({"SLURM_STEP_TASKS_PER_NODE": "8", "JAX_LOCAL_DEVICE_IDS": "6,7"}, None),
        # mpirun within a job of Slurm, which started one daemon a node.
        (
            {
                "SLURM_STEP_TASKS_PER_NODE": "1(x4)",
                "OMPI_MCA_orte_hnp_uri": "1531576320.0;tcp://10.96.0.1:34911",
                "OMPI_COMM_WORLD_SIZE": "32",
                "OMPI_COMM_WORLD_RANK": "11",
                "OMPI_COMM_WORLD_LOCAL_RANK": "3",
                "OMPI_COMM_WORLD_LOCAL_SIZE": "8",
            },
            (3,),
        ),
    ],
)
def test_processes_that_share_a_machine_have_a_gpu_each(
    variables, devices, monkeypatch
):
    common = {
        "SLURM_JOB_ID": "17",
        "SLURM_STEP_NODELIST": "node[003,007-009]",
        "SLURM_NTASKS": "32",
        "SLURM_PROCID": "11",
        "SLURM_LOCALID": "3",
    }
    for name, value in (common | variables).items():
        monkeypatch.setenv(name, value)
    rank = hosts.detect_rank(None, None, None)
    assert rank.devices == devices
    updated = {}
    monkeypatch.setattr(jax.config, "update", updated.__setitem__)
    hosts.take_devices(rank)
    expected = None if devices is None else ",".join(map(str, devices))
    assert updated.get("jax_cuda_visible_devices") == expected
    given = {}
    monkeypatch.setattr(rendezvous, "wait_for_hosts", lambda *_: None)
    monkeypatch.setattr(hosts, "_has_devices", lambda: False)
    monkeypatch.setattr(jax.distributed, "initialize", lambda *_, **k: given.update(k))
    hosts.join(rank, 10)
    assert given["local_device_ids"] == devices


def test_other_launchers_that_jax_knows_are_not_asked(monkeypatch):
    """Kubernetes' would ask a server, and refuse pods that are no such job."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert hosts.detect_rank(None, None, None) is None


def test_a_launcher_that_does_not_say_how_many_there_are_is_refused(monkeypatch):
    monkeypatch.setenv("OMPI_MCA_orte_hnp_uri", "1;tcp://10.96.0.1:34911")
    with pytest.raises(ValueError, match=r"does not say how many .* give --coordinat"):
        hosts.detect_rank(None, None, None)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("first:1234", None, None), "--hosts and --host must be given too"),
        ((None, 2, 0), "--coordinator must be given too"),
        (("first", 2, 0), "--coordinator must be HOST:PORT, got 'first'"),
        (("first:0", 2, 0), "--coordinator must be HOST:PORT"),
        (("first:1234", 2, 2), "--host must lie between 0 and --hosts - 1, got 2 of 2"),
        (("first:1234", 0, 0), "--host must lie between"),
    ],
)
def test_a_place_that_makes_no_sense_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        hosts.detect_rank(*given)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 1e10])
def test_a_timeout_must_be_positive_and_at_most_a_week(timeout):
    with pytest.raises(ValueError, match="must be > 0 and at most 604,800 seconds"):
        hosts.join(HostRank("127.0.0.1:1", 2, 1), timeout)


def call(count, present, timeout=20.0):
    """What each host that is present hears: None, or why it is to give up."""
    coordinator = f"127.0.0.1:{free_port()}"

    def hold(index):
        try:
            rendezvous.wait_for_hosts(HostRank(coordinator, count, index), timeout)
        except TimeoutError as error:
            return str(error)

    with ThreadPoolExecutor(len(present)) as pool:
        return dict(zip(present, pool.map(hold, present)))


def test_the_roll_is_called_until_all_are_there():
    assert call(3, [2, 0, 1]) == {0: None, 1: None, 2: None}


def test_hosts_that_do_not_arrive_are_named_to_all_that_do():
    heard = call(4, [0, 2], timeout=1.0)
    assert heard[0] == heard[2]
    assert heard[0].startswith("host 1, 3 of 4 did not arrive within 1 s")
    assert f"2 on {socket.gethostname()}" in heard[0]


def test_a_coordinator_that_does_not_arrive_is_named():
    (heard,) = call(2, [1], timeout=0.5).values()
    assert heard.startswith("host 0, the coordinator at 127.0.0.1:")


@pytest.mark.parametrize(
    "line", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\xff\xfe\n", b"", b"0\n", b"{}\n"]
)
def test_a_stranger_in_the_coordinators_place_is_not_believed(line):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer():
            connection, _ = server.accept()
            connection.sendall(line)
            connection.close()
            server.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(TimeoutError, match=r"^host 0, the coordinator at 127"):
            rendezvous.wait_for_hosts(HostRank(f"127.0.0.1:{port}", 2, 1), 1.0)
        thread.join(10)


def test_strangers_at_the_port_are_not_counted():
    port = free_port()
    first = threading.Thread(
        target=rendezvous.wait_for_hosts,
        args=(HostRank(f"127.0.0.1:{port}", 2, 0), 20.0),
    )
    first.start()
    for line in (
        b"GET / HTTP/1.1\r\n",
        b'{"a": 1}\n',
        b"[7]\n",
        b'["x", 2]\n',
        b"[5, 5]\n",
    ):
        with _connected(port) as stranger:
            stranger.sendall(line)
    rendezvous.wait_for_hosts(HostRank(f"127.0.0.1:{port}", 2, 1), 20.0)
    first.join(20)
    assert not first.is_alive()


def _connected(port):
    for _ in range(100):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=5)
        except ConnectionRefusedError:
            threading.Event().wait(0.05)
    raise AssertionError("nobody listens")


def test_a_port_that_is_taken_is_named():
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen at port {port}"):
            rendezvous.wait_for_hosts(HostRank(f"127.0.0.1:{port}", 2, 0), 5.0)


def test_one_host_decides_for_itself():
    assert hosts.is_first()
    assert hosts.on_first_host(lambda: [1]) == [1]
    assert hosts.first_then_others(lambda: "made") == "made"
    assert hosts.max_over_hosts(15) == 15


@pytest.fixture
def both(monkeypatch):
    """Calls a function with 0 and 1 on two hosts, threads that broadcast; the results.

    An error that it raises is a result.
    """
    here, sent = threading.local(), queue.Queue()
    meet, numbers = threading.Barrier(2), [0, 0]

    def broadcast(value):
        if here.index == 0:
            sent.put(value)
            return value
        found = sent.get(timeout=10)
        assert np.shape(value) == np.shape(found)
        return found

    def gather(number):
        numbers[here.index] = number
        meet.wait(10)
        return np.array(numbers)

    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(jax, "process_index", lambda: here.index)
    monkeypatch.setattr(multihost_utils, "broadcast_one_to_all", broadcast)
    monkeypatch.setattr(multihost_utils, "process_allgather", gather)

    def call(function):
        def on_host(index):
            here.index = index
            try:
                return function(index)
            except (ValueError, OSError) as error:
                return error

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(on_host, (0, 1)))

    return call


def test_the_first_host_alone_calls_and_all_have_its_result(both):
    called = []

    def make(index):
        called.append(index)
        return {"steps": [index, 7], "name": "ä"}

    found = both(lambda index: hosts.on_first_host(lambda: make(index)))
    assert found == [{"steps": [0, 7], "name": "ä"}] * 2
    assert called == [0]


def test_the_hosts_meet_before_one_keeps_the_others_waiting(both, monkeypatch):
    """Their first collective has a time limit."""
    met, broadcast = [], multihost_utils.broadcast_one_to_all

    def counted(value):
        if hosts.is_first():
            met.append(value)
        return broadcast(value)

    monkeypatch.setattr(multihost_utils, "broadcast_one_to_all", counted)
    own, other = both(lambda _: hosts.on_first_host(lambda: len(met)))
    assert own == other > 0


@pytest.mark.parametrize("error", [ValueError("no such set"), OSError("a full disk")])
def test_an_error_of_the_first_host_is_raised_on_all(both, error):
    def refuse():
        raise error

    own, others = both(lambda _: hosts.on_first_host(refuse))
    assert own is error
    assert isinstance(others, ValueError)
    assert str(others) == str(error)


def test_the_other_hosts_follow_the_first(both):
    called = []

    def make(index):
        threading.Event().wait(0.05 * (1 - index))
        called.append(index)
        return index

    assert both(lambda i: hosts.first_then_others(lambda: make(i))) == [0, 1]
    assert called == [0, 1]


def test_what_the_first_host_cannot_make_is_not_tried_by_others(both):
    called = []

    def refuse(index):
        called.append(index)
        raise ValueError("no such set")

    found = both(lambda i: hosts.first_then_others(lambda: refuse(i)))
    assert [str(each) for each in found] == ["no such set"] * 2
    assert called == [0]


def test_all_hosts_have_the_largest_number(both):
    assert both(lambda index: hosts.max_over_hosts((15, 2)[index])) == [15, 15]
    assert both(lambda index: hosts.max_over_hosts((0, 2)[index])) == [2, 2]
