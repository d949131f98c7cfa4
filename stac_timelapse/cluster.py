"""Where the work is done: a local cluster of processes, a running scheduler, or a cluster of a Dask Gateway."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dask
from distributed import Client, LocalCluster

from stac_timelapse.errors import InvalidInputError, ProviderError

#: A task waits for its bytes while another one computes; within a task many requests are under way (cube/granule).
_THREADS_PER_CORE = 2
_CONNECT_SECONDS = 10
#: Of the local workers. A scene that cannot be read is reported in one sentence, not as a traceback of theirs: a worker
#: sets up its logging before it is given any configuration. And Dask lets the allocator give every large array back at
#: once, while the pages of the next one cost a third of a build.
_ENVIRONMENT = {
    "DASK_LOGGING__DISTRIBUTED": "critical",
    "MALLOC_TRIM_THRESHOLD_": 1 << 26,
    "MALLOC_MMAP_THRESHOLD_": 1 << 25,
    "MALLOC_ARENA_MAX": 2,
}
_GATEWAY = "gateway:"
_ADDRESS = re.compile(r"(?:(?:tcp|tls|ws|wss|ucx|ucxx)://)?(?:\[[0-9a-fA-F:.]+\]|[\w.-]+):\d{1,5}")


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """What to compute on.

    Parameters
    ----------
    address
        ``tcp://host:port`` of a running Dask scheduler; ``gateway:NAME`` of a running cluster of the Dask Gateway
        that Dask's own configuration names; None starts a local cluster.
    workers
        Processes of a local cluster; 0 chooses by the number of cores.
    threads_per_worker
        Threads of each; 0 chooses, several a core because reading is waiting.
    processes
        Whether the local workers are processes of their own.
    """

    address: str | None = None
    workers: int = 0
    threads_per_worker: int = 0
    processes: bool = True

    def sized(self) -> tuple[int, int]:
        """Return ``(workers, threads per worker)`` for this machine."""
        cores = os.cpu_count() or 1
        workers = self.workers or max(1, min(cores // 2, 8))
        return workers, self.threads_per_worker or max(2, cores * _THREADS_PER_CORE // workers)


@contextmanager
def connect(spec: ClusterSpec | None = None) -> Iterator[Client]:
    """Yield a Dask client; a cluster started for it is closed with it.

    Raises
    ------
    InvalidInputError
        If the address is not one.
    ProviderError
        If no scheduler answers there.
    """
    spec = spec or ClusterSpec()
    if spec.address is not None:
        with _gateway(spec.address) if spec.address.startswith(_GATEWAY) else _scheduler(spec.address) as client:
            yield client
        return
    workers, threads = spec.sized()
    with (
        dask.config.set({f"distributed.nanny.pre-spawn-environ.{name}": value for name, value in _ENVIRONMENT.items()}),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            processes=spec.processes,
            host="127.0.0.1",
            protocol="tcp://",
            # Dask's own pages are not ours to serve, and its usual port may be another program's.
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        ) as cluster,
        # Results come from the workers themselves, not by way of the scheduler.
        Client(cluster, set_as_default=False, direct_to_workers=True) as client,
    ):
        yield client


def _scheduler(address: str) -> Client:
    if not _ADDRESS.fullmatch(address):
        raise InvalidInputError(
            f"{address!r} is not the address of a Dask scheduler: write it like tcp://127.0.0.1:8786."
        )
    try:
        return Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ProviderError(
            f"No Dask scheduler answers at {address}: start it (dask scheduler) or leave the address out."
        ) from error
    except ValueError as error:
        raise InvalidInputError(f"{address!r} is not an address of a Dask scheduler: {error}.") from error


def _gateway(address: str) -> Client:
    """Return a client of a gateway's cluster, which goes on when it is left."""
    name = address.removeprefix(_GATEWAY)
    try:
        from dask_gateway import Gateway, GatewayClusterError, GatewayServerError  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise InvalidInputError(
            f"{address!r} needs the package dask-gateway: pip install 'stac-timelapse-dashboard[gateway]'."
        ) from error
    where = dask.config.get("gateway.address", None)
    if not where:
        raise InvalidInputError(
            f"{address!r} needs a gateway: name it in Dask's configuration or in DASK_GATEWAY__ADDRESS."
        )
    try:
        # Not `with`: a gateway that was closed cannot be collected without an error.
        report = Gateway().get_cluster(name)
    except (ValueError, GatewayClusterError) as error:
        raise InvalidInputError(f"The gateway at {where} has no running cluster {name!r}: {error}.") from error
    except (OSError, TimeoutError, GatewayServerError) as error:
        raise ProviderError(f"The gateway at {where} does not answer ({error}): try again later.") from error
    if report.scheduler_address is None:
        raise InvalidInputError(f"The cluster {name!r} of the gateway at {where} is {report.status.name.lower()}.")
    try:
        return Client(
            report.scheduler_address, security=report.security, timeout=_CONNECT_SECONDS, set_as_default=False
        )
    except (OSError, TimeoutError) as error:
        raise ProviderError(
            f"The cluster {name!r} of the gateway at {where} does not answer: try again later."
        ) from error
