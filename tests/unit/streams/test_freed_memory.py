"""Freed buffers are used again without asking the system for their pages anew."""

import subprocess
import sys

BUFFERS = 64
ROUNDS = f"""
import resource
from streams.freed_memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    kept = [bytearray(1_000_000) for _ in range({BUFFERS})]
    kept = [bytes(each) for each in kept]
    del kept
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if KEEP:
    keep_freed_memory()
faults()
print(faults())
"""
PAGES = BUFFERS * 1_000_000 // 4096


def faults_of_a_second_round(*, keep: bool) -> int:
    """Return how many pages the system had to hand out once more, in a process of its own."""
    code = ROUNDS.replace("KEEP", str(keep))
    return int(subprocess.check_output([sys.executable, "-c", code], text=True))


def test_pages_of_freed_buffers_are_kept() -> None:
    """The second round finds the pages of the first; by default it gets nearly all anew."""
    assert faults_of_a_second_round(keep=True) < PAGES // 10
    assert faults_of_a_second_round(keep=False) > PAGES // 2
