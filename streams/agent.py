"""The Faust agent: takes chunks of one partition after the other to their lane."""

from functools import partial
from typing import Any

from streams.lane.lanes import Lanes


def attach_agent(app: Any, topic: Any, lanes: Lanes) -> None:
    """Register the agent that rates the events topic.

    `isolated_partitions` gives each partition its own actor and queue, so one that waits for the
    broker does not hold up the others. Faust's acknowledgement is left to the lane (`noack`),
    and an exception never reaches Faust, which would acknowledge what failed: the process ends.
    """

    async def rate(stream: Any) -> None:
        async for event in stream.noack().events():
            message = event.message
            lane = lanes.lane_of(message.partition)
            stale = message.generation_id != app.consumer_generation_id
            if lane is None or stale or not lane.ready:
                message.ack(app.consumer)  # queued before a rebalance: will come again
                continue
            try:
                await lane.offer(event.value, partial(message.ack, app.consumer))
            except Exception as error:  # noqa: BLE001 - whatever it is, the worker stops
                lanes.stop(error)

    app.agent(topic, isolated_partitions=True, name="rate")(rate)
