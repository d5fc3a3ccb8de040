// A node with a data directory, which can be killed and started again at the same addresses. For the demo and for tests
// in a browser.
//
//   TLFS_BIN   the program `tlfs` (build/release/bin/tlfs)
import { execFile, spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../", import.meta.url));
export const binary = process.env.TLFS_BIN ?? join(root, "build/release/bin/tlfs");
const startTimeout = 20_000;

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class Node {
  #process;

  /** @param app one of the folders beside this file, built. */
  static async start(directory, app) {
    const node = new Node();
    mkdirSync(directory, { recursive: true });
    node.directory = directory;
    node.app = join(root, "examples", app, "dist");
    node.listen = `127.0.0.1:${await freePort()}`;
    node.bridge = `127.0.0.1:${await freePort()}`;
    await node.run();
    return node;
  }

  async run() {
    const child = spawn(
      binary,
      ["--data", this.directory, "node", "run", "--json", "--listen", this.listen, "--bridge", this.bridge, "--app", this.app],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    this.#process = child;
    let said = "";
    child.stderr.on("data", (data) => (said += data));
    const line = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the node says nothing: ${said}`)), startTimeout);
      let out = "";
      child.stdout.on("data", (data) => {
        out += data;
        if (!out.includes("\n")) return;
        clearTimeout(timer);
        resolve(out.slice(0, out.indexOf("\n")));
      });
      child.once("error", reject);
      child.once("exit", (code) => {
        clearTimeout(timer);
        reject(new Error(`the node ended with ${code}: ${said}`));
      });
    });
    const started = JSON.parse(line);
    this.link = started.bridge;
    this.device = started.device;
  }

  async #end(signal) {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const over = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await over;
  }
  /** Without warning, as when the power fails. */
  kill() {
    return this.#end("SIGKILL");
  }
  stop() {
    return this.#end("SIGTERM");
  }
  async remove() {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** The command line, beside the running node. */
  tlfs(args, input = "") {
    return new Promise((resolve, reject) => {
      const child = execFile(binary, ["--data", this.directory, ...args], { maxBuffer: 1 << 26 }, (error, out, problem) =>
        error ? reject(new Error(`tlfs ${args.join(" ")}: ${problem}`)) : resolve(out),
      );
      child.stdin.end(input);
    });
  }
}
