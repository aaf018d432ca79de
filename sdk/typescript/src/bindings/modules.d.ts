// Generated from wit/ by hookbox-bindings. Do not edit.

declare module "hookbox:hook/snapshots@0.1.0" {
  const imported: import("./contract.js").Snapshots;
  export default imported;
}
declare module "hookbox:hook/values@0.1.0" {
  const imported: import("./contract.js").Values;
  export default imported;
}
declare module "hookbox:hook/config-values@0.1.0" {
  const imported: import("./contract.js").ConfigValues;
  export default imported;
}
declare module "hookbox:hook/object-patches@0.1.0" {
  const imported: import("./contract.js").ObjectPatches;
  export default imported;
}
declare module "hookbox:hook/metrics@0.1.0" {
  const imported: import("./contract.js").Metrics;
  export default imported;
}
declare module "hookbox:hook/log@0.1.0" {
  const imported: import("./contract.js").Log;
  export default imported;
}
declare module "hookbox:hook/cluster@0.1.0" {
  const imported: import("./contract.js").Cluster;
  export default imported;
}
declare module "hookbox:hook/http@0.1.0" {
  const imported: import("./contract.js").Http;
  export default imported;
}
