/** The dialog that makes invitations: a link, also as a QR code, and those that were given before. */
import { useInvites } from "@tlfs/react";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { encode } from "uqr";
import { useAnnounce } from "./announcer.tsx";
import { Icon } from "./icon.tsx";

export function Share({ id, onClose }: { id: string; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { given, invite, revoke } = useInvites();
  const announce = useAnnounce();
  const [link, setLink] = useState<string>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setProblem(undefined);
    try {
      const made = await invite(id, {
        level: form.get("level") === "read" ? "read" : "write",
        uses: Number(form.get("uses")),
        expiresIn: Number(form.get("days")) * 86_400,
      });
      setLink(made);
      announce("The link is ready");
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  const mine = given?.filter((one) => one.document === id && one.state === "open") ?? [];
  return (
    <dialog ref={dialog} aria-labelledby="share-title" onClose={onClose}>
      <header>
        <h2 id="share-title">Share this list</h2>
        <button aria-label="Close" onClick={onClose}>
          <Icon name="cross" />
        </button>
      </header>
      <form className="invite" onSubmit={submit}>
        <label>
          Guests may
          <select name="level" defaultValue="write">
            <option value="write">read and edit</option>
            <option value="read">only read</option>
          </select>
        </label>
        <label>
          For how many devices
          <input name="uses" type="number" min={1} max={100} defaultValue={1} required />
        </label>
        <label>
          Days until it ends
          <input name="days" type="number" min={1} max={30} defaultValue={1} required />
        </label>
        <button className="primary" type="submit">
          Make a link
        </button>
      </form>
      <p className="problem" role="alert">
        {problem}
      </p>
      {link && (
        <div className="link">
          <QrCode text={link} />
          <label>
            Whoever has this link can join. Send it to them alone.
            <input readOnly value={link} onFocus={(event) => event.currentTarget.select()} />
          </label>
          <button
            onClick={() =>
              navigator.clipboard.writeText(link).then(
                () => announce("Copied"),
                () => announce("Copying is not allowed here"),
              )
            }
          >
            Copy
          </button>
        </div>
      )}
      {mine.length > 0 && (
        <section aria-label="Links given out">
          <h3>Links given out</h3>
          <ul className="given">
            {mine.map((one) => (
              <li key={one.id}>
                <span className="name">
                  {one.level === "read" ? "only read" : "read and edit"}, {one.usesLeft} left, until{" "}
                  {new Date(one.expires).toLocaleDateString()}
                </span>
                <button onClick={() => revoke(one.id).then(() => announce("The link is of no use any more"), (error: Error) => setProblem(error.message))}>
                  Revoke
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </dialog>
  );
}

function QrCode({ text }: { text: string }) {
  const { data, size } = encode(text, { border: 2 });
  let path = "";
  data.forEach((row, y) =>
    row.forEach((dark, x) => {
      if (dark) path += `M${x} ${y}h1v1h-1z`;
    }),
  );
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label="The link as a QR code" shapeRendering="crispEdges">
      <rect width={size} height={size} fill="white" />
      <path d={path} fill="black" />
    </svg>
  );
}
