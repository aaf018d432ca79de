//! Values and metrics.

use hookbox_sdk::prelude::*;
use serde_json::Value;

/// Reads, sets and removes values, and is refused.
#[hook(on_startup = 2)]
pub(crate) fn values(input: Input, _out: &mut Effects) -> Result {
    let (values, config) = (input.values(), input.config_values());
    let replicas: u32 = values.get("/web/replicas")?.unwrap_or(2);
    let name: Option<String> = config.get("web.name")?;
    let name = name.unwrap_or_else(|| "nobody".into());
    values.set("/web/effective", &json!({"replicas": replicas, "name": name}))?;
    values.set("/web/hosts/-", "b.example")?;
    values.set("/web/a~1b", &1.5)?;
    if values.exists("/web/old")? {
        values.remove("/web/old")?;
    }
    config.set("/web/seen", &true)?;
    for path in ["/nowhere/at/all", "/web/old", "web"] {
        let refused = match path {
            "/web/old" => values.remove(path),
            "web" => values.set("/web/hosts/x", &1),
            _ => values.set(path, &Value::Null),
        };
        let code = refused.err().and_then(|error| error.code().map(str::to_owned));
        info!("refused"; code = code.unwrap_or_default());
    }
    let whole: Value = values.get("")?.unwrap_or_default();
    let hosts = whole["web"]["hosts"].as_array();
    let hosts: Vec<&str> = hosts.into_iter().flatten().filter_map(Value::as_str).collect();
    info!("values"; hosts = hosts.join(" "), replicas = &whole["web"]["effective"]["replicas"]);
    Ok(())
}

/// Every kind of metric.
#[hook(schedule(name = "measure", crontab = "@hourly"))]
pub(crate) fn metrics(_input: Input, out: &mut Effects) -> Result {
    out.expire("old");
    out.expire_own();
    out.metric("mails_total").add(3.0);
    out.metric("checks_total").label("site", "a").label("by", "hook").increment();
    out.metric("length").label("queue", "mäil").set(-12.5);
    out.metric("seconds").label("site", "a").observe(0.3, &[0.1, 0.5, 1.0]);
    out.metric("days").group("certificates").set(30.0);
    Ok(())
}
