"""`make bench`: each figure as a ratio to a named baseline of the same run, the absolute figures beside it."""

from __future__ import annotations

from tests.bench import (
    bench_decide,
    bench_deploy,
    bench_engine,
    bench_hooks,
    bench_http,
    bench_inbox,
    bench_incremental,
    bench_jobs,
    bench_lists,
    bench_loops,
    bench_peer,
    bench_rerank,
    bench_scale,
    bench_simulate,
    bench_trace,
)


def main() -> None:
    """All benches, one after the other."""
    for title, bench in (
        ("Engine step against stock SpiffWorkflow", bench_engine.main),
        ("Loops at iteration 5,000 against iteration 10", bench_loops.main),
        ("Steps against npm bpmn-engine", bench_peer.main),
        ("Deploying", bench_deploy.main),
        ("One decision on each back end", bench_decide.main),
        ("A million open orders ranked", bench_rerank.main),
        ("A draft simulated over 100,000 open orders", bench_simulate.main),
        ("One change among 100,000 open orders", bench_incremental.main),
        ("The ranked lists at 100,000 open orders", bench_lists.main),
        ("Jobs", bench_jobs.main),
        ("HTTP", bench_http.main),
        ("Webhooks in: 500 a second, with kills", bench_hooks.main),
        ("The inbox at 100,000 open tasks", bench_inbox.main),
        ("PostgreSQL with much open and much finished", bench_scale.main),
        ("Recall scope over a million ledger rows", bench_trace.main),
    ):
        print(f"\n== {title}")
        bench()


if __name__ == "__main__":
    main()
