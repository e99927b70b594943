"""How fast our engines are, side by side with others and with the limit; run with `make bench`.

`python -m benchmarks` from the root of the repository runs all (about a quarter of an hour), prints the tables and writes them to
`benchmarks/RESULTS.md`; `--quick` takes a minute with fewer rounds and customers, and `--only peers` one part. The peers from the
registry are the extra `bench`; what is not installed is left out, and the table says so.

Two workloads (`workloads.py`; `w1.toml` and `w2.toml` are the scenario files for a million customers): an open journey, and the
same with a service desk. Every run has a process of its own, rounds are interleaved (A B C, A B C, ...), and the figure is the
median of CPU time: the engine alone with its whole log in memory, without imports and compilation, without files and measures.
Before any time is reported the engines must agree on how often stages are visited (`agreement.py`).
"""
