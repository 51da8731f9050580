"""The Faust app of a worker: stock Faust around the transactional chunk lane."""

import dataclasses
from collections.abc import Callable
from typing import Any, Final

import faust
from faust.types.auth import CredentialsT

from streams.agent import attach_agent
from streams.calendar_zones import load_calendar
from streams.clock import SystemClock
from streams.engine import build_engine
from streams.kafka.clients import METADATA_MAX_AGE_MS, REQUEST_TIMEOUT_MS, tls_context
from streams.kafka.timer_link import KafkaTimerLink
from streams.kafka.topics import DELETE_RETENTION_MS
from streams.lane.assignor import steady_assignor
from streams.lane.chunk_rating import EngineRater
from streams.lane.consumer import (
    WholeChunk,
    chunk_transport,
    hand_out_plain_records,
    raise_group_failure,
)
from streams.lane.fault_points import Faults
from streams.lane.lanes import Lanes
from streams.lane.limits import CACHE_BYTES_MAX, CHUNKS_QUEUED_MAX, FETCH_BYTES_MAX
from streams.lane.partition_lane import PartitionLane
from streams.lane.transaction import KafkaPartitionLog, shorten_transaction_backoff
from streams.leaving import Leaving
from streams.measures import Measures
from streams.pages import attach_pages
from streams.settings import Settings
from streams.tables.local_rows import RocksRows, StoreBudget
from streams.tables.table_store import TableStore
from streams.timers import TICK_SECONDS, DueRules, Timer
from streams.worker_references import WorkerReferences

HEARTBEATS_PER_SESSION: Final = 6
"""A worker is given up after six heartbeats in vain."""
NEVER_SECONDS: Final = 10 * 365 * 86_400.0
"""aiokafka leaves the group for ever when nobody fetched for its poll interval, as of a worker that
has no partition, or that catches up for long. Whether there is progress `/health` tells."""
TOMBSTONE_SHARE: Final = 0.9
"""Part of the tombstones' life after which a local store counts as too old; the rest is for clocks
that differ."""


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerApp:
    """A worker's Faust app and what its command and its pages look into."""

    app: Any
    lanes: Lanes
    references: WorkerReferences
    timer: Timer
    leaving: Leaving


def build_app(settings: Settings, faults: Faults) -> WorkerApp:
    """Return the app of one worker; nothing is connected yet."""
    shorten_transaction_backoff()
    hand_out_plain_records(frozenset({settings.events_topic}))
    app = faust.App(settings.app_id, **_faust_settings(settings))
    references = WorkerReferences(settings)
    clock = SystemClock()
    rules = DueRules(settings, load_calendar(), references)
    timer = Timer(
        settings,
        rules=rules,
        defaults=references,
        link=KafkaTimerLink(settings),
        clock=clock,
        faults=faults,
    )
    measures = Measures(clock)
    opener = _lane_opener(settings, references, rules, measures, faults)
    lanes = Lanes(settings.events_topic, opener)
    app.transport = chunk_transport(app, lanes)
    topic = app.topic(settings.events_topic, value_serializer=WholeChunk(), value_type=None)
    attach_agent(app, topic, lanes)
    worker_app = WorkerApp(app, lanes, references, timer, Leaving())
    _follow_assignment(app, lanes)
    _attach_timer(app, timer, lanes)
    _attach_stop(worker_app)
    if settings.web_port:
        attach_pages(app, lanes, measures, timer)
    return worker_app


def _attach_timer(app: Any, timer: Timer, lanes: Lanes) -> None:
    """Let Faust call the timer; a failure stops the worker like any other."""

    async def tick() -> None:
        try:
            raise_group_failure(app)
            await timer.tick(list(lanes.by_partition.values()))
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker stops
            lanes.stop(error)

    app.timer(interval=TICK_SECONDS, name="due")(tick)


def _attach_stop(worker_app: WorkerApp) -> None:
    """Let Faust's shutdown close what is ours: the lanes first, all else only lets go of Kafka."""

    async def stopping(_app: Any, **_: Any) -> None:
        await worker_app.lanes.finish()
        worker_app.leaving.lanes_closed()
        await worker_app.timer.close()
        await worker_app.references.close()

    worker_app.app.on_before_shutdown.connect(stopping, weak=False)


def _lane_opener(
    settings: Settings,
    references: WorkerReferences,
    rules: DueRules,
    measures: Measures,
    faults: Faults,
) -> Callable[[int, Callable[[BaseException], None]], PartitionLane[Any]]:
    """Return what makes a partition's lane; budgets and the engine are shared by all lanes."""
    clock, budget = SystemClock(), StoreBudget.standard()
    rater = EngineRater(build_engine(references), references, settings.events_topic)
    # A worker may own every partition when it is alone; then each lane has its share.
    cache_bytes = CACHE_BYTES_MAX // settings.partitions

    def open_lane(partition: int, fail: Callable[[BaseException], None]) -> PartitionLane[Any]:
        rows = RocksRows(settings.data_dir / settings.app_id / f"partition-{partition}", budget)
        return PartitionLane(
            partition,
            app_id=settings.app_id,
            log=KafkaPartitionLog(settings, partition, clock, faults),
            rows=rows,
            tables=TableStore(
                rows, cache_bytes=cache_bytes, due_of=rules.due_us, basis=rules.basis
            ),
            rater=rater,
            clock=clock,
            faults=faults,
            tombstone_age_seconds=DELETE_RETENTION_MS / 1000 * TOMBSTONE_SHARE,
            fail=fail,
            witness=measures,
        )

    return open_lane


def _follow_assignment(app: Any, lanes: Lanes) -> None:
    """Open and close lanes with Faust's public signals."""

    async def assigned(_app: Any, partitions: Any, **_: Any) -> None:
        await lanes.assigned(tp.partition for tp in partitions if tp.topic == lanes.events_topic)

    async def revoked(_app: Any, _partitions: Any, **_: Any) -> None:
        await lanes.close()

    app.on_partitions_assigned.connect(assigned, weak=False)
    app.on_partitions_revoked.connect(revoked, weak=False)


def _faust_settings(settings: Settings) -> dict[str, Any]:
    """Return Faust's settings; each that is not its default has its reason beside it."""
    session_seconds = float(settings.session_timeout_seconds)
    return {
        "broker": [f"kafka://{broker}" for broker in settings.brokers],
        "broker_credentials": _credentials(settings),
        "broker_client_id": f"{settings.app_id}-{settings.worker_id}",
        "datadir": str(settings.data_dir / settings.app_id / "faust"),
        "consumer_group_instance_id": settings.worker_id,  # static: a restart stalls nobody
        "broker_session_timeout": session_seconds,
        "broker_heartbeat_interval": session_seconds / HEARTBEATS_PER_SESSION,
        "broker_request_timeout": max(REQUEST_TIMEOUT_MS / 1000, session_seconds + 10),
        "broker_max_poll_interval": NEVER_SECONDS,
        "broker_rebalance_timeout": max(session_seconds, 30.0),
        "consumer_max_fetch_size": FETCH_BYTES_MAX,
        "consumer_auto_offset_reset": "earliest",  # the gap check stops what this would hide
        "stream_buffer_maxsize": CHUNKS_QUEUED_MAX,
        "stream_wait_empty": True,  # a rebalance waits for the chunk in work
        "processing_guarantee": "at_least_once",  # the lane has its own transactions
        # Faust has no table here, so there is no standby; this chooses its sticky assignor.
        "table_standby_replicas": 1,
        "PartitionAssignor": steady_assignor(settings.events_topic, settings.partitions),
        "consumer_metadata_max_age_ms": METADATA_MAX_AGE_MS,
        "topic_partitions": settings.partitions,
        "topic_replication_factor": settings.replication,
        "topic_allow_declare": False,  # `tollstream topics create` makes them, with settings
        "topic_disable_leader": True,  # nothing here needs a leader
        "value_serializer": "raw",
        "key_serializer": "raw",
        "worker_redirect_stdouts": False,
        "web_enabled": bool(settings.web_port),
        "web_bind": settings.web_host,
        "web_port": settings.web_port or None,
        # Faust's assignor tells workers apart by this name. The group remembers a static member's
        # between two starts, so it must not change with the port: Faust asserts that it is equal.
        "canonical_url": f"http://{settings.worker_id}:1",
        "web_tables_enabled": False,  # Faust's pages would serve rows (X5)
        "web_router_enabled": False,
        "web_stats_enabled": False,
        "web_graph_enabled": False,
        "web_metrics_enabled": False,
    }


def _credentials(settings: Settings) -> CredentialsT | None:
    context = tls_context(settings)
    if settings.security_protocol.startswith("SASL_"):
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password,
            ssl_context=context,
            mechanism=settings.sasl_mechanism,
        )
    if context is not None:
        return faust.SSLCredentials(context=context)
    return None
