import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // The sources, so that a test never runs against what was built earlier.
  resolve: { alias: { "@tlfs/client": fileURLToPath(new URL("../client/src/index.ts", import.meta.url)) } },
  test: { include: ["test/**/*.test.{ts,tsx}"], environment: "jsdom", testTimeout: 30_000 },
});
