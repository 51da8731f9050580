"""What may happen to the local stores of a worker that is not running. Each says if it did."""

import shutil
from pathlib import Path
from random import Random


def delete_store(data_dir: Path, _random: Random) -> bool:
    """Delete everything."""
    stores = list(data_dir.iterdir()) if data_dir.exists() else []
    for store in stores:
        shutil.rmtree(store)
    return bool(stores)


def swap_stores(data_dir: Path, random: Random) -> bool:
    """Give one partition the store of another."""
    stores = _stores(data_dir)
    if len(stores) < 2:
        return False
    one, other = random.sample(stores, 2)
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)
    return True


def flip_bits(data_dir: Path, random: Random) -> bool:
    """Flip one bit in the largest file of each kind of one store."""
    stores = _stores(data_dir)
    if not stores:
        return False
    by_kind: dict[str, Path] = {}
    for path in sorted(random.choice(stores).iterdir(), key=lambda path: path.stat().st_size):
        if path.is_file() and path.stat().st_size and path.name != "LOCK":
            by_kind[path.name.split("-")[0] if "-" in path.name else path.suffix] = path
    if not by_kind:
        return False
    path = random.choice(sorted(by_kind.values()))
    raw = bytearray(path.read_bytes())
    raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    path.write_bytes(raw)
    return True


def _stores(data_dir: Path) -> list[Path]:
    """Return the local stores below a data directory."""
    return sorted(path for path in data_dir.glob("*/partition-*") if path.is_dir())
