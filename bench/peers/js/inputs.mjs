// The inputs of the rows: editing traces, read once into flat arrays, and the two-writer history with its copies.
// An absent folder or file ends the process with exit code 3, as the protocol (bench/README.md) says.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export class AbsentInput extends Error {}

function readJson(folder, name) {
  if (!folder) throw new AbsentInput('no trace folder given (--trace)');
  const path = join(folder, `${name}.json.gz`);
  if (!existsSync(path)) throw new AbsentInput(`trace ${path} is absent`);
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8'));
}

// Positions count code points; the libraries here count UTF-16 units. They coincide for ASCII only.
function requireAscii(name, text) {
  // eslint-disable-next-line no-control-regex
  if (!/^[\x00-\x7f]*$/.test(text)) throw new Error(`trace ${name} is not ASCII; this program does not convert positions`);
}

// A trace of one writer: edit i replaces `del[i]` characters at `pos[i]` by `ins[i]`.
export function loadTrace(folder, name) {
  const json = readJson(folder, name);
  const edits = { pos: [], del: [], ins: [], endContent: json.endContent };
  for (const { patches } of json.txns) {
    for (const [pos, del, ins] of patches) {
      edits.pos.push(pos);
      edits.del.push(del);
      edits.ins.push(ins);
    }
  }
  requireAscii(name, edits.ins.join(''));
  edits.length = edits.pos.length;
  return edits;
}

// A trace of several writers, `copies` times in one history as bench/README.md defines it. Transaction i is one edit by
// `agent[i]`; `needs[i]` is how many transactions of the *other* writer are among its ancestors.
export function loadConcurrentTrace(folder, name, copies) {
  const json = readJson(folder, name);
  if (json.numAgents !== 2) throw new Error(`trace ${name} has ${json.numAgents} writers; this row is defined for two`);
  const length = json.endContent.length;
  const edits = { pos: [], del: [], ins: [], agent: [], needs: [], endContent: json.endContent.repeat(copies) };
  const ancestors = []; // per transaction of one copy: how many of each writer's are among its ancestors and itself
  let before = [0, 0]; // what earlier copies hold
  for (let copy = 0; copy < copies; ++copy) {
    const made = [0, 0];
    json.txns.forEach((txn, i) => {
      const seen = [0, 0];
      for (const parent of txn.parents) {
        for (const a of [0, 1]) seen[a] = Math.max(seen[a], ancestors[parent][a]);
      }
      if (seen[txn.agent] !== made[txn.agent] || txn.patches.length !== 1) {
        throw new Error(`trace ${name}: transaction ${i} does not extend its writer's own history by one edit`);
      }
      seen[txn.agent] = ++made[txn.agent];
      ancestors[i] = seen;
      const [pos, del, ins] = txn.patches[0];
      edits.pos.push(pos + copy * length);
      edits.del.push(del);
      edits.ins.push(ins);
      edits.agent.push(txn.agent);
      edits.needs.push(before[1 - txn.agent] + seen[1 - txn.agent]);
    });
    before = [before[0] + made[0], before[1] + made[1]];
  }
  requireAscii(name, json.endContent + edits.ins.join(''));
  edits.length = edits.pos.length;
  return edits;
}
