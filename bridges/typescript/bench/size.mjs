// What the packages weigh in a browser: bundled, minified, and packed with gzip. `npm run size`.
import { existsSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

for (const name of ["client", "react", "codemirror"]) {
  const entry = new URL(`../${name}/dist/index.js`, import.meta.url).pathname;
  if (!existsSync(entry)) continue;
  const external = name === "client" ? [] : ["react", "@tlfs/client", "@codemirror/*"];
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, minify: true, format: "esm", target: "es2022", write: false, external });
  const bytes = outputFiles[0].contents;
  console.log(`@tlfs/${name}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
}
