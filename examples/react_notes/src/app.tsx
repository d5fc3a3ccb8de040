/** The page: the notes on the left, one of them on the right. The address names the note that is shown. */
import { useClient, useConnection, useDocument, useDocuments, useInvites } from "@tlfs/react";
import { useState, useSyncExternalStore, type FormEvent } from "react";
import { NoteEditor } from "./editor.tsx";
import { noteSchema } from "./note.tlfs.ts";

export function App() {
  const documents = useDocuments(noteSchema);
  const connection = useConnection();
  // Before the first attempt has failed there is nothing to complain about.
  const offline = connection.status === "connecting" ? connection.error !== undefined : connection.status !== "online";
  const [name, setName] = useState(() => localStorage.getItem("tlfs.name") ?? "");
  const [status, setStatus] = useState("");
  const shown = useSyncExternalStore(subscribeToHash, () => location.hash.slice(1) || undefined);
  const id = shown ?? documents?.[0]?.id;
  return (
    <div className="page">
      <aside className="side">
        <h1>Notes</h1>
        <NewNote onStatus={setStatus} />
        <nav aria-label="Notes">
          {documents?.length === 0 && <p className="quiet">No note yet.</p>}
          <ul>
            {documents?.map((document) => (
              <li key={document.id}>
                <NoteLink id={document.id} name={document.name} current={document.id === id} />
              </li>
            ))}
          </ul>
        </nav>
        <Join onStatus={setStatus} />
        <label className="me">
          Your name, as others see it
          <input
            value={name}
            maxLength={40}
            placeholder="Somebody"
            autoComplete="nickname"
            onChange={(event) => {
              setName(event.currentTarget.value);
              localStorage.setItem("tlfs.name", event.currentTarget.value);
            }}
          />
        </label>
        <p className="quiet status" role="status">
          {status}
        </p>
      </aside>
      <main>
        {offline && (
          <p className="banner" role="status">
            {connection.status === "refused"
              ? "This page has no access to the node. Open the link that the node has printed."
              : "Off-line: what you write is kept here and sent as soon as the node can be reached."}
          </p>
        )}
        {id ? <Note key={id} id={id} name={name || "Somebody"} onStatus={setStatus} /> : <p className="empty">Nothing to show yet.</p>}
      </main>
    </div>
  );
}

function subscribeToHash(listener: () => void) {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

interface Telling {
  onStatus: (message: string) => void;
}

function NoteLink({ id, name, current }: { id: string; name: string; current: boolean }) {
  const { data } = useDocument(id, { schema: noteSchema, select: (note) => `${note.title ?? ""}\n${note.body.slice(0, 80)}` });
  const [title, ...rest] = (data ?? "").split("\n");
  return (
    <a href={`#${id}`} aria-current={current ? "page" : undefined}>
      <span className="name">{title || name || "Untitled"}</span>
      <span className="quiet name">{rest.join(" ").trim() || "Empty"}</span>
    </a>
  );
}

function NewNote({ onStatus }: Telling) {
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true);
    try {
      location.hash = await client.create(noteSchema, { name: "Note" });
    } catch (error) {
      onStatus((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <button className="primary" disabled={busy} onClick={make}>
      New note
    </button>
  );
}

function Join({ onStatus }: Telling) {
  const { join } = useInvites();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    onStatus("Joining…");
    try {
      location.hash = await join(String(new FormData(form).get("link")).trim());
      form.reset();
      onStatus("You have joined the note");
    } catch (error) {
      onStatus((error as Error).message);
    }
  };
  return (
    <form className="line" onSubmit={submit}>
      <input name="link" aria-label="Link of an invitation" placeholder="Link of an invitation" autoComplete="off" required />
      <button type="submit">Join</button>
    </form>
  );
}

function Note({ id, name, onStatus }: { id: string; name: string } & Telling) {
  const { status, data, level, error, transact } = useDocument(id, {
    schema: noteSchema,
    select: (note, state) => ({ title: note.title, words: note.body.split(/\s+/).filter(Boolean).length, sync: state.sync }),
    isEqual: (a, b) => a.title === b.title && a.words === b.words && a.sync === b.sync,
  });
  const { invite } = useInvites();
  const [link, setLink] = useState<string>();
  const [draft, setDraft] = useState<string>();
  if (!data)
    return (
      <p className="empty" role="status">
        {status === "failed" || status === "unavailable" ? `This note cannot be shown: ${error?.message ?? "it is not here yet"}` : "Loading…"}
      </p>
    );
  const mayWrite = level === "write" || level === "control" || level === "own";
  const share = () =>
    invite(id, { level: "write", uses: 1 }).then(setLink, (problem: Error) => onStatus(problem.message));
  return (
    <article aria-label={data.title ?? "Untitled"}>
      <header className="bar">
        <h2>
          <input
            aria-label="Title of the note"
            value={draft ?? data.title ?? ""}
            placeholder="Untitled"
            readOnly={!mayWrite}
            maxLength={200}
            onChange={(event) => setDraft(event.currentTarget.value)}
            onBlur={() => {
              if (draft !== undefined && draft !== (data.title ?? "")) transact((note) => void (note.title = draft));
              setDraft(undefined);
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter") event.currentTarget.blur();
            }}
          />
        </h2>
        {!mayWrite && <span className="badge">Read only</span>}
        {(level === "control" || level === "own") && <button onClick={share}>Share</button>}
      </header>
      {link && (
        <p className="bar">
          <label className="share">
            Whoever has this link can join. Send it to them alone.
            <input readOnly value={link} onFocus={(event) => event.currentTarget.select()} />
          </label>
          <button onClick={() => setLink(undefined)}>Done</button>
        </p>
      )}
      <NoteEditor id={id} name={name} />
      <footer className="bar quiet">
        <span>{data.words === 1 ? "1 word" : `${data.words} words`}</span>
        <span>{{ offline: "Nobody else is connected", syncing: "Sending and receiving", synced: "Everyone connected has everything" }[data.sync]}</span>
      </footer>
    </article>
  );
}
