// `node --expose-gc main.mjs yjs|loro|automerge ARGUMENTS`: one library as an implementation of the protocol in bench/README.md.

import { readFileSync } from 'node:fs';
import { main } from './harness.mjs';
import { makeRows } from './rows.mjs';

const [library, ...argv] = process.argv.slice(2);

await main(argv, async () => {
  if (!['yjs', 'loro', 'automerge'].includes(library)) throw new Error('first argument: yjs, loro or automerge');
  const { default: adapter } = await import(`./${library}.mjs`);
  const manifest = new URL(`./node_modules/${adapter.package}/package.json`, import.meta.url);
  adapter.version = JSON.parse(readFileSync(manifest, 'utf8')).version;
  return { implementation: adapter.name, version: adapter.version, rows: makeRows(adapter) };
});
