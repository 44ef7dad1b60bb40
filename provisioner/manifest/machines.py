"""From declared terminals and servers to machines: no two alike, and one that is both is one."""

from __future__ import annotations

from provisioner.manifest.complaint import Complaints
from provisioner.manifest.connect import same_address
from provisioner.manifest.site import DeclaredHost, DeclaredSite, Host
from provisioner.manifest.tree import Listing, Section, Tree, follow, plain, text_of
from provisioner.resources import ALL

_LISTS = ("terminals", "servers")


def check_machines(whole: Section, complaints: Complaints) -> None:
    """Complain of names and addresses that stand twice in one role, and of roles that contradict.

    Also of one Windows name for two machines, and of a site without any.
    """
    by_role = [_hosts_of(whole, role) for role in _LISTS]
    _check_computer_names([host for hosts in by_role for host in hosts], complaints)
    for hosts in by_role:
        _check_names(hosts, complaints)
        _check_addresses(hosts, complaints)
    terminals, servers = ({_folded_name(host): host for host in hosts} for hosts in by_role)
    for name in terminals.keys() & servers.keys() - {""}:
        _check_both(terminals[name], servers[name], complaints)
    if not complaints and not any(by_role):
        site = whole.entries.get("site")
        at = site.key if site else whole.origin
        complaints.add(at, "empty", "no host is declared.", "List hosts below 'terminals:' or 'servers:'.")


def check_items(declared: DeclaredSite, whole: Section, complaints: Complaints) -> None:
    """Complain of two items of one kind on one host that mean the same thing."""
    for role in _LISTS:
        for place, host in enumerate(getattr(declared, role)):
            for kind in (kind for kind in ALL if kind.section):
                first: dict[str, Tree] = {}
                for at, item in enumerate(getattr(host, kind.section) or ()):
                    tree = follow(whole, (role, place, kind.section, at))[1]
                    taken = first.setdefault(item.key, tree)
                    if taken is not tree:
                        what = f"this stands here already, in line {taken.origin.line}."
                        complaints.add(tree.origin, "duplicate-item", what, "Keep one of the two.")


def machines(declared: DeclaredSite) -> tuple[Host, ...]:
    """The hosts in the order of the manifest, terminals first."""
    together: dict[str, list[DeclaredHost]] = {}
    entries: list[DeclaredHost] = [*declared.terminals, *declared.servers]
    for entry in entries:
        together.setdefault(entry.name.casefold(), []).append(entry)
    return tuple(_machine(parts, declared) for parts in together.values())


def _machine(parts: list[DeclaredHost], declared: DeclaredSite) -> Host:
    windows = [part.maintenance_window for part in parts if part.maintenance_window]
    order = {kind.kind: place for place, kind in enumerate(ALL)}
    resources = [resource for part in parts for resource in part.resources()]
    return Host(
        name=parts[0].name,
        roles=tuple(part.role for part in parts),
        connect=parts[0].connect,
        window=windows[0] if windows else declared.maintenance_window,
        resources=tuple(sorted(resources, key=lambda resource: order[resource.kind])),
    )


def _hosts_of(whole: Section, role: str) -> list[Section]:
    listing = whole.get(role)
    items = listing.items if isinstance(listing, Listing) else ()
    return [item for item in items if isinstance(item, Section)]


def _folded_name(host: Section) -> str:
    return (text_of(host.get("name")) or "").casefold()


def _check_names(hosts: list[Section], complaints: Complaints) -> None:
    first: dict[str, Tree] = {}
    for host in hosts:
        tree = host.get("name")
        name = _folded_name(host)
        if tree is None or not name:
            continue
        if name in first:
            what = f"this name is taken already, in line {first[name].origin.line}."
            complaints.add(
                tree.origin, "duplicate-name", what, "Give each host its own; case does not count."
            )
        first.setdefault(name, tree)


def _check_computer_names(hosts: list[Section], complaints: Complaints) -> None:
    """All hosts of a site stand in one network, where Windows takes a name once, without case."""
    first: dict[str, tuple[str, Tree]] = {}
    for host in hosts:
        tree = host.get("computer_name")
        declared = tree.get("name") if isinstance(tree, Section) else tree
        name = (text_of(declared) or "").casefold()
        if declared is None or not name:
            continue
        taken_by, taken = first.setdefault(name, (_folded_name(host), declared))
        if taken is not declared and taken_by != _folded_name(host):
            what = f"another host has this computer name already, in line {taken.origin.line}."
            next_step = "Give each host its own; case does not count."
            complaints.add(declared.origin, "duplicate-computer-name", what, next_step)


def _check_addresses(hosts: list[Section], complaints: Complaints) -> None:
    first: dict[str, tuple[int, Tree]] = {}
    for place, host in enumerate(hosts):
        for tree in _addresses(host):
            taken_by, taken = first.setdefault(same_address(text_of(tree) or ""), (place, tree))
            if taken_by != place:
                what = f"another host has this address already, in line {taken.origin.line}."
                complaints.add(tree.origin, "duplicate-address", what, "Give each host its own address.")


def _addresses(host: Section) -> list[Tree]:
    found = (follow(host, ("connect", key)) for key in ("address", "first_address"))
    return [tree for steps, tree in found if len(steps) == 2 and text_of(tree)]


def _check_both(terminal: Section, server: Section, complaints: Complaints) -> None:
    ways = terminal.entries.get("connect"), server.entries.get("connect")
    if ways[0] and ways[1] and plain(ways[0].value) != plain(ways[1].value):
        what = "this machine is a terminal too, and is reached differently there."
        complaints.add(ways[1].key, "two-roles", what, "Declare the same 'connect' in both places.")
    for key in ("maintenance_window", *(kind.place() for kind in ALL)):
        in_terminal, in_server = terminal.entries.get(key), server.entries.get(key)
        if in_terminal and in_server:
            what = f"this machine is a terminal too, and has '{key}' there, in line {in_terminal.key.line}."
            complaints.add(in_server.key, "two-roles", what, "Keep one of the two.")
