"""The program of a measuring process: `python -m streams.bench.child JOB`."""

import importlib
import json
import os
import sys
from typing import Final

from streams.bench.jobs import Job, Kind
from streams.settings import Settings

MEASURES: Final[dict[Kind, tuple[str, str]]] = {
    "copy": ("copy_baseline", "measure_copy"),
    "copy_by_record": ("copy_baseline", "measure_copy_by_record"),
    "core": ("core_baseline", "measure_core"),
    "live": ("live_feed", "measure_live"),
    "stock": ("stock_baseline", "measure_stock"),
}
"""Kind of a job to its module and function."""


def main() -> None:
    """Run one job and print its answer as one line of JSON."""
    job, settings = Job.from_json(sys.argv[1]), Settings.from_environment(os.environ)
    # Only what is measured is imported: the baselines must not pay for each other.
    module, function = MEASURES[job.kind]
    answer = getattr(importlib.import_module(f"streams.bench.{module}"), function)(job, settings)
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    # Faust and the RocksDB client leave threads behind that have nothing left to do.
    os._exit(0)


if __name__ == "__main__":
    main()
