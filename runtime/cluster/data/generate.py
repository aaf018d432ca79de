#!/usr/bin/env python3
"""Writes kinds.txt and types.txt from a running kube-apiserver (any admin KUBECONFIG; kubectl on the PATH).

kinds.txt, one line a resource:
    group version Kind plural singular N|C short,names categories verbs [subresource:group/version/Kind:verbs ...]   (- is empty)
types.txt, one block a type: `T name [atomic]`, then one line a field: `name[*] type [options]`
    type: s string, i int32, l int64, n number, b bool, y bytes, t time, u micro time, q quantity, x int or string,
          o free object, j any JSON, @Name another type, [type] list, {type} map
    *     required;  m=k1,k2 list keyed by fields;  m=set;  m=atomic;  p=strategy:key patch strategy;  d=JSON default
"""
import json, subprocess, re, sys

def raw(path):
    return json.loads(subprocess.run(["kubectl", "get", "--raw", path], check=True, capture_output=True).stdout)

PREFIX = [("io.k8s.apimachinery.pkg.apis.meta.", "meta."), ("io.k8s.api.", ""),
          ("io.k8s.apiextensions-apiserver.pkg.apis.", ""), ("io.k8s.kube-aggregator.pkg.apis.", ""),
          ("io.k8s.apimachinery.pkg.", "")]
def short(name):
    for a, b in PREFIX:
        if name.startswith(a): return b + name[len(a):]
    return name

SCALAR = {"meta.v1.Time": "t", "meta.v1.MicroTime": "u", "api.resource.Quantity": "q", "util.intstr.IntOrString": "x",
          "runtime.RawExtension": "o", "meta.v1.FieldsV1": "o", "apiextensions.v1.JSON": "j",
          "apiextensions.v1.JSONSchemaPropsOrBool": "j", "apiextensions.v1.JSONSchemaPropsOrArray": "j",
          "apiextensions.v1.JSONSchemaPropsOrStringArray": "j"}
used = set()
def typ(s):
    ref = s.get("$ref")
    if not ref and s.get("allOf"): ref = s["allOf"][0]["$ref"]
    if ref:
        n = short(ref.split("/")[-1])
        if n in SCALAR: return SCALAR[n]
        used.add(n); return "@" + n
    t, f = s.get("type"), s.get("format")
    if t == "array": return "[" + typ(s["items"]) + "]"
    if t == "object":
        return "{" + typ(s["additionalProperties"]) + "}" if "additionalProperties" in s else "o"
    if t == "string": return {"byte": "y", "date-time": "t", "int-or-string": "x"}.get(f, "s")
    if t == "integer": return "i" if f == "int32" else "l"
    if t == "number": return "n"
    if t == "boolean": return "b"
    return "j"

kinds, groups = [], [("", "v1")]
def subs(plural, resources, gv):
    out = []
    for r in resources:
        if r["name"].startswith(plural + "/"):
            g = r.get("group", gv.split("/")[0] if "/" in gv else "") ; v = r.get("version", gv.split("/")[-1])
            out.append(f'{r["name"].split("/",1)[1]}:{g}/{v}/{r["kind"]}:{",".join(r["verbs"])}')
    return out
def lines(group, version, doc):
    rs = doc["resources"]; gv = doc["groupVersion"]
    for r in rs:
        if "/" in r["name"]: continue
        d = lambda x: x or "-"
        kinds.append(" ".join([d(group), version, r["kind"], r["name"], d(r.get("singularName")), "N" if r["namespaced"] else "C",
            d(",".join(r.get("shortNames", []))), d(",".join(r.get("categories", []))), ",".join(r["verbs"])] + subs(r["name"], rs, gv)))
lines("", "v1", raw("/api/v1"))
for g in raw("/apis")["groups"]:
    v = g["preferredVersion"]["version"]
    groups.append((g["name"], v))
    lines(g["name"], v, raw(f'/apis/{g["name"]}/{v}'))
open("kinds.txt", "w").write("\n".join(kinds) + "\n")

schemas = {}
for g, v in groups + [("autoscaling", "v1")]:
    for n, s in raw("/openapi/v3/" + (f"apis/{g}/{v}" if g else "api/v1"))["components"]["schemas"].items():
        schemas.setdefault(short(n), s)
roots = {short(n) for n, s in schemas.items() if any(k["kind"] not in ("DeleteOptions", "WatchEvent") for k in s.get("x-kubernetes-group-version-kind", []))}
out, seen, todo = {}, set(), sorted(r for r in schemas if r in {short(x) for x in roots} and not r.endswith("List"))
while todo:
    n = todo.pop()
    if n in seen or n in SCALAR: continue
    seen.add(n); s = schemas[n]; used.clear()
    rows = []
    for f, p in sorted(s.get("properties", {}).items()):
        row = f + ("*" if f in s.get("required", []) else "") + " " + typ(p)
        lt = p.get("x-kubernetes-list-type")
        if lt == "map": row += " m=" + ",".join(p["x-kubernetes-list-map-keys"])
        elif lt: row += " m=" + lt
        if p.get("x-kubernetes-map-type") == "atomic": row += " m=atomic"
        if "x-kubernetes-patch-strategy" in p: row += f' p={p["x-kubernetes-patch-strategy"]}:{p.get("x-kubernetes-patch-merge-key","")}'
        d = p.get("default")
        if d not in (None, {}, "", 0, False): row += " d=" + json.dumps(d, separators=(",", ":"))
        rows.append(row)
    out[n] = ("T " + n + (" atomic" if s.get("x-kubernetes-map-type") == "atomic" else ""), rows)
    todo += sorted(used - seen)
with open("types.txt", "w") as f:
    for n in sorted(out):
        f.write(out[n][0] + "\n"); f.writelines(r + "\n" for r in out[n][1])
print(len(kinds), "kinds", len(out), "types", file=sys.stderr)
