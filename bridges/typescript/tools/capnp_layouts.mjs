// Writes client/src/capnp/messages.ts: how the messages of the bridge lie in memory, and their TypeScript types.
//
// Cap'n Proto's own compiler says where each field is: `capnp compile -ocapnp` prints the schema with that as comments.
// `--check` writes nothing and fails when the file is not what it should be.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const schemas = join(here, "../../../schema/messages");
const target = join(here, "../client/src/capnp/messages.ts");
const roots = ["BridgeRequest", "BridgeMessage"];

/** Every struct and enum of the files, by name. */
function read(files) {
  const structs = new Map();
  const enums = new Map();
  for (const file of files) {
    const text = execFileSync("capnp", ["compile", "-ocapnp", join(schemas, file)], { encoding: "utf8" });
    readOne(text, structs, enums);
  }
  return { structs, enums };
}

function readOne(text, structs, enums) {
  const open = []; // what the braces around the line belong to
  for (const line of text.split("\n")) {
    let m;
    if ((m = /^\s*struct (\w+) @0x\w+ \{\s+# (\d+) bytes, (\d+) ptrs/.exec(line))) {
      const it = { name: m[1], words: Number(m[2]) / 8, pointers: Number(m[3]), tag: undefined, fields: [] };
      structs.set(it.name, it);
      open.push(it);
    } else if ((m = /^\s*enum (\w+) @0x\w+ \{/.exec(line))) {
      const it = { name: m[1], enumerants: [] };
      enums.set(it.name, it);
      open.push(it);
    } else if ((m = /^\s*union \{\s+# tag bits \[(\d+), (\d+)\)/.exec(line))) {
      const it = open.at(-1);
      if (it.tag !== undefined) throw new Error(`${it.name}: a second union`);
      it.tag = Number(m[1]) / 16;
      open.push(it);
    } else if (/^\s*\}/.test(line)) {
      open.pop();
    } else if (/:group \{/.test(line)) {
      throw new Error(`groups are not supported: ${line}`);
    } else if ((m = /^\s*(\w+) @\d+ :((?:import "[^"]*"\.)?[\w.()]+)(?: = (\S+))?;\s+# (.*)$/.exec(line))) {
      const it = open.at(-1);
      const place = m[4];
      const bits = /bits\[(\d+), (\d+)\)/.exec(place);
      const pointer = /ptr\[(\d+)\]/.exec(place);
      const tag = /union tag = (\d+)/.exec(place);
      it.fields.push({
        name: m[1],
        type: m[2],
        default: m[3],
        at: pointer ? Number(pointer[1]) : Number(bits[1]),
        tag: tag ? Number(tag[1]) : undefined,
      });
    } else if ((m = /^\s*(\w+) @\d+;/.exec(line))) {
      open.at(-1).enumerants.push(m[1]);
    } else if (line.trim() && !/^\s*(#|@0x|\$)/.test(line)) {
      throw new Error(`not understood: ${line}`);
    }
  }
}

const last = (name) => name.split(".").at(-1);
const none = "18446744073709551615";
const scalar = { UInt64: "u64", Int64: "i64", UInt32: "u32", Int32: "i32", Bool: "bool" };

/** One field as [layout, TypeScript type]. */
function field(f, all) {
  const list = /^List\((.*)\)$/.exec(f.type);
  const tag = f.tag === undefined ? "" : `, tag: ${f.tag}`;
  const at = (unit) => `at: ${f.at / unit}`;
  if (f.default !== undefined && f.default !== none) throw new Error(`${f.name}: a default that is not supported`);
  if (f.type === "Void") return [`{ kind: "void", at: 0${tag} }`, "void"];
  if (f.type === "UInt64" && f.default === none) return [`{ kind: "optional64", ${at(64)}${tag} }`, "number | undefined"];
  if (f.type === "Bool") return [`{ kind: "bool", ${at(1)}${tag} }`, "boolean"];
  if (f.type === "UInt64" || f.type === "Int64") return [`{ kind: "${scalar[f.type]}", ${at(64)}${tag} }`, "number"];
  if (f.type === "UInt32" || f.type === "Int32") return [`{ kind: "${scalar[f.type]}", ${at(32)}${tag} }`, "number"];
  if (f.type === "Text") return [`{ kind: "text", at: ${f.at}${tag} }`, "string"];
  if (f.type === "Data") return [`{ kind: "data", at: ${f.at}${tag} }`, "Uint8Array"];
  if (list && (list[1] === "Text" || list[1] === "Data")) {
    const kind = list[1] === "Text" ? "texts" : "datas";
    return [`{ kind: "${kind}", at: ${f.at}${tag} }`, `readonly ${list[1] === "Text" ? "string" : "Uint8Array"}[]`];
  }
  const name = last(list ? list[1] : f.type);
  if (all.structs.has(name)) {
    return [
      `{ kind: "${list ? "structs" : "struct"}", at: ${f.at}, of: "${name}"${tag} }`,
      list ? `readonly ${name}[]` : name,
    ];
  }
  if (all.enums.has(name) && !list) return [`{ kind: "enum", ${at(16)}, of: "${name}"${tag} }`, name];
  throw new Error(`${f.name}: a type that is not supported: ${f.type}`);
}

/** What the roots need, in order of first use. */
function needed(all) {
  const found = new Set();
  const visit = (name) => {
    if (found.has(name)) return;
    found.add(name);
    for (const f of all.structs.get(name)?.fields ?? []) {
      const of = last(/^List\((.*)\)$/.exec(f.type)?.[1] ?? f.type);
      if (all.structs.has(of) || all.enums.has(of)) visit(of);
    }
  };
  roots.forEach(visit);
  return [...found];
}

function write(all) {
  const names = needed(all);
  const structs = names.filter((n) => all.structs.has(n)).map((n) => all.structs.get(n));
  const enums = names.filter((n) => all.enums.has(n)).map((n) => all.enums.get(n));
  let out = `// Made by tools/capnp_layouts.mjs from schema/messages/bridge.capnp; not to be edited.
/** The messages of the bridge: their types, and where their fields lie. */
import type { Enums, Layouts } from "./layout.js";

`;
  for (const e of enums) out += `export type ${e.name} = ${e.enumerants.map((n) => `"${n}"`).join(" | ")};\n`;
  for (const s of structs) {
    const common = s.fields.filter((f) => f.tag === undefined);
    const variants = s.fields.filter((f) => f.tag !== undefined);
    const line = (f) => {
      const type = field(f, all)[1];
      return type === "void" ? "" : `${f.name}${type.endsWith("undefined") ? "?" : ""}: ${type}; `;
    };
    const base = common.map(line).join("");
    if (variants.length === 0) {
      out += `export interface ${s.name} { ${base}}\n`;
    } else {
      out += `export type ${s.name} = { ${base}} & (\n`;
      out += variants.map((f) => `  | { which: "${f.name}"; ${line(f)}}`).join("\n") + "\n);\n";
    }
  }
  out += "\nexport const layouts: Layouts = {\n";
  for (const s of structs) {
    out += `  ${s.name}: {\n    words: ${s.words}, pointers: ${s.pointers}, tag: ${s.tag},\n    fields: {\n`;
    for (const f of s.fields) out += `      ${f.name}: ${field(f, all)[0]},\n`;
    out += "    },\n  },\n";
  }
  out += "};\n\nexport const enums: Enums = {\n";
  for (const e of enums) out += `  ${e.name}: [${e.enumerants.map((n) => `"${n}"`).join(", ")}],\n`;
  return out + "};\n";
}

const text = write(read(["bridge.capnp", "control.capnp"]));
if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== text) {
    console.error("client/src/capnp/messages.ts is not what the schema says: run npm run layouts");
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
