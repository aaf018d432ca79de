//! What has to be granted.

use hookbox_sdk::prelude::*;
use serde_json::Value;

/// Asks the server that its config values name.
#[hook(
    on_startup = 3,
    capabilities(http(hosts = ["127.0.0.1"], schemes = [http], methods = [GET, POST]))
)]
pub(crate) fn fetch(input: Input, out: &mut Effects) -> Result {
    let server: String = input.config_values().get("/server")?.unwrap_or_default();
    let asked = input.http().get(format!("http://{server}/json?q=1"));
    let answer = match asked.header("x-asked-by", "a hook").send() {
        Ok(answer) => answer,
        Err(error) => bail!("no answer: {}", error.code().unwrap_or_default()),
    };
    let body: Value = answer.json()?;
    info!("got"; status = answer.status, kind = answer.header("content-type").unwrap_or_default(), version = &body["version"]);
    let sent = json!({"name": "ü", "of": [1, 2]});
    let answer = input.http().post(format!("http://{server}/echo")).json(&sent).send()?;
    info!("echoed"; status = answer.status, same = (answer.json::<Value>()? == sent));
    let missing = input.http().get(format!("http://{server}/missing")).send()?;
    info!("missing"; status = missing.status, bytes = missing.body.len());
    for url in [format!("http://{server}/json"), "http://other.example/".to_owned(), "nonsense".to_owned()] {
        let method = if url.ends_with("json") { "DELETE" } else { "GET" };
        let refused = input.http().request(method, url).send().err();
        let code = refused.and_then(|error| error.code().map(str::to_owned));
        info!("refused"; code = code.unwrap_or_default());
    }
    out.metric("version").set(body["version"].as_f64().unwrap_or_default());
    Ok(())
}

/// Reads objects that it does not watch.
#[hook(
    on_startup = 4,
    capabilities(kubernetes(kinds = ["ConfigMap"], namespaces = ["default"], verbs = [get, list]))
)]
pub(crate) fn read(input: Input, _out: &mut Effects) -> Result {
    let cluster = input.cluster();
    let map = |name: &str| ObjectRef::config_map("default", name);
    let a: Option<Value> = cluster.get(&map("a"))?;
    let none: Option<Value> = cluster.get(&map("none"))?;
    let a = a.unwrap_or_default();
    info!("got"; level = a["data"]["level"].as_str().unwrap_or_default(), none = none.is_none());
    let mut names = Vec::new();
    cluster
        .list("v1", "ConfigMap")
        .namespace("default")
        .labels("app=web")
        .page_size(2)
        .each(|object: Value| {
            names.push(object["metadata"]["name"].as_str().unwrap_or_default().to_owned());
            Ok(())
        })?;
    info!("listed"; names = names.join(" "));
    let refused = cluster.get::<Value>(&ObjectRef::secret("default", "s")).err();
    let code = refused.and_then(|error| error.code().map(str::to_owned));
    info!("refused"; code = code.unwrap_or_default());
    Ok(())
}
