// Builds the inspector (bridges/inspector) into its dist/: one script, one style sheet, one page.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const inspector = join(dirname(fileURLToPath(import.meta.url)), "../../inspector");
const out = join(inspector, "dist");

rmSync(out, { recursive: true, force: true });
mkdirSync(out);
await build({
  entryPoints: [join(inspector, "src/main.ts")],
  outfile: join(out, "inspector.js"),
  tsconfig: join(inspector, "tsconfig.json"),
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  logLevel: "info",
});
for (const file of ["index.html", "inspector.css", "icon.svg"]) copyFileSync(join(inspector, file), join(out, file));
