"""Webhooks out: who subscribed to which events is told of them, signed, in the order of each business key.

feeding       the feed of events (core/outbox) → a delivery for each subscription that wants it, exactly once
delivering    due deliveries are sent, tried again for three days, held while the endpoint does not answer
"""
