"""What ask.ps1's `Write-Frame` prints: one ASCII line, digest first."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from typing import Any


def compact(content: Any) -> str:
    """JSON on one line, as ConvertTo-Json -Compress writes it."""
    return json.dumps(content, separators=(",", ":"))


def frame_line(content: Mapping[str, Any]) -> bytes:
    """`@provisioner <sha256 of the gzip bytes> <base64 of them>`, with the console's line end."""
    packed = gzip.compress(compact(content).encode("ascii"), mtime=0)
    return b"@provisioner %s %s\r\n" % (hashlib.sha256(packed).hexdigest().encode(), base64.b64encode(packed))
