"""The whole engine in a minute: `tollstream demo`.

Nothing in it is staged: a real Kafka, the real topics, the worker as a process of its own, started
as an operator starts it. The sample log is the generator's (`streams.generate`), so the same seed
makes the same calls; what the screens show is read from the ledger topic, and the verdict at the
end is the one of `audit replay`.

It never touches a deployment: topics, group and transactional ids carry a random name, settings of
the environment are not read (with `--brokers`, only those for TLS and passwords), and whatever it
started is stopped again, also after Ctrl-C, a failure or a closed terminal; `--keep` leaves it
running and says how to stop it.

`stage` what is started and stopped, `sample_log` what is sent, `watch` what comes out, `moments`
which records are worth telling, `verdict` the comparison, `screens` how it all looks.
"""
