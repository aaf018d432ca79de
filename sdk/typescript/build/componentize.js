#!/usr/bin/env node
// Makes a component of a project: checks types, bundles, and puts the bundle into the engine.
//
//     hookbox-componentize [--project FOLDER] [--out FILE] [--color]
//
// Exit codes: 0, 1 where the code is not in order, 2 where the project is not, 3 where a tool is missing.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const SDK = dirname(dirname(fileURLToPath(import.meta.url)));
/** What the engine calls the bundle in stack traces. */
const BUNDLE = /componentize-qjs:[^:()\s]*:(\d+)(?::(\d+))?/g;
/** Where a project's hooks are, unless `main` of its package.json says so. */
const ENTRIES = ["src/index.ts", "src/index.js", "src/index.mjs", "index.ts", "index.js", "index.mjs"];

/** Ends of the names of what can be part of a component, or say how it is made. */
const SOURCES = [".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx", ".json", ".wit", ".txt"];

/** Something that keeps a component from being made. */
class Fault extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const { values: given } = parseArgs({
  options: {
    project: { type: "string", default: "." },
    out: { type: "string", default: "target/typescript/component.wasm" },
    color: { type: "boolean", default: false },
  },
});
const project = realpathSync(given.project);
const out = resolve(project, given.out);

try {
  mkdirSync(dirname(out), { recursive: true });
  const main = entry();
  const record = `${out}.of.json`;
  const before = existsSync(out) && existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : { outside: [] };
  const first = fingerprint(main, before.outside);
  if (before.inputs !== first) {
    rmSync(record, { force: true });
    // Types do not change what the bundle is: both at the same time.
    const checking = checkTypes();
    checking.catch(() => {});
    const source = await bundle(main);
    // What was saved meanwhile may have been bundled as it was before: then nobody knows what this was made of.
    const same = fingerprint(main, before.outside) === first;
    const inputs = same ? fingerprint(main, source.outside) : "changed";
    const component = await componentize(source);
    await checking;
    writeFileSync(out, component);
    writeFileSync(record, JSON.stringify({ inputs, outside: source.outside }));
  }
} catch (thrown) {
  const message = thrown instanceof Fault ? thrown.message : (thrown?.stack ?? String(thrown));
  process.stderr.write(`${message.trimEnd()}\n`);
  process.exitCode = thrown instanceof Fault ? thrown.code : 3;
}

/** The module that exports the hooks. */
function entry() {
  const manifest = join(project, "package.json");
  let main;
  try {
    main = JSON.parse(readFileSync(manifest, "utf8")).main;
  } catch (thrown) {
    throw new Fault(2, `${manifest}: ${thrown.message}`);
  }
  if (main !== undefined && typeof main !== "string") throw new Fault(2, `${manifest}: main is no text`);
  if (main !== undefined && !existsSync(join(project, main))) {
    throw new Fault(2, `${manifest}: main is ${JSON.stringify(main)}, which is not there`);
  }
  const found = main ?? ENTRIES.find((name) => existsSync(join(project, name)));
  if (!found) throw new Fault(2, `${manifest}: main does not say which file exports the hooks, and there is no ${ENTRIES[0]}`);
  return found;
}

/** Of all that the component is made of: the project's files and those outside of it, the SDK, the packages. */
function fingerprint(main, outside) {
  const hash = createHash("sha256").update(JSON.stringify([process.version, main]));
  const add = (file) => {
    const content = existsSync(file) ? readFileSync(file) : Buffer.from("none");
    hash.update(`${file}\0${content.length}\0`).update(content);
  };
  const addAll = (folder, top = true) => {
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const { name } = entry;
      if (name.startsWith(".") || name === "node_modules" || (top && name === "target")) continue;
      if (entry.isDirectory()) addAll(join(folder, name), false);
      else if (entry.isFile() && SOURCES.includes(extname(name))) add(join(folder, name));
    }
  };
  addAll(project);
  for (const part of ["build", "dist", "wit"]) addAll(join(SDK, part));
  add(join(project, "node_modules", ".package-lock.json"));
  outside.forEach(add);
  return hash.digest("hex");
}

/** All modules as one, with where its lines come from. */
async function bundle(main) {
  const esbuild = await import("esbuild");
  const source = JSON.stringify(`./${relative(project, join(project, main)).replaceAll("\\", "/")}`);
  const outfile = join(dirname(out), "bundle.js");
  let built;
  try {
    built = await esbuild.build({
      absWorkingDir: project,
      stdin: {
        contents: [
          'import "@hookbox/sdk/prelude";',
          `import * as project from ${source};`,
          'import { component } from "@hookbox/sdk/component";',
          "export const { hooks, filters, admission, conversion } = component(project);",
        ].join("\n"),
        resolveDir: project,
        sourcefile: "hookbox-entry.js",
      },
      bundle: true,
      charset: "utf8",
      define: { "process.env.NODE_ENV": '"production"' },
      external: ["hookbox:*", "wasi:*"],
      format: "esm",
      keepNames: false,
      legalComments: "none",
      logLevel: "silent",
      metafile: true,
      outfile,
      // Packages that are for browsers, too, want nothing of Node.js there.
      platform: "browser",
      sourcemap: "external",
      sourcesContent: false,
      // The engine runs no jobs within a call: the SDK's promises do, which `async` functions must be made of.
      supported: { "async-await": false, "async-generator": false, "for-await": false, "top-level-await": false },
      target: "es2023",
      treeShaking: true,
      write: false,
    });
  } catch (thrown) {
    if (!thrown.errors) throw thrown;
    const texts = await esbuild.formatMessages(thrown.errors.map(explained), { kind: "error", color: given.color });
    throw new Fault(1, texts.join(""));
  }
  if (built.warnings.length > 0) {
    const texts = await esbuild.formatMessages(built.warnings, { kind: "warning", color: given.color });
    process.stderr.write(texts.join(""));
  }
  const text = (ending) => built.outputFiles.find((file) => file.path.endsWith(ending)).text;
  const { mappings, sources } = JSON.parse(text(".map"));
  const folder = dirname(outfile);
  const paths = sources.map((path) => resolve(folder, path));
  const origins = {
    sources: paths.map((path) => relative(project, path)),
    places: places(mappings, paths.map((path) => path.startsWith(SDK) || path.endsWith("hookbox-entry.js"))),
  };
  // Nobody reads it before something is thrown.
  const told = JSON.stringify(JSON.stringify(origins));
  const bundled = `${text("bundle.js")}\nglobalThis.__hookboxOrigins = ${told};\n`;
  // For whoever wants to see what is in the component.
  writeFileSync(outfile, bundled);
  const outside = Object.keys(built.metafile.inputs)
    .map((path) => resolve(project, path))
    .filter((path) => relative(project, path).startsWith("..") && !path.startsWith(SDK) && existsSync(path));
  return { bundled, origins, outside };
}

/** What a message of the bundler means for a component. */
function explained(message) {
  const [, name] = /^Could not resolve "(?:node:)?([^"]+)"$/.exec(message.text) ?? [];
  if (!name || /^[./#]/.test(name)) return message;
  const isBuiltin = createRequire(import.meta.url)("node:module").isBuiltin(name);
  const [, owner] = /^((?:@[^/]+\/)?[^/]+)/.exec(name) ?? [];
  if (!isBuiltin && existsSync(join(project, "node_modules", owner))) {
    // Nothing is there at run time that could be left out of the bundle.
    return { ...message, notes: message.notes.filter(({ text }) => !text.includes("as external")) };
  }
  const text = isBuiltin
    ? `"${name}" is a module of Node.js, which is not there in a component: a hook has no files, sockets or processes`
    : `the package "${owner}" is not there: name it in the "dependencies" of package.json, and run npm install`;
  return { ...message, notes: [{ text }] };
}

/** The bundle in the engine, started. */
async function componentize({ bundled, origins }) {
  let engine;
  try {
    engine = await import("componentize-qjs");
  } catch (thrown) {
    throw new Fault(3, `componentize-qjs cannot be loaded: ${thrown.message}`);
  }
  try {
    const made = await engine.componentize({
      witPath: join(SDK, "wit"),
      world: "component",
      jsSource: bundled,
      sync: true,
    });
    return made.component;
  } catch (thrown) {
    throw new Fault(1, mapped(said(thrown.message), origins));
  }
}

/** Of what the engine says, what the code has thrown while it was loaded. */
function said(message) {
  const [, text] = /Failed to finish JavaScript module evaluation: (?:Error: )?(.*)/s.exec(message) ?? [];
  return text === undefined ? message : `thrown while the module is loaded: ${text}`;
}

/** A text with places of the bundle, with those of the author instead. */
function mapped(text, { sources, places: all }) {
  return text.replace(BUNDLE, (whole, line, column = "1") => {
    const [at, before] = [Number(line) - 1, Number(column) - 1];
    let found;
    for (let i = 0; i < all.length && (all[i] < at || (all[i] === at && all[i + 1] <= before)); i += 4) found = i;
    if (found === undefined) return whole;
    return all[found + 2] < 0 ? "the SDK" : `${sources[all[found + 2]]}:${all[found + 3] + at - all[found] + 1}`;
  });
}

/**
 * Of a source map's mappings (version 3) what cannot be told from the place before: see src/trace.ts. What is of no
 * interest comes from nowhere.
 */
function places(mappings, isOwn) {
  const all = [];
  let [source, original] = [0, 0];
  let last;
  mappings.split(";").forEach((text, line) => {
    let column = 0;
    for (const part of text.split(",")) {
      const numbers = vlq(part);
      if (numbers.length === 0) continue;
      column += numbers[0];
      if (numbers.length < 4) continue;
      source += numbers[1];
      original += numbers[2];
      const own = isOwn[source];
      if (last && last.source === (own ? -1 : source) && (own || last.original + line - last.line === original)) continue;
      last = { line, source: own ? -1 : source, original: own ? 0 : original };
      all.push(line, column, last.source, last.original);
    }
  });
  return all;
}

/** Base64 VLQ: 5 bits a digit, lowest first, the sign in the lowest. */
function vlq(text) {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const all = [];
  let [value, shift] = [0, 0];
  for (const digit of text) {
    const bits = digits.indexOf(digit);
    value += (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    all.push(value & 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return all;
}

/** What TypeScript's own compiler says. */
function checkTypes() {
  if (!existsSync(join(project, "tsconfig.json"))) return Promise.resolve();
  let compiler;
  try {
    const manifest = createRequire(join(project, "package.json")).resolve("typescript/package.json");
    compiler = join(dirname(manifest), JSON.parse(readFileSync(manifest, "utf8")).bin.tsc);
  } catch {
    process.stderr.write("types are not checked: package.json names no typescript in its devDependencies\n");
    return Promise.resolve();
  }
  const info = join(dirname(out), "types.tsbuildinfo");
  const options = ["--project", project, "--noEmit", "--incremental", "--tsBuildInfoFile", info];
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [compiler, ...options, "--pretty", String(given.color)], {
      cwd: project,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
    }
    child.on("error", (thrown) => failed(new Fault(3, `tsc could not be started: ${thrown.message}`)));
    child.on("close", (code) => (code === 0 ? done() : failed(new Fault(1, text || `tsc ended with ${code}`))));
  });
}
