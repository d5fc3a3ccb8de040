// Builds the web app in the working directory into dist/: src/main.tsx and src/style.css under names that hold a hash of
// their contents, and index.html, made of page.html and the app's description, that names them. With --watch it builds again whenever a source changes.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const esbuild = createRequire(join(process.cwd(), "package.json"))("esbuild");
const { description } = JSON.parse(readFileSync("package.json", "utf8"));
const watch = process.argv.includes("--watch");

const page = {
  name: "page",
  setup(build) {
    build.onEnd((result) => {
      if (result.errors.length > 0) return;
      let html = readFileSync(new URL("page.html", import.meta.url), "utf8").replace("{title}", description);
      for (const [output, { entryPoint }] of Object.entries(result.metafile.outputs))
        if (entryPoint) html = html.replace(`./${basename(entryPoint)}`, `/${basename(output)}`);
      writeFileSync("dist/index.html", html);
      if (watch) console.log("built");
    });
  },
};

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");
const context = await esbuild.context({
  entryPoints: ["src/main.tsx", "src/style.css"],
  entryNames: "[name]-[hash]",
  outdir: "dist",
  bundle: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  minify: !watch,
  sourcemap: true,
  // The packages of this repository are links: what they need is what the app has, above all one React.
  preserveSymlinks: true,
  define: { "process.env.NODE_ENV": watch ? '"development"' : '"production"' },
  metafile: true,
  logLevel: "info",
  plugins: [page],
});
if (watch) {
  await context.watch();
} else {
  await context.rebuild();
  await context.dispose();
}
