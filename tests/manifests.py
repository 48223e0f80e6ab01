"""The manifests of k8s/base/, as they are used without an overlay."""

from __future__ import annotations

from typing import Any

import yaml

from workshop.paths import ROOT

FOLDER = ROOT / "k8s" / "base"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))


def manifests() -> list[dict[str, Any]]:
    """All of them, read again each time."""
    return [
        manifest
        for name in KUSTOMIZATION["resources"]
        for manifest in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
    ]
