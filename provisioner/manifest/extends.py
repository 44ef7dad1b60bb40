"""A manifest and the bases it extends, merged: maps by key, lists of named things by name."""

from __future__ import annotations

import os
from pathlib import Path

from provisioner.manifest.complaint import Complaints
from provisioner.manifest.masking import TOP_KEYS
from provisioner.manifest.reading import read_tree
from provisioner.manifest.tree import Entry, Listing, Section, Tree, text_of

LONGEST_CHAIN = 10


def read_whole(path: Path, complaints: Complaints) -> Section | None:
    """The manifest with everything it extends; None where something cannot be read."""
    home = _home(path)
    chain: list[Section] = []
    seen: set[Path] = set()
    following: Path | None = path
    while following is not None:
        seen.add(following.resolve())
        section = _read_section(following, len(chain), complaints)
        if section is None:
            return None
        chain.append(section)
        following = _base_of(section, following, home, seen, complaints)
    whole = chain.pop()
    while chain:
        whole = _merged_section(whole, chain.pop())
    return whole.without("extends")


def _home(path: Path) -> Path:
    """A base must lie below this: a manifest must not show lines of any file of the computer."""
    for folder in path.resolve().parents:
        if (folder / ".git").exists():
            return folder
    return path.resolve().parent.parent


def _read_section(path: Path, order: int, complaints: Complaints) -> Section | None:
    tree = read_tree(path, path.as_posix(), order, complaints)
    if tree is None or (isinstance(tree, Section) and tree.entries.keys() & TOP_KEYS):
        return tree
    # No word of it: what was named by mistake may be a file of passwords.
    what = "this is no manifest: a manifest is a map with 'site', 'terminals', 'servers'."
    complaints.add(tree.origin, "type", what, "Name a manifest, or begin this one with 'site: NAME'.")
    return None


def _base_of(
    section: Section, path: Path, home: Path, seen: set[Path], complaints: Complaints
) -> Path | None:
    declared = section.get("extends")
    if declared is None:
        return None
    relative = text_of(declared)
    fault = "'extends' must be the path of one file."
    if relative and "\0" not in relative:
        base = Path(os.path.normpath(path.parent / relative))
        fault = _refused(base, home, seen)
        if not fault:
            return base
    complaints.add(declared.origin, "extends", fault, "Name a YAML file, relative to this one.", spoils=True)
    return None


def _refused(base: Path, home: Path, seen: set[Path]) -> str:
    real = base.resolve()
    if real in seen:
        return "this file extends itself."
    if len(seen) >= LONGEST_CHAIN:
        return f"more than {LONGEST_CHAIN} files extend each other."
    if not real.is_relative_to(home):
        return "this file lies outside the repository."
    return "" if real.is_file() else "this file does not exist."


def _merged(base: Tree, over: Tree) -> Tree:
    if isinstance(base, Section) and isinstance(over, Section):
        return _merged_section(base, over)
    if isinstance(base, Listing) and isinstance(over, Listing):
        named, overriding = _by_name(base), _by_name(over)
        if named is not None and overriding is not None:
            return _merged_listing(named, over)
    return over


def _merged_section(base: Section, over: Section) -> Section:
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        below = base.get(key)
        entries[key] = entry if below is None else Entry(entry.key, _merged(below, entry.value))
    return Section(entries, over.origin)


def _by_name(listing: Listing) -> dict[str, Tree] | None:
    """The items by name, or None where one has none; an empty list has names for nothing."""
    names = [text_of(item.get("name")) if isinstance(item, Section) else None for item in listing.items]
    if not names or None in names:
        return None
    return {str(name): item for name, item in zip(names, listing.items, strict=True)}


def _merged_listing(base: dict[str, Tree], over: Listing) -> Listing:
    waiting = dict(base)
    own: dict[str, Tree] = {}
    added: list[Tree] = []
    for item in over.items:
        name = str(text_of(item.get("name"))) if isinstance(item, Section) else ""
        if name in waiting:
            own[name] = _merged(waiting.pop(name), item)
        else:
            # A second item of one name is kept beside the first, so that the duplicate is seen.
            added.append(item)
    return Listing((*(own.get(name, item) for name, item in base.items()), *added), over.origin)
