"""What the Kafka tests are made of: a deployment, worker processes, reading, expecting, verifying.

The verdict never comes from the engine's own counters. The events topic is read back; what must
have come out is rated from it without Kafka, and each input is looked for in the outputs by
nothing but its envelope.
"""
