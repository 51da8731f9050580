"""The crash proof: campaigns of random faults, every fault point, and planted bugs.

`python -m tests.kafka.crash --kills N --seed S [--workers 3]` runs a campaign and prints its row;
`python -m tests.kafka.crash --planted all` plants each bug and shows what the verdict says of it.
"""
