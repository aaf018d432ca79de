"""What the API server asks."""

from typing import Any

import hookbox
from hookbox import Rule

DEPLOYMENTS = {"resources": "deployments", "api_groups": "apps", "api_versions": "v1"}


@hookbox.validating("review.example.com", Rule(**DEPLOYMENTS, operations=["CREATE", "UPDATE"]))
def review(review: hookbox.Review) -> hookbox.Verdict:
    """Allows what somebody of the team `admins` asks for, and otherwise only small replicas."""
    if "admins" in review.user.get("groups", []):
        return hookbox.allow("an admin may do all")
    replicas = review.object["spec"].get("replicas", 1)
    if replicas == 13:
        raise hookbox.Failure("13 cannot be judged")
    if replicas > 5:
        return hookbox.deny(
            f"{review.name} has {replicas} replicas, and 5 are enough",
            "ask an admin",
            "or use fewer",
            audit={"replicas": replicas},
        )
    return hookbox.allow()


@hookbox.mutating("change.example.com", Rule(**DEPLOYMENTS, operations=["CREATE"]))
def change(review: hookbox.Review) -> None:
    """Labels with the namespace, and nothing when that is there."""
    labels = review.object["metadata"].setdefault("labels", {})
    labels.setdefault("from/namespace", review.namespace)


things = hookbox.Hook("convert")


@things.conversion("things.example.com", "v1", "v2")
def convert(thing: dict[str, Any], request: hookbox.ConversionRequest) -> dict[str, Any]:
    """From `v1`, where the spec is one text, to `v2`, where it has parts."""
    text = thing["spec"].get("text")
    if not isinstance(text, str):
        raise hookbox.Failure("the spec has no text")
    return {"spec": {"parts": text.split(" ")}}
