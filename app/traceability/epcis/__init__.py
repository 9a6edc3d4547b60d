"""EPCIS 2.0 (ISO/IEC 19987) with CBV 2.0: our ledger as events, events of others, how goods and places are named."""
