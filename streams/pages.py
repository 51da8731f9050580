"""The worker's HTTP pages: `/health`, `/ready`, `/metrics`, on loopback by default.

They are served by Faust's web server, whose own pages are off: they would show rows (X5).
"""

from typing import Any

from streams.lane.lanes import Lanes
from streams.measures import Measures
from streams.timers import Timer


def attach_pages(app: Any, lanes: Lanes, measures: Measures, timer: Timer) -> None:
    """Register the pages; they show numbers of this process only."""

    async def health(web: Any, _request: Any) -> Any:
        good = measures.is_healthy(lanes.by_partition, timer)
        return web.text("ok\n" if good else "no progress\n", status=200 if good else 503)

    async def ready(web: Any, _request: Any) -> Any:
        good = bool(lanes.by_partition) and lanes.all_ready()
        return web.text("ready\n" if good else "catching up\n", status=200 if good else 503)

    async def metrics(web: Any, _request: Any) -> Any:
        page = measures.page(lanes.by_partition, timer)
        return web.bytes(page, content_type="text/plain; version=0.0.4", status=200)

    app.page("/health", name="health")(health)
    app.page("/ready", name="ready")(ready)
    app.page("/metrics", name="metrics")(metrics)
