"""The manifests are ones that Kubernetes accepts, and say what docker-compose.yml says."""

import kubernetes_validate
import pytest
import yaml

from tests.manifests import FOLDER, KUSTOMIZATION, manifests
from workshop.paths import ROOT

MANIFESTS = manifests()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
DEPLOYMENTS = {
    one["metadata"]["name"]: one["spec"]["template"]["spec"]
    for one in MANIFESTS
    if one["kind"] == "Deployment"
}
# The broker has no listener for a machine outside of the cluster.
OTHERWISE = {
    "KAFKA_LISTENERS",
    "KAFKA_ADVERTISED_LISTENERS",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP",
    "KAFKA_HEAP_OPTS",
}


def named(manifest):
    return f"{manifest['kind']} {manifest['metadata']['name']}"


@pytest.mark.parametrize("manifest", MANIFESTS, ids=named)
def test_kubernetes_accepts_it(manifest):
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_what_kubernetes_does_not_know_is_refused():
    wrong = {**MANIFESTS[0], "speck": {}}
    with pytest.raises(kubernetes_validate.ValidationError, match="speck"):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


def test_all_files_are_used():
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == {*KUSTOMIZATION["resources"]}


def test_no_overlay_lies_in_what_it_lies_over():
    # Kustomize refuses that: "cycle detected".
    overlays = [path.parent for path in FOLDER.parent.rglob("kustomization.yaml")]
    for overlay in overlays:
        told = yaml.safe_load((overlay / "kustomization.yaml").read_text(encoding="utf-8"))
        for one in told["resources"]:
            resource = (overlay / one).resolve()
            assert resource.exists()
            assert resource not in (overlay, *overlay.parents)
    assert len(overlays) == 2


def test_the_services_and_images_are_those_of_compose():
    assert {
        name: [one["image"] for one in pod["containers"]] for name, pod in DEPLOYMENTS.items()
    } == {name: [service["image"]] for name, service in COMPOSE.items()}


def test_the_broker_is_set_up_as_in_compose():
    [settings] = [one["data"] for one in MANIFESTS if one["kind"] == "ConfigMap"]
    wanted = {name: str(value) for name, value in COMPOSE["kafka-broker"]["environment"].items()}
    assert settings.keys() == wanted.keys()
    differ = {name for name in wanted if settings[name] != wanted[name]}
    assert differ == OTHERWISE


@pytest.mark.parametrize("pod", DEPLOYMENTS.values(), ids=DEPLOYMENTS)
def test_no_pod_can_become_root(pod):
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
    assert not pod["automountServiceAccountToken"]
    for container in pod["containers"]:
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert not container["securityContext"]["allowPrivilegeEscalation"]
        assert container["resources"]["limits"]["memory"]
