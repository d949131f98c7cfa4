"""Parse XML that people bring, without expanding entities, and forgiving what map programs get wrong."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from stac_timelapse.errors import InvalidInputError

_PREFIX = re.compile(rb"</?([A-Za-z_][\w.-]*):")
_ROOT_END = re.compile(rb"<(?![?!])[^\s/>]+")
_XML_UNBOUND_PREFIX = 27  # expat's number of "unbound prefix"


def parsed(data: bytes, filename: str) -> Element:
    """Return the root element of an XML document.

    Raises
    ------
    InvalidInputError
        If it is not complete XML, cannot be decoded, or defines entities.
    """
    data = data.lstrip()
    try:
        try:
            return fromstring(data)
        except ParseError as error:
            if error.code != _XML_UNBOUND_PREFIX:
                raise
            # Many a program writes <gx:Track> and forgets to declare gx.
            return fromstring(_with_prefixes(data))
    except DefusedXmlException as error:
        raise InvalidInputError(
            f"{filename} defines XML entities, which are not read for safety: save it again from a map program."
        ) from error
    except ParseError as error:
        raise InvalidInputError(
            f"{filename} is damaged at line {error.position[0]}: it is not complete XML. Export it again."
        ) from error
    except (ValueError, LookupError) as error:
        raise InvalidInputError(f"{filename} is damaged: its text cannot be decoded. Export it again.") from error


def tag_of(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def text_of(element: Element, name: str) -> str:
    """Return the text of the first child of that name, however it is marked up; empty without one."""
    return next(("".join(child.itertext()).strip() for child in element if tag_of(child) == name), "")


def _with_prefixes(data: bytes) -> bytes:
    root = _ROOT_END.search(data)
    if root is None:
        return data
    head = data[root.end() : data.find(b">", root.end())]
    missing = sorted(prefix for prefix in set(_PREFIX.findall(data)) if b"xmlns:" + prefix not in head)
    declarations = b"".join(b' xmlns:%s="undeclared:%s"' % (prefix, prefix) for prefix in missing)
    return data[: root.end()] + declarations + data[root.end() :]
