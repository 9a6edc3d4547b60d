"""Webhooks in: what other systems tell us, taken durably, then mapped to what is to be done here.

receiving    POST /hooks/<source>: who sends (authentication), what (envelopes), one INSERT, 202
processing   in the worker: in the order of each business key, one transaction an event
mapping      a designer's rules: when, action, fields; tried out by `dry_run`
actions      what can be done: orders, stock, lots, processes, messages
"""
