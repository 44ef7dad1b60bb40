"""One group as a reading found it: its members against those that a manifest names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.resources.administrators import ADMINISTRATORS, built_in
from provisioner.resources.local_group_names import WELL_KNOWN_ACCOUNTS, is_sid


@dataclass(frozen=True)
class LiveGroup:
    """`sids` and `unknown` are by the words of the manifest; a word in neither means nobody."""

    sid: str
    """Empty where there is no such group."""
    name: str
    description: str
    members: tuple[str, ...]
    sids: Mapping[str, str]
    unknown: Mapping[str, str]
    """Accounts of domains that could not be asked, with what went wrong."""
    local: Mapping[str, str]
    """Names of the machine's own accounts by SID."""
    strangers: Mapping[str, str | None]
    """Names of other members by SID; None where nobody that could be asked knows one."""

    @property
    def administers(self) -> bool:
        """Whether it is Administrators, whatever it is called."""
        return self.sid == ADMINISTRATORS

    def has(self, word: str) -> bool | None:
        """Whether this account is a member; None is unknown."""
        return None if word in self.unknown else self.sids.get(word) in self.members

    def beside(self, words: Sequence[str]) -> list[str]:
        """SIDs of members that none of these words means."""
        meant = {self.sids.get(word) for word in words}
        return [sid for sid in self.members if sid not in meant]

    def kept(self, words: Sequence[str]) -> list[str]:
        """Those that Windows lets nobody take out: the built-in administrator."""
        return [
            sid
            for sid in self.beside(words)
            if self.administers and sid in self.local and built_in(sid) == "Administrator"
        ]

    def removable(self, words: Sequence[str]) -> list[str]:
        """SIDs of members that must go where these words are all there shall be."""
        kept = self.kept(words)
        return [sid for sid in self.beside(words) if sid not in kept]

    def word(self, sid: str) -> str:
        """A member as a manifest would say it."""
        return self.local.get(sid) or self.strangers.get(sid) or sid

    def orphans(self) -> list[str]:
        """Members whom nobody knows."""
        return [sid for sid in self.members if sid in self.strangers and self.strangers[sid] is None]


def live_group(raw: Mapping[str, Any], key: str, words: Sequence[str]) -> LiveGroup:
    """From what the read script says of it."""
    row, aside = raw["groups"][key] or {}, raw["aside"]["groups"][key]
    local = {account["sid"]: account["name"] for account in raw["aside"]["local"]}
    sids = {word: word for word in words if is_sid(word)}
    unknown: dict[str, str] = {}
    for account in aside["accounts"]:
        if account["unknown"] is not None:
            unknown[account["name"]] = account["unknown"]
        elif found := account["sid"] or _well_known(account["name"], local):
            sids[account["name"]] = found
    return LiveGroup(
        str(row.get("sid", "")),
        str(row.get("name", "")),
        str(row.get("description", "")),
        tuple(aside["members"]),
        sids,
        unknown,
        local,
        aside["strangers"],
    )


def _well_known(word: str, local: Mapping[str, str]) -> str | None:
    """`Administrator` is called otherwise on a Swedish machine, and `Guest` on a German one too."""
    end = WELL_KNOWN_ACCOUNTS.get(word.casefold())
    return next((sid for sid in local if end and sid.endswith(end)), None)
