"""Rule sets as data: read, checked, compiled, decided, explained, replayed.

rules/*.yaml ──language──► ir (typed) ──compile──► plan ──► engines/durable   the decision of record
                                                      └──► engines/closures  oracle, and what did not fire
facts (gathered by @fact providers, checked against rules/facts.yaml) ──► firings ──► outcome, stored with the facts
"""
