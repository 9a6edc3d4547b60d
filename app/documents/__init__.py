"""Papers: versioned documents with number, content, hash, signatures, PDF in both languages, time of retention.

document = service.issue_document(actor, "delivery_note", Subject("shipment", …), DeliveryNote(…))
files.pdf_of(document, "zh_Hans")
"""
