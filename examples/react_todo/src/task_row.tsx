/** One task. Drawn again only when something of it changes. */
import { memo, useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { Icon } from "./icon.tsx";
import type { Task } from "./todo.tlfs.ts";

export interface RowActions {
  toggle(this: void, key: number, done: boolean): void;
  rename(this: void, key: number, title: string): void;
  remove(this: void, key: number): void;
  moveKey(this: void, key: number, event: KeyboardEvent): void;
  startDrag(this: void, key: number, event: PointerEvent<HTMLElement>): void;
}

interface Props {
  id: number;
  task: Task;
  /** In pixels below the first row. */
  top: number;
  position: number;
  count: number;
  mayWrite: boolean;
  dragged: boolean;
  /** The titles that people gave it at the same time, as JSON; fewer than two: no conflict. */
  versions: string;
  actions: RowActions;
}

const maxVersions = 8;

export const TaskRow = memo(function TaskRow({ id, task, top, position, count, mayWrite, dragged, versions, actions }: Props) {
  const [editing, setEditing] = useState(false);
  const [choosing, setChoosing] = useState(false);
  const titles = (JSON.parse(versions) as unknown[]).slice(0, maxVersions).map(String);
  const title = task.title ?? "";
  const classes = ["task", task.done && "done", dragged && "dragged", choosing && "choosing"].filter(Boolean).join(" ");
  return (
    <li className={classes} style={{ transform: `translateY(${top}px)` }} data-key={id} aria-posinset={position} aria-setsize={count}>
      {mayWrite && (
        <button
          className="handle"
          aria-label={`Move ${title}`}
          title="Drag, or use the arrow keys"
          onKeyDown={(event) => actions.moveKey(id, event)}
          onPointerDown={(event) => actions.startDrag(id, event)}
        >
          <Icon name="grip" />
        </button>
      )}
      <input
        type="checkbox"
        checked={task.done}
        disabled={!mayWrite}
        aria-label={`${title} is done`}
        onChange={(event) => actions.toggle(id, event.currentTarget.checked)}
      />
      {editing && mayWrite ? (
        <Edit
          title={title}
          onDone={(next) => {
            setEditing(false);
            if (next !== undefined && next !== title) actions.rename(id, next);
          }}
        />
      ) : (
        <span className="name" onDoubleClick={() => mayWrite && setEditing(true)}>
          {title || "Untitled"}
        </span>
      )}
      {titles.length > 1 && (
        <button className="badge warn" aria-expanded={choosing} onClick={() => setChoosing(!choosing)}>
          <Icon name="fork" /> {titles.length} versions
        </button>
      )}
      {choosing && titles.length > 1 && (
        <div className="versions" role="group" aria-label={`Versions of ${title}`}>
          <p>Written at the same time. Which one shall stay?</p>
          {titles.map((version, index) => (
            <button
              key={index}
              disabled={!mayWrite}
              onClick={() => {
                setChoosing(false);
                actions.rename(id, version);
              }}
            >
              {version}
            </button>
          ))}
        </div>
      )}
      {mayWrite && !editing && (
        <>
          <button className="faint" aria-label={`Rename ${title}`} onClick={() => setEditing(true)}>
            <Icon name="pencil" />
          </button>
          <button className="faint" aria-label={`Remove ${title}`} onClick={() => actions.remove(id)}>
            <Icon name="cross" />
          </button>
        </>
      )}
    </li>
  );
});

/** @param onDone is told the new title, or undefined when nothing is to change. */
function Edit({ title, onDone }: { title: string; onDone: (title: string | undefined) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const over = useRef(false);
  useEffect(() => input.current?.select(), []);
  const done = (next: string | undefined) => {
    // Leaving the field by Enter or Escape takes the focus away, which would end it again.
    if (over.current) return;
    over.current = true;
    onDone(next?.trim() || undefined);
  };
  return (
    <input
      ref={input}
      className="name"
      aria-label="Title of the task"
      defaultValue={title}
      maxLength={1000}
      onBlur={(event) => done(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return;
        if (event.key === "Enter") done(event.currentTarget.value);
        if (event.key === "Escape") done(undefined);
      }}
    />
  );
}
