"""Codes on goods, read and built: GS1 element strings, HIBC, ISBT 128. Pure: no database, no page.

    found = udi.read("]d20106912345000017" "17280600" "10LOT-A")
    found.di, found.lot_no, found.expires_on          # "06912345000017", "LOT-A", 2028-06-30
    gs1.human(gs1.device(di=…, lot_no=…))             # "(01)…(10)…"

What is wrong with a code is told as BadUdi: which part, and why.
"""

from app.catalog.udi import gs1, hibc, isbt
from app.catalog.udi.reading import LONGEST, BadUdi, Udi, issuer_of, read

__all__ = ["LONGEST", "BadUdi", "Udi", "gs1", "hibc", "isbt", "issuer_of", "read"]
