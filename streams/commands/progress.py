"""Progress on standard error for whatever takes longer than two seconds.

Nothing is drawn before, so a quick command stays silent; nothing at all where standard error is
no terminal, so logs hold no bars.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

SILENT_SECONDS: Final = 2.0
"""What is done before needs no bar."""
LOOK_EVERY_ITEMS: Final = 512
"""Items between two looks at the clock: at 20 us an item it is looked at each 10 ms."""

_Item = TypeVar("_Item")


def track(
    items: Iterable[_Item],
    title: str,
    total: int | None = None,
    done: Callable[[_Item], int] | None = None,
) -> Iterator[_Item]:
    """Yield the items, showing how far they are.

    `done` says how much of `total` is behind us with an item, in any unit; without it items are
    counted. `total` None: the end is not known, only the count is shown.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from items
        return
    begun = time.monotonic()
    bar: Progress | None = None
    count = 0
    try:
        for count, item in enumerate(items, 1):
            yield item
            if count % LOOK_EVERY_ITEMS:
                continue
            if bar is None and time.monotonic() - begun > SILENT_SECONDS:
                bar = _start(console, title, total)
            if bar is not None:
                behind = count if done is None else done(item)
                bar.update(bar.task_ids[0], completed=behind, count=count)
    finally:
        if bar is not None:
            bar.update(bar.task_ids[0], count=count)
            bar.stop()


def _start(console: Console, title: str, total: int | None) -> Progress:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]:,}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    bar.add_task(title, total=total, count=0)
    bar.start()
    return bar
