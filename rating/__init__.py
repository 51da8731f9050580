"""What it means: the pure rating core. No I/O, no clock, no randomness, no floats."""
