"""Five partner simulators (CRM, ERP, MES, WMS, TMS) that drive orders from entry to proof of delivery by signed
webhooks: `python -m tests.partners --help`, `make partners`."""
