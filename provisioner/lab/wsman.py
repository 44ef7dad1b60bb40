"""WS-Management envelopes: a request's text in, an answer's or a fault's text out.

Shapes and fault texts as in the conversations recorded from Windows in github.com/jborean93/pypsrp,
`tests/responses/test_winrs_*.yml`.
"""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from html import escape

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
WSMAN_FAULT = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CMD_SHELL = f"{SHELL}/cmd"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identify/1/wsmanidentity.xsd"
FAULT_DETAIL = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
WMI_ERROR = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"
ANONYMOUS = f"{ADDRESSING}/role/anonymous"

MAX_ENVELOPE_BYTES = 512_000
"""MaxEnvelopeSizekb of current Windows: 500."""
MAX_TIMEOUT_SECONDS = 60.0
"""MaxTimeoutms of the service."""


class WsmanFault(Exception):
    """What the service answers instead: the Microsoft code, the SOAP subcode and a sentence."""

    def __init__(self, code: int, subcode: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.subcode = subcode
        self.reason = reason


class NotAnEnvelope(Exception):
    """The body is not XML that we read, so there is nothing to relate a fault to."""


@dataclass(frozen=True)
class Envelope:
    """The parts of a request that the service looks at."""

    action: str
    message_id: str
    resource: str
    shell_id: str
    max_envelope: int
    timeout_seconds: float
    options: dict[str, str]
    body: ET.Element

    @property
    def operation(self) -> str:
        """The action's last word in small letters: `create`, `command`, `receive`."""
        return self.action.rpartition("/")[2].lower()


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, _name: str, _pubid: str | None, _system: str | None) -> None:
        raise NotAnEnvelope("a document type is refused: entities could grow without bound")


def parse(text: bytes) -> Envelope:
    """Read a request. Raises `NotAnEnvelope`."""
    root = _root(text)
    body = root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or body is None:
        raise NotAnEnvelope("not a SOAP 1.2 envelope")
    identify = body.find(f"{{{IDENTITY}}}Identify") is not None
    return Envelope(
        action="identify" if identify else _header(root, ADDRESSING, "Action"),
        message_id=_header(root, ADDRESSING, "MessageID"),
        resource=_header(root, WSMAN, "ResourceURI"),
        shell_id=_named(root, "Selector").get("ShellId", ""),
        max_envelope=min(_whole_number(_header(root, WSMAN, "MaxEnvelopeSize"), 153_600), MAX_ENVELOPE_BYTES),
        timeout_seconds=min(
            seconds(_header(root, WSMAN, "OperationTimeout"), MAX_TIMEOUT_SECONDS), MAX_TIMEOUT_SECONDS
        ),
        options=_named(root, "Option"),
        body=body,
    )


def _root(text: bytes) -> ET.Element:
    parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314 - document types, and so entities, are refused
    try:
        parser.feed(text)
        return parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        # The last two for an encoding that expat does not know.
        raise NotAnEnvelope(str(error)) from error


def _header(root: ET.Element, namespace: str, name: str) -> str:
    return (root.findtext(f"{{{SOAP}}}Header/{{{namespace}}}{name}") or "").strip()


def _named(root: ET.Element, tag: str) -> dict[str, str]:
    rows = root.iterfind(f"{{{SOAP}}}Header/{{{WSMAN}}}{tag}Set/{{{WSMAN}}}{tag}")
    return {row.get("Name", ""): (row.text or "").strip() for row in rows}


def _whole_number(text: str, default: int) -> int:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else default


def seconds(duration: str, default: float) -> float:
    """An xs:duration of days, hours, minutes and seconds; `default` where it is none."""
    match = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", duration)
    if match is None or not any(match.groups()):
        return default
    days, hours, minutes, rest = (float(part or 0) for part in match.groups())
    return days * 86_400 + hours * 3600 + minutes * 60 + rest


def answer(request: Envelope, body: str) -> bytes:
    """The answer to a request: the action's name plus `Response`, related to the request's id."""
    return _envelope(f"{request.action}Response", request.message_id, body)


def identify_answer() -> bytes:
    """Identify's answer has no header (DSP0226, 11)."""
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{SOAP}"><s:Header/><s:Body>'
        f'<wsmid:IdentifyResponse xmlns:wsmid="{IDENTITY}">'
        f"<wsmid:ProtocolVersion>{WSMAN}</wsmid:ProtocolVersion>"
        "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        "<wsmid:ProductVersion>OS: 10.0.19044 SP: 0.0 Stack: 3.0</wsmid:ProductVersion>"
        "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()


def fault(message_id: str, problem: WsmanFault) -> bytes:
    """A fault as the service writes it; quota faults carry the code as a WMI error too."""
    code = f"<q:error_Code>{problem.code}</q:error_Code>"
    quota = "QuotaLimit" in problem.subcode
    wmi = f'<q:MSFT_WmiError xmlns:q="{WMI_ERROR}">{code}</q:MSFT_WmiError>' if quota else ""
    body = (
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value>"
        f"<s:Subcode><s:Value>{escape(problem.subcode)}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{escape(problem.reason)}</s:Text></s:Reason>'
        f'<s:Detail><f:WSManFault xmlns:f="{FAULT_DETAIL}" Code="{problem.code}" Machine="127.0.0.1">'
        f"<f:Message>{escape(problem.reason)}</f:Message></f:WSManFault>{wmi}</s:Detail></s:Fault>"
    )
    return _envelope(WSMAN_FAULT, message_id, body)


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:x="{TRANSFER}" '
        f'xmlns:w="{WSMAN}" xmlns:rsp="{SHELL}"><s:Header><a:Action>{escape(action)}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><a:To>{ANONYMOUS}</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
