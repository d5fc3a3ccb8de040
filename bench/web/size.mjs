// What the packages weigh in a browser: bundled, minified, packed with gzip.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const workspace = new URL("../../bridges/typescript/", import.meta.url);
export const { build } = createRequire(workspace)("esbuild");

/** A package of the workspace without what an app brings itself. */
export async function size(name) {
  const external = name === "client" ? [] : ["react", "@tlfs/client", "@codemirror/*"];
  const entry = fileURLToPath(new URL(`${name}/dist/index.js`, workspace));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, minify: true, format: "esm", target: "es2022", write: false, external });
  const bytes = outputFiles[0].contents;
  return { value: gzipSync(bytes, { level: 9 }).length, extra: { unpacked_bytes: bytes.length } };
}
