"""What a measurement with slack says of a clock."""

from __future__ import annotations

from provisioner.resources.base import Reply


def within(reply: Reply, limit_ms: int) -> bool | None:
    """Whether the clock is no farther off than that, by a measurement with slack (see `Reply`).

    Off only where every offset that the measurement allows is off, so a slow network never moves a correct
    clock. Right where the offset at the arrival is. In between, an answer that was late or a clock that is
    behind by little more than the limit look alike: unknown.
    """
    if reply.clock_offset_ms is None:
        return None
    least, most = reply.clock_offset_ms, reply.clock_offset_ms + reply.clock_slack_ms
    if abs(least) <= limit_ms:
        return True
    return False if least > limit_ms or most < -limit_ms else None
