// Generated from wit/ by hookbox-bindings. Do not edit.
import snapshots from "hookbox:hook/snapshots@0.1.0";
import values from "hookbox:hook/values@0.1.0";
import configValues from "hookbox:hook/config-values@0.1.0";
import objectPatches from "hookbox:hook/object-patches@0.1.0";
import metrics from "hookbox:hook/metrics@0.1.0";
import log from "hookbox:hook/log@0.1.0";
import cluster from "hookbox:hook/cluster@0.1.0";
import http from "hookbox:hook/http@0.1.0";
/** The host of a component. */
export const imports = { snapshots, values, configValues, objectPatches, metrics, log, cluster, http };
