"""What operators see and do: which instances run where, what is stuck and why, how long things take, and how to help.

Reads here are bounded: aggregates in SQL over a window that the pages name, lists by pages, counts up to a limit.
Verbs are those of `processes.service`; this package tries them out first (`trying`) and does them in bulk (`batches`).
"""
