/** One list: who is here, its tasks, and what can be done with all of them. */
import { useDocument, usePresence } from "@tlfs/react";
import { useEffect, useState, type FormEvent, type KeyboardEvent } from "react";
import { useAnnounce } from "./announcer.tsx";
import { Icon } from "./icon.tsx";
import { useMyName } from "./my_name.ts";
import { Share } from "./share.tsx";
import { TaskList } from "./task_list.tsx";
import { todoSchema, type Task } from "./todo.tlfs.ts";

const filters = {
  All: () => true,
  Open: (task: Task) => !task.done,
  Done: (task: Task) => task.done,
} as const;
export type Filter = keyof typeof filters;

const syncNames = { offline: "Nobody else is connected", syncing: "Sending and receiving", synced: "Everyone connected has everything" };

export function TodoList({ id }: { id: string }) {
  const { status, data, sync, pending, level, error, transact, undo, redo, conflicts } = useDocument(id, { schema: todoSchema });
  const announce = useAnnounce();
  const [filter, setFilter] = useState<Filter>("All");
  const [sharing, setSharing] = useState(false);

  if (!data)
    return (
      <p className="empty" role="status">
        {status === "failed" || status === "unavailable" ? `This list cannot be shown: ${error?.message ?? "it is not here yet"}` : "Loading…"}
      </p>
    );
  const mayWrite = level === "write" || level === "control" || level === "own";
  const mayShare = level === "control" || level === "own";
  const open = data.tasks.reduce((sum, task) => sum + (task.done ? 0 : 1), 0);
  const takeBack = (redoing: boolean) =>
    (redoing ? redo() : undo()).wait().then(
      () => announce(redoing ? "Done again" : "Taken back"),
      (problem: Error) => announce(problem.message),
    );
  const keys = (event: KeyboardEvent) => {
    if (!mayWrite || !(event.ctrlKey || event.metaKey) || event.target instanceof HTMLInputElement) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    void takeBack(key === "y" || event.shiftKey);
  };

  return (
    <section className="list" aria-label={data.title ?? "Untitled"} onKeyDown={keys}>
      <header className="bar">
        <Title title={data.title} others={conflicts(["title"])} mayWrite={mayWrite} onChange={(title) => void transact((draft) => void (draft.title = title))} />
        <Others id={id} />
        <span className={`sync ${sync}`} title={syncNames[sync]} role="img" aria-label={syncNames[sync]} />
        {pending > 0 && <span className="badge">{pending} on the way</span>}
        {!mayWrite && (
          <span className="badge" id="read-only">
            <Icon name="lock" /> Read only
          </span>
        )}
        {mayWrite && (
          <>
            <button aria-label="Undo" title="Undo (Ctrl+Z)" onClick={() => takeBack(false)}>
              <Icon name="undo" />
            </button>
            <button aria-label="Redo" title="Redo (Ctrl+Y)" onClick={() => takeBack(true)}>
              <Icon name="redo" />
            </button>
          </>
        )}
        {mayShare && (
          <button className="primary" onClick={() => setSharing(true)}>
            <Icon name="share" /> Share
          </button>
        )}
      </header>
      {mayWrite && (
        <NewTask
          onAdd={(title) => {
            transact((draft) => void draft.tasks.push({ title }), { label: "Add" });
            announce(`${title} added`);
          }}
        />
      )}
      <TaskList data={data} keep={filters[filter]} mayWrite={mayWrite} transact={transact} conflicts={conflicts} />
      <footer className="bar">
        <span className="quiet">{open === 1 ? "1 open task" : `${open} open tasks`}</span>
        <div className="filters" role="group" aria-label="Show">
          {(Object.keys(filters) as Filter[]).map((name) => (
            <button key={name} aria-pressed={filter === name} onClick={() => setFilter(name)}>
              {name}
            </button>
          ))}
        </div>
        {mayWrite && (
          <button
            disabled={open === data.tasks.length}
            onClick={() => {
              transact(
                (draft) => {
                  for (let at = draft.tasks.length - 1; at >= 0; --at) if (draft.tasks[at].done) draft.tasks.splice(at, 1);
                },
                { label: "Clear done" },
              );
              announce("Done tasks removed");
            }}
          >
            Clear done
          </button>
        )}
      </footer>
      {sharing && <Share id={id} onClose={() => setSharing(false)} />}
    </section>
  );
}

function Title({ title, others, mayWrite, onChange }: { title: string | null; others: readonly unknown[]; mayWrite: boolean; onChange: (title: string) => void }) {
  const [draft, setDraft] = useState<string>();
  if (!mayWrite) return <h2 className="title">{title || "Untitled"}</h2>;
  const commit = () => {
    if (draft !== undefined && draft !== (title ?? "")) onChange(draft);
    setDraft(undefined);
  };
  return (
    <h2 className="title">
      <input
        aria-label="Title of the list"
        value={draft ?? title ?? ""}
        placeholder="Untitled"
        maxLength={200}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
          if (event.key === "Escape") setDraft(undefined);
        }}
      />
      {others.length > 1 && (
        <span className="badge warn" title="Written at the same time">
          <Icon name="fork" /> also: {others.slice(1, 5).map(String).join(", ")}
        </span>
      )}
    </h2>
  );
}

function NewTask({ onAdd }: { onAdd: (title: string) => void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const title = String(new FormData(form).get("title")).trim();
    if (!title) return;
    onAdd(title);
    form.reset();
  };
  return (
    <form className="new" onSubmit={submit}>
      <input name="title" aria-label="What is to be done?" placeholder="What is to be done?" autoComplete="off" maxLength={1000} />
      <button type="submit" className="primary">
        Add
      </button>
    </form>
  );
}

const maxFaces = 5;

/** Who else has the list open. What others say of themselves may be anything. */
function Others({ id }: { id: string }) {
  const { others, set } = usePresence(id);
  const [name] = useMyName();
  useEffect(() => set({ name: name || "Somebody" }), [set, name]);
  const faces = others.map(({ device, value }) => {
    const said = typeof value === "object" && value !== null ? (value as { name?: unknown }).name : undefined;
    return { device, name: typeof said === "string" && said ? said.slice(0, 40) : "Somebody" };
  });
  if (faces.length === 0) return null;
  return (
    <ul className="faces" aria-label="Here now">
      {faces.slice(0, maxFaces).map(({ device, name: said }) => (
        <li key={device} className={`face hue-${parseInt(device.slice(0, 2), 16) % 6 || 0}`} title={said}>
          <span aria-hidden="true">{[...said][0].toUpperCase()}</span>
          <span className="unseen">{said}</span>
        </li>
      ))}
      {faces.length > maxFaces && <li className="quiet">+{faces.length - maxFaces}</li>}
    </ul>
  );
}
