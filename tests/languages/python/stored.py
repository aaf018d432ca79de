"""Values and metrics."""

import hookbox


@hookbox.hook(on_startup=2)
def values(run: hookbox.Run) -> None:
    """Reads, sets and removes values, and is refused."""
    values, config = run.values, run.config_values
    replicas = values.get("/web/replicas", 2, int)
    name = config.get("web.name", "nobody", str)
    values["/web/effective"] = {"replicas": replicas, "name": name}
    values["/web/hosts/-"] = "b.example"
    values["/web/a~1b"] = 1.5
    if "/web/old" in values:
        del values["/web/old"]
    config["/web/seen"] = True
    for refused in (
        lambda: values.set("/nowhere/at/all", None),
        lambda: values.remove("/web/old"),
        lambda: values.set("/web/hosts/x", 1),
    ):
        try:
            refused()
        except hookbox.Refused as error:
            run.log.info("refused", code=error.code)
    whole = values.get()
    run.log.info("values", hosts=" ".join(whole["web"]["hosts"]), replicas=whole["web"]["effective"]["replicas"])


@hookbox.hook(schedule=hookbox.Schedule("@hourly", name="measure"))
def metrics(run: hookbox.Run) -> None:
    """Every kind of metric."""
    run.metrics.group("old").expire()
    run.metrics.expire()
    run.metrics.add("mails_total", 3)
    run.metrics.add("checks_total", labels={"site": "a", "by": "hook"})
    run.metrics.set("length", -12.5, labels={"queue": "mäil"})
    run.metrics.observe("seconds", 0.3, [0.1, 0.5, 1], labels={"site": "a"})
    run.metrics.group("certificates").set("days", 30)
