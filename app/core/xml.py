"""XML from anywhere: no document types, no entities, no network, limited size and depth."""

from __future__ import annotations

from typing import Any

from lxml import etree

from app.core.i18n import _

DEEPEST = 60


class XmlRefused(ValueError):
    """Why a document is not read, in words."""


def parse(xml: bytes, largest: int, *, whole: bool = False) -> Any:
    """The root element; with `whole` comments and processing instructions too. Raises XmlRefused."""
    if len(xml) > largest:
        raise XmlRefused(_("The file is larger than %(limit)s KB.", limit=largest // 1024))
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=not whole,
        remove_pis=not whole,
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise XmlRefused(_("This is not well-formed XML: %(reason)s", reason=str(error)[:200])) from None
    document: Any = root.getroottree()
    if document.docinfo.doctype:
        raise XmlRefused(_("A document type declaration is not allowed."))
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise XmlRefused(_("The elements are nested too deeply."))
        level = [child for node in level for child in node]
    return root
