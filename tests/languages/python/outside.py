"""What has to be granted."""

import hookbox
from hookbox import Ref


@hookbox.hook(
    on_startup=3,
    capabilities={"http": [{"hosts": ["127.0.0.1"], "schemes": ["http"], "methods": ["GET", "POST"]}]},
)
def fetch(run: hookbox.Run) -> None:
    """Asks the server that its config values name."""
    server = run.config_values.get("/server", "")
    try:
        url = f"http://{server}/json"
        answer = hookbox.http.get(url, params={"q": 1}, headers={"x-asked-by": "a hook"})
    except hookbox.Refused as error:
        raise hookbox.Failure(f"no answer: {error.code}") from None
    version = answer.json()["version"]
    run.log.info("got", status=answer.status, kind=answer.header("content-type"), version=version)
    sent = {"name": "ü", "of": [1, 2]}
    answer = hookbox.http.post(f"http://{server}/echo", json=sent)
    run.log.info("echoed", status=answer.status, same=answer.json() == sent)
    missing = hookbox.http.get(f"http://{server}/missing")
    run.log.info("missing", status=missing.status, bytes=len(missing.body))
    for method, url in (("DELETE", f"http://{server}/json"), ("GET", "http://other.example/"), ("GET", "nonsense")):
        try:
            hookbox.http.request(method, url)
        except hookbox.Refused as error:
            run.log.info("refused", code=error.code)
    run.metrics.set("version", version)


@hookbox.hook(
    on_startup=4,
    capabilities={
        "kubernetes": [
            {"apiGroups": [""], "kinds": ["ConfigMap"], "namespaces": ["default"], "verbs": ["get", "list"]},
        ]
    },
)
def read(run: hookbox.Run) -> None:
    """Reads objects that it does not watch."""
    a = run.cluster.get(Ref("ConfigMap", "a", "default", "v1"))
    none = run.cluster.get(Ref("ConfigMap", "none", "default", "v1"))
    run.log.info("got", level=a["data"]["level"], none=none is None)
    listed = run.cluster.list("v1", "ConfigMap", namespace="default", labels="app=web", limit=2)
    run.log.info("listed", names=" ".join(one["metadata"]["name"] for one in listed))
    try:
        run.cluster.get(Ref("Secret", "s", "default", "v1"))
    except hookbox.Refused as error:
        run.log.info("refused", code=error.code)
