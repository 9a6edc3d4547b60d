"""What would change: a draft against the version in force, over everything open and the last decisions.

    runs ──► comparing ──► open_ones  every subject of a population, both versions over columns (Polars)
                      └──► past       stored decisions on their facts, both versions by the oracle
         ──► models                   the finding, kept for a while; nothing else is ever written

Nothing here is a decision of record, and no lock to write is held while it computes.
"""
