"""Bases: what merges, what is replaced, where a fault in a base is shown, and what may not be a base."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.errors import ManifestError
from provisioner.manifest.load import load
from tests.manifest.written import HOST

BASE = f"""\
vars: {{zone: Europe/Stockholm, ntp: [192.0.2.1]}}
terminals:
  - name: cr1
    {HOST % 21}
    clock: {{time_zone: "{{{{ zone }}}}", ntp: "{{{{ ntp }}}}"}}
    power: {{sleep: never}}
  - name: cr2
    {HOST % 22}
"""


def written(folder: Path, **files: str) -> Path:
    """`sites/<name>.yaml` for each, and the path of the site among them."""
    for name, text in files.items():
        file = folder / "sites" / (f"{name}/site.yaml" if name == "site" else f"{name}.yaml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder / "sites" / "site"


def complaints(site: Path) -> list[str]:
    with pytest.raises(ManifestError) as refused:
        load(site)
    return [str(one).rpartition("sites/")[2] for one in refused.value.complaints]


def test_maps_merge_and_named_things_merge_by_name(tmp_path: Path) -> None:
    site = """\
extends: ../base.yaml
site: harbour
vars: {ntp: [192.0.2.9]}
terminals:
  - name: cr3
    connect: {address: 192.0.2.23, username: a, password: {env: A}}
  - {name: cr1, power: {display_off: 2 h}}
"""
    hosts = load(written(tmp_path, base=BASE, site=site)).hosts
    assert [host.name for host in hosts] == ["cr1", "cr2", "cr3"]
    clock, power = (setting.model_dump(mode="json", exclude_none=True) for setting in hosts[0].resources)
    assert clock["time_zone"] == "Europe/Stockholm"
    assert [server["host"] for server in clock["ntp"]] == ["192.0.2.9"]
    assert power.keys() == {"sleep", "display_off"}


def test_a_chain(tmp_path: Path) -> None:
    site = "site: harbour\nextends: ../middle.yaml\n"
    found = load(written(tmp_path, base=BASE, middle="extends: base.yaml\nvars: {zone: UTC}\n", site=site))
    assert [host.resources[0].model_dump()["time_zone"] for host in found.hosts[:1]] == ["UTC"]


def test_a_fault_is_shown_in_the_file_where_it_stands(tmp_path: Path) -> None:
    base = BASE.replace("sleep: never", "sleep: 5")
    site = "site: harbour\nextends: ../base.yaml\nbogus: 1\nterminals:\n  - {name: cr2, clok: {}}\n"
    found = complaints(written(tmp_path, base=base, site=site))
    assert [one.partition(" ")[0] for one in found] == [
        "site/site.yaml:3:1:",
        "site/site.yaml:5:17:",
        "base.yaml:6:20:",
    ]


def test_a_name_that_stands_twice_is_not_merged_away(tmp_path: Path) -> None:
    site = "site: harbour\nextends: ../base.yaml\nterminals: [{name: cr1}, {name: cr1}]\n"
    found = complaints(written(tmp_path, base=BASE, site=site))
    assert any("this name is taken already, in line 3" in one for one in found)


REFUSED = {
    "site.yaml": "extends itself",
    "../loop.yaml": "extends itself",
    "../nowhere.yaml": "does not exist",
    "..": "does not exist",
    "../../../outside.yaml": "outside the repository",
    "/etc/hostname": "outside the repository",
    "": "must be the path of one file",
    "[a, b]": "must be the path of one file",
}


@pytest.mark.parametrize("path", REFUSED)
def test_bases_that_are_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "outside.yaml").write_text("site: x\n", encoding="utf-8")
    folder = tmp_path / "repository"
    site = written(folder, loop="extends: site/site.yaml\n", site=f"site: harbour\nextends: {path}\n")
    (found,) = complaints(site)
    assert REFUSED[path] in found
    assert found.startswith("loop.yaml:1:10" if "loop" in path else "site/site.yaml:2:")


def test_a_link_does_not_lead_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("secret line\n", encoding="utf-8")
    site = written(tmp_path / "repository", site="site: harbour\nextends: ../link.yaml\n")
    try:
        (site.parent / "link.yaml").symlink_to(outside)
    except OSError:
        pytest.skip("this system makes no symbolic links for us")
    assert "outside the repository" in complaints(site)[0]


def test_a_long_chain(tmp_path: Path) -> None:
    files = {f"b{n}": f"extends: b{n + 1}.yaml\n" for n in range(12)}
    found = complaints(written(tmp_path, **files, site="site: harbour\nextends: ../b0.yaml\n"))
    assert "more than 10 files" in found[0]
