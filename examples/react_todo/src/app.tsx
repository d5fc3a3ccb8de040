/** The page: the lists on the left, one of them on the right. The address names the list that is shown. */
import { useClient, useConnection, useDocument, useDocuments, useInvites } from "@tlfs/react";
import { useCallback, useState, useSyncExternalStore, type FormEvent } from "react";
import { useAnnounce } from "./announcer.tsx";
import { Icon } from "./icon.tsx";
import { todoSchema } from "./todo.tlfs.ts";
import { TodoList } from "./todo_list.tsx";
import { useMyName } from "./my_name.ts";

export function App() {
  const shown = useShown();
  const documents = useDocuments(todoSchema);
  const connection = useConnection();
  // Before the first attempt has failed there is nothing to complain about.
  const offline = connection.status === "connecting" ? connection.error !== undefined : connection.status !== "online";
  const id = shown ?? documents?.[0]?.id;
  return (
    <div className="page">
      <aside className="side">
        <h1>
          <Icon name="check" /> Todo
        </h1>
        <nav aria-label="Lists">
          {documents?.length === 0 && <p className="quiet">No list yet. Make one, or join one that somebody shares.</p>}
          <ul className="lists">
            {documents?.map((document) => (
              <li key={document.id}>
                <ListLink id={document.id} name={document.name} current={document.id === id} />
              </li>
            ))}
          </ul>
        </nav>
        <NewList />
        <Offers />
        <Join />
        <MyName />
      </aside>
      <main>
        {offline && (
          <p className="banner" role="status">
            <Icon name="offline" />
            {connection.status === "refused"
              ? "This page has no access to the node. Open the link that the node has printed."
              : "Off-line: the node cannot be reached. What you change is kept here and sent as soon as it can be."}
          </p>
        )}
        {id ? <TodoList key={id} id={id} /> : <p className="empty">Nothing to show yet.</p>}
      </main>
    </div>
  );
}

/** The list that the address names: `#ID`. */
function useShown(): string | undefined {
  return useSyncExternalStore(subscribeToHash, () => location.hash.slice(1) || undefined);
}
function subscribeToHash(listener: () => void) {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

function ListLink({ id, name, current }: { id: string; name: string; current: boolean }) {
  const { data } = useDocument(id, {
    schema: todoSchema,
    select: (list) => ({ title: list.title, open: list.tasks.reduce((sum, task) => sum + (task.done ? 0 : 1), 0) }),
    isEqual: (a, b) => a.title === b.title && a.open === b.open,
  });
  return (
    <a href={`#${id}`} aria-current={current ? "page" : undefined}>
      <span className="name">{data?.title || name || "Untitled"}</span>
      {data !== undefined && (
        <span className="count" aria-label={`${data.open} open`}>
          {data.open}
        </span>
      )}
    </a>
  );
}

function NewList() {
  const client = useClient();
  const announce = useAnnounce();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const name = String(new FormData(form).get("name")).trim();
    if (!name || busy) return;
    setBusy(true);
    try {
      const id = await client.create(todoSchema, { name });
      const document = client.open(id, todoSchema);
      await document.ready();
      document.transact((draft) => void (draft.title = name), { origin: "" });
      document.release();
      form.reset();
      location.hash = id;
      announce(`List ${name} made`);
    } catch (error) {
      announce(`The list could not be made: ${(error as Error).message}`);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="line" onSubmit={submit}>
      <input name="name" aria-label="Name of a new list" placeholder="New list" autoComplete="off" required maxLength={200} />
      <button type="submit" aria-label="Make the list" disabled={busy}>
        <Icon name="plus" />
      </button>
    </form>
  );
}

/** Lists that other devices offer to this one. */
function Offers() {
  const { offered, accept, decline } = useInvites();
  const announce = useAnnounce();
  const answer = (what: Promise<void>, done: string) =>
    what.then(
      () => announce(done),
      (error: Error) => announce(error.message),
    );
  if (!offered?.length) return null;
  return (
    <section aria-label="Offered lists">
      <h2>Offered to you</h2>
      <ul className="offers">
        {offered.map((offer) => (
          <li key={offer.document + offer.from}>
            <span className="name">{offer.name || "A list"}</span>
            <button onClick={() => answer(accept(offer.document), "Accepted")}>Accept</button>
            <button onClick={() => answer(decline(offer.document), "Declined")}>Decline</button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Join() {
  const { join } = useInvites();
  const announce = useAnnounce();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const link = String(new FormData(form).get("link")).trim();
    setBusy(true);
    setProblem(undefined);
    try {
      location.hash = await join(link);
      form.reset();
      announce("You have joined the list");
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="line" onSubmit={submit}>
      <input name="link" aria-label="Link of an invitation" placeholder="Link of an invitation" autoComplete="off" required aria-describedby="join-problem" />
      <button type="submit" disabled={busy}>
        {busy ? "Joining…" : "Join"}
      </button>
      <p id="join-problem" className="problem" role="alert">
        {problem}
      </p>
    </form>
  );
}

function MyName() {
  const [name, setName] = useMyName();
  const change = useCallback((event: { currentTarget: HTMLInputElement }) => setName(event.currentTarget.value), [setName]);
  return (
    <label className="me">
      Your name, as others see it
      <input value={name} onChange={change} maxLength={40} autoComplete="nickname" placeholder="Somebody" />
    </label>
  );
}
