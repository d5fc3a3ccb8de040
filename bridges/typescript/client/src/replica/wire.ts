/** Edits, patches and paths as they travel: JSON arrays. See bridges/websocket/README.md. */
import type { Path } from "../api.js";
import type { Shape, TableKey } from "../schema.js";
import { clientError } from "../errors.js";
import { keyToJson, tableKey, type Json } from "./value.js";

/** A string: a field. A number: an element. In brackets: a row's key. */
export type WireStep = string | number | readonly [string | number | boolean];
export type WirePath = readonly WireStep[];

export type Edit =
  /** Of a register, the last part says which values were seen there: others stay, as concurrent ones. */
  | readonly ["set", WirePath, Json, (readonly Json[])?]
  | readonly ["remove", WirePath]
  | readonly ["insert", WirePath, number, readonly Json[]]
  | readonly ["erase", WirePath, number, number]
  | readonly ["move", WirePath, number, number]
  | readonly ["splice", WirePath, number, number, string]
  | readonly ["increment", WirePath, number | string]
  | readonly ["reset", WirePath]
  | readonly ["touch", WirePath];

export type Patch =
  | readonly ["set", WirePath, Json]
  | readonly ["remove", WirePath]
  | readonly ["remove", WirePath, number, number]
  | readonly ["insert", WirePath, number, Json[]]
  | readonly ["move", WirePath, number, number]
  | readonly ["splice", WirePath, number, number, string]
  | readonly ["conflict", WirePath, Json[]];

/** The shape one step further; undefined where the schema has no such place. */
export function shapeBelow(shape: Shape, step: WireStep): Shape | undefined {
  switch (shape.kind) {
    case "struct":
      return typeof step === "string" && Object.hasOwn(shape.fields, step) ? shape.fields[step] : undefined;
    case "array":
      return typeof step === "number" ? shape.element : undefined;
    case "table":
      return typeof step === "object" ? shape.value : undefined;
    default:
      return undefined;
  }
}

/** A program's path as it travels, and the shape that it leads to. */
export function toWirePath(root: Shape, path: Path): { path: WirePath; shape: Shape } {
  let shape = root;
  const out: WireStep[] = [];
  for (const step of path) {
    const below: Shape | undefined = typeof step === "number" || typeof step === "string" ? shapeBelow(shape, step) : shapeBelow(shape, [""]);
    if (!below) throw clientError("noSuchPlace", `the schema has no place ${pathText([...path])}`);
    if (typeof step === "object" && shape.kind === "table") out.push([keyToJson(tableKey(shape, step[0])) as string | number | boolean]);
    else out.push(step as string | number);
    shape = below;
  }
  return { path: out, shape };
}

/** As the command line writes it: `.people["ann"].tasks[0]`, `.years{1999}`. */
export function pathText(path: readonly (string | number | readonly [TableKey])[]): string {
  let out = "";
  for (const step of path) {
    if (typeof step === "string") out += `.${step}`;
    else if (typeof step === "number") out += `[${step}]`;
    else if (typeof step[0] === "string") out += `[${JSON.stringify(step[0])}]`;
    else out += `{${String(step[0])}}`;
  }
  return out === "" ? "." : out;
}
