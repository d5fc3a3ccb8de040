/** The tasks of a list: only those that can be seen are drawn. They are reordered by dragging, or by keys on the handle. */
import { useKeys, type Actions } from "@tlfs/react";
import { useCallback, useEffect, useMemo, useRef, useState, type PointerEvent } from "react";
import { useAnnounce } from "./announcer.tsx";
import { TaskRow, type RowActions } from "./task_row.tsx";
import type { Task, Todo, TodoModel } from "./todo.tlfs.ts";
import { rowHeight, useVisibleRows } from "./virtual.ts";

interface Shown {
  readonly task: Task;
  readonly key: number;
  /** In the document; the rows on the screen may be fewer. */
  readonly index: number;
}
interface Drag {
  readonly key: number;
  readonly from: number;
  /** The row that it would become. */
  readonly to: number;
}

interface Props {
  data: Todo;
  keep: (task: Task) => boolean;
  mayWrite: boolean;
  transact: Actions<TodoModel>["transact"];
  conflicts: Actions<TodoModel>["conflicts"];
}

/** How near to an edge dragging scrolls, and by how much in a frame; in pixels. */
const edge = 40;
const scrollStep = 12;

export function TaskList({ data, keep, mayWrite, transact, conflicts }: Props) {
  const announce = useAnnounce();
  const keys = useKeys(data.tasks);
  const shown = useMemo(() => {
    const out: Shown[] = [];
    data.tasks.forEach((task, index) => {
      if (keep(task)) out.push({ task, key: keys[index], index });
    });
    return out;
  }, [data.tasks, keys, keep]);
  const scroller = useRef<HTMLDivElement>(null);
  const { rows, onScroll } = useVisibleRows(scroller, shown.length);
  const [drag, setDrag] = useState<Drag>();

  // What the functions below read, so that they stay the same and rows are drawn only when their task changes.
  const now = useRef({ shown, drag, rows });
  now.current = { shown, drag, rows };
  // The handle that has the focus keeps it when its row moves.
  const focus = useRef<number>(undefined);
  useEffect(() => {
    if (focus.current === undefined) return;
    scroller.current?.querySelector<HTMLElement>(`[data-key="${focus.current}"] .handle`)?.focus();
    focus.current = undefined;
  });

  const move = useCallback(
    (key: number, to: number) => {
      const { shown } = now.current;
      const row = shown.findIndex((one) => one.key === key);
      const target = Math.max(0, Math.min(shown.length - 1, to));
      if (row < 0 || row === target) return;
      const { index, task } = shown[row];
      transact((draft) => draft.tasks.move(index, shown[target].index), { label: "Move" });
      announce(`${task.title ?? "Task"} is now at ${target + 1} of ${shown.length}`);
    },
    [transact, announce],
  );

  const actions: RowActions = useMemo(() => {
    /** Edits the task with this key, wherever it is by now. */
    const edit = (key: number, label: string, change: (task: { title: string | null; done: boolean }) => void) => {
      const found = now.current.shown.find((one) => one.key === key);
      if (found) transact((draft) => change(draft.tasks[found.index]), { label });
    };
    return {
      toggle: (key, done) => edit(key, done ? "Done" : "Open again", (task) => void (task.done = done)),
      rename: (key, title) => edit(key, "Rename", (task) => void (task.title = title)),
      remove: (key) => {
        const found = now.current.shown.find((one) => one.key === key);
        if (!found) return;
        transact((draft) => void draft.tasks.splice(found.index, 1), { label: "Remove" });
        announce(`${found.task.title ?? "Task"} removed`);
      },
      moveKey: (key, event) => {
        const { shown, rows } = now.current;
        const row = shown.findIndex((one) => one.key === key);
        const page = Math.max(1, rows.end - rows.first - 16);
        const steps: Record<string, number> = {
          ArrowUp: -1,
          ArrowDown: 1,
          PageUp: -page,
          PageDown: page,
          Home: -shown.length,
          End: shown.length,
        };
        const step = steps[event.key];
        if (step === undefined || row < 0) return;
        event.preventDefault();
        focus.current = key;
        const to = Math.max(0, Math.min(shown.length - 1, row + step));
        // The row must be drawn where it comes to be.
        const element = scroller.current;
        if (element) {
          const top = to * rowHeight;
          if (top < element.scrollTop) element.scrollTop = top;
          if (top + rowHeight > element.scrollTop + element.clientHeight) element.scrollTop = top + rowHeight - element.clientHeight;
        }
        move(key, to);
      },
      startDrag: (key, event) => {
        const row = now.current.shown.findIndex((one) => one.key === key);
        if (row < 0 || event.button !== 0) return;
        event.preventDefault();
        event.currentTarget.focus();
        scroller.current?.setPointerCapture(event.pointerId);
        setDrag({ key, from: row, to: row });
      },
    };
  }, [transact, announce, move]);

  const dragTo = useCallback((y: number) => {
    const element = scroller.current;
    const { drag, shown } = now.current;
    if (!element || !drag) return;
    const at = y - element.getBoundingClientRect().top + element.scrollTop;
    const to = Math.max(0, Math.min(shown.length - 1, Math.floor(at / rowHeight)));
    if (to !== drag.to) setDrag({ ...drag, to });
  }, []);

  const pointer = useRef(0);
  const dragging = drag !== undefined;
  useEffect(() => {
    if (!dragging) return;
    let frame = requestAnimationFrame(function step() {
      const element = scroller.current;
      if (element) {
        const box = element.getBoundingClientRect();
        if (pointer.current && pointer.current < box.top + edge) element.scrollTop -= scrollStep;
        else if (pointer.current > box.bottom - edge) element.scrollTop += scrollStep;
        if (pointer.current) dragTo(pointer.current);
      }
      frame = requestAnimationFrame(step);
    });
    const cancel = (event: KeyboardEvent) => {
      if (event.key === "Escape") setDrag(undefined);
    };
    addEventListener("keydown", cancel);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("keydown", cancel);
      pointer.current = 0;
    };
  }, [dragging, dragTo]);

  const onPointerMove = (event: PointerEvent) => {
    if (!drag) return;
    pointer.current = event.clientY;
    dragTo(event.clientY);
  };
  const onPointerUp = (event: PointerEvent) => {
    if (!drag) return;
    dragTo(event.clientY);
    const { key, to } = now.current.drag ?? drag;
    const element = scroller.current;
    const at = element ? Math.floor((event.clientY - element.getBoundingClientRect().top + element.scrollTop) / rowHeight) : to;
    setDrag(undefined);
    focus.current = key;
    move(key, Math.max(0, Math.min(shown.length - 1, at)));
  };

  /** Where a row is drawn while another is dragged past it. */
  const placeOf = (row: number): number => {
    if (!drag) return row;
    if (row === drag.from) return drag.to;
    if (row > drag.from && row <= drag.to) return row - 1;
    if (row < drag.from && row >= drag.to) return row + 1;
    return row;
  };

  const drawn: { one: Shown; row: number }[] = [];
  for (let row = rows.first; row < rows.end; ++row) drawn.push({ one: shown[row], row });
  if (drag && (drag.from < rows.first || drag.from >= rows.end) && shown[drag.from]) drawn.push({ one: shown[drag.from], row: drag.from });

  return (
    <div
      ref={scroller}
      className={dragging ? "tasks dragging" : "tasks"}
      onScroll={onScroll}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={() => setDrag(undefined)}
      role="region"
      aria-label="Tasks"
      tabIndex={0}
    >
      {shown.length === 0 && <p className="empty">{data.tasks.length === 0 ? "Nothing to do. Add the first task above." : "No such task."}</p>}
      <ul style={{ height: shown.length * rowHeight }}>
        {drawn.map(({ one, row }) => (
          <TaskRow
            key={one.key}
            id={one.key}
            task={one.task}
            top={placeOf(row) * rowHeight}
            position={row + 1}
            count={shown.length}
            mayWrite={mayWrite}
            dragged={drag?.from === row}
            versions={JSON.stringify(conflicts(["tasks", one.index, "title"]))}
            actions={actions}
          />
        ))}
      </ul>
    </div>
  );
}
