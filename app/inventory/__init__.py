"""Stock: warehouses, lots with expiry and QC status, the append-only ledger, reservations."""
