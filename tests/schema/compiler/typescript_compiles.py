"""Whether generated TypeScript compiles strictly against @tlfs/client, and what it must refuse is refused.

Usage: typescript_compiles.py TLFS WORKSPACE GOLDEN PACKAGES...
TLFS       the executable that generates
WORKSPACE  the npm workspace with @tlfs/client; without its node_modules the test is skipped
GOLDEN     the schemas that the use below is written for
PACKAGES   further schema files; whatever compiles becomes modules that must compile too
"""

import json
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 77

USE = """
import type { Draft, Input, Snapshot } from "@tlfs/client";
import { todoappSchema, type Task, type TaskDraft, type Todoapp, type TodoappDraft, type TodoappModel } from "./golden/todoapp.tlfs";
import type { Notes, NotesDraft } from "./golden/notes.tlfs";
import type { Awkward } from "./golden/awkward.tlfs";

export function read(todo: Todoapp, notes: Notes, awkward: Awkward): unknown[] {
  const title: string | null = todo.title;
  const task: Task | undefined = todo.tasks[0];
  const complete: boolean | undefined = task?.complete;
  const text: string = notes.text;
  const tag: boolean | undefined = notes.tags.get("red");
  const part: string | undefined = notes.parts[0]?.[0];
  const stars: number | bigint = notes.stars;
  const read: number = notes.read;
  const word: string = awkward.class;
  const raw: Uint8Array | null | undefined = awkward.lists.get("a")?.[0]?.get(1n)?.raw;
  // @ts-expect-error a register without a default may be null
  const sure: string = todo.title;
  // @ts-expect-error a field that is not there
  todo.titel;
  // @ts-expect-error what is read is never assigned
  todo.title = "a";
  // @ts-expect-error nor are its lists
  todo.tasks.push(task);
  // @ts-expect-error keys are of the table's type
  notes.tags.get(1);
  return [title, complete, text, tag, part, stars, read, word, raw, sure];
}

export function edit(todo: TodoappDraft, task: TaskDraft, notes: NotesDraft): void {
  todo.title = "a";
  todo.tasks.push({ title: "milk" }, { title: "bread", complete: true });
  task.complete = true;
  notes.text.splice(0, 1, "b");
  notes.read.increment(2);
  notes.tags.set("red", true);
  notes.days.push(5n);
  // @ts-expect-error a field that is not there
  todo.tasks.push({ titel: "milk" });
  // @ts-expect-error a flag is no text
  task.complete = "yes";
  // @ts-expect-error a text has no increments
  notes.text.increment(1);
}

export const same: [Todoapp, TodoappDraft] | undefined = undefined as
  | [Snapshot<TodoappModel>, Draft<TodoappModel>]
  | undefined;
export const input: Input<TodoappModel> = { tasks: [{ complete: false }] };
export const version: string = todoappSchema.version;
"""


def generate(tlfs, source, folder):
    return subprocess.run([tlfs, "schema", "generate", "--lang", "ts", source, "-o", str(folder)],
                          capture_output=True, text=True, errors="replace", timeout=60, check=False)


def main():
    tlfs, workspace, golden, *packages = sys.argv[1:]
    workspace = pathlib.Path(workspace).resolve()
    compiler = workspace / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        print(f"skipped: no {compiler}")
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        made = generate(tlfs, golden, folder / "golden")
        if made.returncode != 0:
            print(made.stderr)
            return 1
        count = 0
        for number, source in enumerate(packages):
            if generate(tlfs, source, folder / f"schema{number}").returncode == 0:
                count += 1
        (folder / "use.ts").write_text(USE, encoding="utf-8")
        (folder / "tsconfig.json").write_text(json.dumps({
            "compilerOptions": {
                "strict": True, "noEmit": True, "target": "es2022", "module": "esnext", "moduleResolution": "bundler",
                "lib": ["es2023", "dom"], "types": [], "skipLibCheck": False, "verbatimModuleSyntax": True,
                "noUnusedLocals": True, "noUncheckedIndexedAccess": True,
                "paths": {"@tlfs/client": [str(workspace / "client" / "src" / "index.ts")]},
            },
            "include": ["**/*.ts"],
        }), encoding="utf-8")
        done = subprocess.run([str(compiler), "-p", "."], cwd=folder, capture_output=True, text=True, timeout=240, check=False)
        # What the client itself has to say is its own tests' matter.
        ours = [line for line in done.stdout.splitlines() if not line.startswith((" ", "../", "/"))]
        print("\n".join(ours))
        print(f"{count} of {len(packages)} further schema files became modules")
        return 1 if ours or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
