/** Hooks for what is in a document, as components see them. */
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { TlfsError, type List, type Schema, type Text } from "@tlfs/client";
import { Component, memo, startTransition, StrictMode, Suspense, useLayoutEffect, useState, type ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeClient, type FakeDocument } from "../../testing/fake_client.js";
import {
  graceAfterUse,
  graceBeforeUse,
  TlfsProvider,
  useDocument,
  usePresence,
  useSuspenseDocument,
  useText,
  type DocumentView,
} from "../src/index.js";

interface Task {
  title: string;
  done: boolean;
}
interface Todo {
  title: string;
  tasks: List<Task>;
  notes: Text;
}
type TaskValue = { readonly title: string; readonly done: boolean };

const text = { kind: "register", primitive: "string" } as const;
const shape = {
  kind: "struct",
  fields: {
    title: text,
    notes: { kind: "text" },
    tasks: { kind: "array", element: { kind: "struct", fields: { title: text, done: { kind: "flag" } } } },
  },
} as const;
const schema: Schema<Todo> = { package: "todo", version: "1.0.0", encoded: "", shape };

let fake: FakeClient;
let list: FakeDocument;

function tasks(count: number) {
  return Array.from({ length: count }, (_, index) => ({ title: `task ${index}`, done: false }));
}

beforeEach(() => {
  fake = new FakeClient();
  list = fake.add("list", shape, { title: "Home", notes: "milk", tasks: tasks(3) });
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function show(children: ReactNode) {
  return render(<TlfsProvider client={fake.client}>{children}</TlfsProvider>);
}

test("a component shows a document when it is there, and what others make of it", () => {
  function Title() {
    const { status, data } = useDocument("list", { schema });
    return <p>{data ? data.title : status}</p>;
  }
  show(<Title />);
  expect(screen.getByText("loading")).toBeTruthy();
  act(() => list.load());
  expect(screen.getByText("Home")).toBeTruthy();
  act(() => {
    list.remote((draft: Todo) => (draft.title = "Garden"));
    list.deliver();
  });
  expect(screen.getByText("Garden")).toBeTruthy();
});

test("an edit is shown before the node has heard of it", () => {
  list.load();
  function Title() {
    const { data, pending, transact } = useDocument("list", { schema });
    return (
      <button onClick={() => transact((draft) => void (draft.title = "Shed"))}>
        {data?.title}, {pending} on the way
      </button>
    );
  }
  show(<Title />);
  fireEvent.click(screen.getByText("Home, 0 on the way"));
  expect(screen.getByText("Shed, 1 on the way")).toBeTruthy();
  act(() => list.deliver());
  expect(screen.getByText("Shed, 0 on the way")).toBeTruthy();
});

test("an edit of one of 10,000 rows renders one row", () => {
  const large = fake.add("large", shape, { title: "Large", notes: "", tasks: tasks(10_000) });
  large.load();
  let lists = 0;
  const rows: string[] = [];
  const Row = memo(function Row({ task }: { task: TaskValue }) {
    rows.push(task.title);
    return <li>{task.title}</li>;
  });
  function List() {
    lists += 1;
    const { data } = useDocument("large", { schema, select: (value) => value.tasks });
    return <ul>{data?.map((task, index) => <Row key={index} task={task} />)}</ul>;
  }
  show(<List />);
  expect(rows.length).toBe(10_000);
  lists = 0;
  rows.length = 0;
  act(() => void large.transact(((draft: Todo) => void ((draft.tasks as unknown as Task[])[4711].title = "mine")) as never));
  expect(rows).toEqual(["mine"]);
  act(() => large.deliver());
  // That the node has it now changes nothing of what is selected.
  expect(rows).toEqual(["mine"]);
  expect(lists).toBe(1);
  act(() => {
    large.remote((draft: Todo) => ((draft.tasks as unknown as Task[])[12].title = "theirs"));
    large.deliver();
  });
  expect(rows).toEqual(["mine", "theirs"]);
});

test("a component renders only when what it selects changes", () => {
  list.load();
  let renders = 0;
  function Count() {
    renders += 1;
    const { data } = useDocument("list", { schema, select: (value) => value.tasks.length });
    return <p>{data} tasks</p>;
  }
  show(<Count />);
  renders = 0;
  act(() => void list.transact(((draft: Todo) => void (draft.title = "Other")) as never));
  expect(renders).toBe(0);
  act(() => void list.transact(((draft: { tasks: Task[] }) => void draft.tasks.push({ title: "new", done: false })) as never));
  expect(renders).toBe(1);
  expect(screen.getByText("4 tasks")).toBeTruthy();
});

test("with isEqual an equal selection is the same object, and nothing renders", () => {
  list.load();
  const seen = new Set<unknown>();
  let renders = 0;
  const options = {
    schema,
    select: (value: { tasks: readonly TaskValue[] }) => value.tasks.map((task) => task.done),
    isEqual: (a: boolean[], b: boolean[]) => a.length === b.length && a.every((value, index) => value === b[index]),
  };
  function Done() {
    renders += 1;
    seen.add(useDocument<Todo, boolean[]>("list", { ...options, select: (value) => options.select(value) }).data);
    return null;
  }
  const { rerender } = show(<Done />);
  renders = 0;
  act(() => void list.transact(((draft: { tasks: Task[] }) => void (draft.tasks[0].title = "renamed")) as never));
  expect(renders).toBe(0);
  rerender(
    <TlfsProvider client={fake.client}>
      <Done />
    </TlfsProvider>,
  );
  expect(seen.size).toBe(1);
});

test("the functions of a document stay the same", () => {
  list.load();
  const seen = new Set<DocumentView<Todo>["transact"]>();
  function Title() {
    const view = useDocument("list", { schema });
    seen.add(view.transact);
    return <p>{view.data?.title}</p>;
  }
  show(<Title />);
  act(() => void list.transact(((draft: Todo) => void (draft.title = "Other")) as never));
  expect(screen.getByText("Other")).toBeTruthy();
  expect(seen.size).toBe(1);
});

test("components share one open document, which is released some time after the last one is gone", () => {
  vi.useFakeTimers();
  list.load();
  function Title() {
    return <p>{useDocument("list", { schema }).data?.title}</p>;
  }
  const { rerender, unmount } = show([<Title key="1" />, <Title key="2" />]);
  expect(list.holders).toBe(1);
  rerender(
    <TlfsProvider client={fake.client}>
      <Title key="1" />
    </TlfsProvider>,
  );
  vi.advanceTimersByTime(graceAfterUse + graceBeforeUse);
  expect(list.holders).toBe(1);
  unmount();
  vi.advanceTimersByTime(graceAfterUse - 1);
  expect(list.holders).toBe(1);
  vi.advanceTimersByTime(1);
  expect(list.holders).toBe(0);
});

test("a page that is left and entered again within the grace finds its document open", () => {
  vi.useFakeTimers();
  list.load();
  function Title() {
    return <p>{useDocument("list", { schema }).data?.title}</p>;
  }
  show(<Title />).unmount();
  vi.advanceTimersByTime(graceAfterUse - 1);
  show(<Title />);
  vi.advanceTimersByTime(graceAfterUse * 2);
  expect(fake.opened).toBe(1);
  expect(list.holders).toBe(1);
});

test("StrictMode opens a document once and releases it in the end", () => {
  vi.useFakeTimers();
  list.load();
  function Title() {
    return <p>{useDocument("list", { schema }).data?.title}</p>;
  }
  const { unmount } = show(
    <StrictMode>
      <Title />
    </StrictMode>,
  );
  vi.advanceTimersByTime(graceBeforeUse * 2);
  expect(screen.getByText("Home")).toBeTruthy();
  expect([fake.opened, list.holders]).toEqual([1, 1]);
  unmount();
  vi.advanceTimersByTime(graceAfterUse);
  expect(list.holders).toBe(0);
});

test("no two components on the screen show different versions, also when an edit comes while React is rendering", async () => {
  list.load();
  const seen: Record<string, string | undefined> = {};
  const mixed: string[] = [];
  let rendered = 0;
  function Part({ name }: { name: string }) {
    const { data } = useDocument("list", { schema, select: (value) => value.title });
    rendered += 1;
    // Rendering takes its time, so that React lets other things happen in between.
    const end = performance.now() + 3;
    while (performance.now() < end);
    useLayoutEffect(() => {
      seen[name] = data;
    });
    return null;
  }
  let more: () => void = () => undefined;
  function Page() {
    const [count, setCount] = useState(1);
    more = () => startTransition(() => setCount(count + 10));
    useLayoutEffect(() => {
      if (new Set(Object.values(seen)).size > 1) mixed.push(JSON.stringify(seen));
    });
    return Array.from({ length: count }, (_, index) => <Part key={index} name={`part ${index}`} />);
  }
  show(<Page />);
  // From here on React works in slices of time, as it does in a page.
  const environment = globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean };
  environment.IS_REACT_ACT_ENVIRONMENT = false;
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  let between = 0;
  for (let round = 0; round < 5; ++round) {
    const before = Object.keys(seen).length;
    rendered = 0;
    more();
    await pause(12);
    if (rendered > 0 && Object.keys(seen).length === before) between += 1;
    list.transact(((draft: Todo) => void (draft.title = `title ${round}`)) as never);
    while (Object.keys(seen).length === before) await pause(5);
    await pause(50);
    expect(new Set(Object.values(seen))).toEqual(new Set([`title ${round}`]));
  }
  environment.IS_REACT_ACT_ENVIRONMENT = true;
  expect(mixed).toEqual([]);
  // Otherwise this has shown nothing.
  expect(between).toBeGreaterThan(0);
});

class Boundary extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};
  static getDerivedStateFromError(error: Error) {
    return { error };
  }
  override render() {
    return this.state.error ? <p>failed: {this.state.error.message}</p> : this.props.children;
  }
}

test("the Suspense variant waits for the value, and then has it", async () => {
  function Title() {
    return <p>{useSuspenseDocument("list", { schema }).data.title}</p>;
  }
  show(
    <StrictMode>
      <Suspense fallback={<p>wait</p>}>
        <Title />
      </Suspense>
    </StrictMode>,
  );
  expect(screen.getByText("wait")).toBeTruthy();
  await act(async () => list.load());
  expect(screen.getByText("Home")).toBeTruthy();
  expect(fake.opened).toBe(1);
});

test("the Suspense variant throws when the document cannot be opened", async () => {
  const errors = vi.spyOn(console, "error").mockImplementation(() => undefined);
  function Title() {
    return <p>{useSuspenseDocument("list", { schema }).data.title}</p>;
  }
  show(
    <Boundary>
      <Suspense fallback={<p>wait</p>}>
        <Title />
      </Suspense>
    </Boundary>,
  );
  await act(async () => list.fail(new TlfsError("node", 3, "denied", "not for you")));
  expect(screen.getByText("failed: not for you")).toBeTruthy();
  errors.mockRestore();
});

test("a component that suspends and is given up leaves nothing open", () => {
  vi.useFakeTimers();
  function Title() {
    return <p>{useSuspenseDocument("list", { schema }).data.title}</p>;
  }
  const { unmount } = show(
    <Suspense fallback={<p>wait</p>}>
      <Title />
    </Suspense>,
  );
  expect(list.holders).toBe(1);
  unmount();
  vi.advanceTimersByTime(graceBeforeUse);
  expect(list.holders).toBe(0);
});

test("a text is read and spliced in place, with functions that stay the same", () => {
  list.load();
  const functions = new Set<unknown>();
  let renders = 0;
  function Notes() {
    renders += 1;
    const { text, splice, replace } = useText("list", ["notes"], { schema });
    functions.add(splice).add(replace);
    return (
      <>
        <p>{text}</p>
        <button onClick={() => splice(4, 0, " and bread")}>more</button>
        <button onClick={() => replace("bread")}>other</button>
      </>
    );
  }
  show(<Notes />);
  fireEvent.click(screen.getByText("more"));
  expect(screen.getByText("milk and bread")).toBeTruthy();
  fireEvent.click(screen.getByText("other"));
  expect(screen.getByText("bread")).toBeTruthy();
  expect(functions.size).toBe(2);
  renders = 0;
  act(() => void list.transact(((draft: Todo) => void (draft.title = "Other")) as never));
  expect(renders).toBe(0);
});

test("presence shows the others, and ours is withdrawn when the component goes", () => {
  list.load();
  let set: (value: unknown) => void = () => undefined;
  function Who() {
    const presence = usePresence("list");
    set = presence.set;
    return <p>{presence.others.map((one) => String(one.value)).join(", ")}</p>;
  }
  const { unmount } = show(
    <StrictMode>
      <Who />
    </StrictMode>,
  );
  act(() => list.presence.set([{ device: "aa", value: "Ann", age: 0 }]));
  expect(screen.getByText("Ann")).toBeTruthy();
  act(() => set({ name: "Bob" }));
  expect(list.shown).toEqual({ name: "Bob" });
  unmount();
  expect(list.shown).toBe(null);
});
