/**
 * The editor of a note: CodeMirror in a shadow root. There its style sheets are constructed ones, which a page's policy
 * against inline styles lets in.
 */
import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { tlfsText } from "@tlfs/codemirror";
import { useClient } from "@tlfs/react";
import { useEffect, useRef } from "react";
import { noteSchema } from "./note.tlfs.ts";

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "1.0625rem", color: "var(--ink)", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "1.7", padding: "1.25rem 0" },
  ".cm-content": { caretColor: "var(--accent)", padding: "0 1.5rem", maxWidth: "46rem" },
  ".cm-line": { padding: "0" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  ".cm-placeholder": { color: "var(--soft)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--accent) 28%, transparent)",
  },
});

export function NoteEditor({ id, name }: { id: string; name: string }) {
  const client = useClient();
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current as HTMLDivElement;
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    const document = client.open(id, noteSchema);
    const view = new EditorView({
      parent: root,
      root,
      extensions: [
        tlfsText(document, ["body"], { cursors: { name }, onError: (error) => console.warn("the note was not changed:", error) }),
        keymap.of([...defaultKeymap, indentWithTab]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "Text of the note", spellcheck: "true" }),
        drawSelection(),
        placeholder("Write something…"),
        look,
      ],
    });
    return () => {
      view.destroy();
      document.release();
    };
  }, [client, id, name]);
  return <div ref={host} className="editor" />;
}
