"""All that a component can export, in Python, and ways to fail."""

from datetime import datetime

import greeting  # A package that the project depends on.
import hookbox


def name_of(one):
    if one["metadata"]["name"] == "bad":
        raise ValueError("a bad one")
    return {"name": one["metadata"]["name"]}


every = hookbox.Hook("all", kubernetes=hookbox.Kubernetes("ConfigMap", name="maps", api_version="v1", filter=name_of))
rules = hookbox.Rule("configmaps", operations="CREATE", api_versions="v1")


@every.run
def run(run):
    for context in run.contexts:
        print(context.binding, context.kind, len(context.objects))
    run.log.info("seen", names=list(run.snapshots["maps"].filter_results()), greeting=greeting.hello())
    run.log.debug("parsed", year=datetime.strptime("2026-11-21", "%Y-%m-%d").year)


@every.validating("validate.example.com", rules)
def validate(review):
    return hookbox.deny(f"no {review.name}", "w1", "w2", audit={"k": "v"})


@every.mutating("mutate.example.com", rules)
def mutate(review):
    review.object["data"] = {"by": review.binding}


@every.conversion("things.example.com", "v1", "v2", name="convert")
def convert(thing, request):
    return thing | {"apiVersion": f"example.com/{request.to_version}", "from": request.from_version}


@hookbox.hook(on_startup=1)
def raises(run):
    [][7]


@hookbox.hook(on_startup=1)
def never(run):
    raise hookbox.NoRetry("there is no use")


@hookbox.hook(on_startup=1)
def late(run):
    import csv  # noqa: F401


@hookbox.hook(on_startup=1)
def later(run):
    run.values["/no/parent"] = 1
