"""Failing, in every way."""

import hookbox


@hookbox.hook(on_startup=6)
def fail(run: hookbox.Run) -> None:
    """Fails as its config values say, after it asked for changes."""
    run.patch.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "never", "namespace": "default"}})
    run.patch.merge(
        hookbox.Ref("Node", "n1", api_version="v1"),
        {"status": {"phase": "Failed"}},
        subresource="status",
        ignore_hook_error=True,
    )
    run.log.debug("a detail", of="debug")
    run.log.warning("about to fail")
    run.log.error("now", code=7)
    match run.config_values.get("/how", ""):
        case "plain":
            raise hookbox.Failure("it did not work")
        case "after":
            raise hookbox.RetryAfter("not yet", 1.5)
        case "never":
            raise hookbox.NoRetry("this will not work")
        case "panic":
            run.log.info("", nothing=[][5])  # panics here
