// Values and metrics.

import { defineHook, isRefused } from "@hookbox/sdk";

// Reads, sets and removes values, and is refused.
export const values = defineHook({
  name: "values",
  config: { onStartup: 2 },
  run({ values, configValues, log }) {
    const replicas = values.get<number>("/web/replicas") ?? 2;
    const name = configValues.get<string>("web.name") ?? "nobody";
    values.set("/web/effective", { replicas, name });
    values.set("/web/hosts/-", "b.example");
    values.set("/web/a~1b", 1.5);
    if (values.exists("/web/old")) values.remove("/web/old");
    configValues.set("/web/seen", true);
    const refused = [
      () => values.set("/nowhere/at/all", null),
      () => values.remove("/web/old"),
      () => values.set("/web/hosts/x", 1),
    ];
    for (const of of refused) {
      let code = "";
      try {
        of();
      } catch (thrown) {
        if (!isRefused(thrown)) throw thrown;
        code = thrown.code;
      }
      log.info("refused", { code });
    }
    const whole = values.get<{ web: { hosts: string[]; effective: { replicas: number } } }>("");
    log.info("values", { hosts: whole?.web.hosts.join(" "), replicas: whole?.web.effective.replicas });
  },
});

// Every kind of metric.
export const metrics = defineHook({
  name: "metrics",
  config: { schedule: [{ name: "measure", crontab: "@hourly" }] },
  run({ metrics }) {
    metrics.group("old").expire();
    metrics.expire();
    metrics.add("mails_total", 3);
    metrics.add("checks_total", 1, { site: "a", by: "hook" });
    metrics.set("length", -12.5, { queue: "mäil" });
    metrics.observe("seconds", 0.3, [0.1, 0.5, 1], { site: "a" });
    metrics.group("certificates").set("days", 30);
  },
});
