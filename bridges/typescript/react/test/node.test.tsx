/** Hooks for the node, and the provider. */
import { act, cleanup, render, screen } from "@testing-library/react";
import { StrictMode, Suspense } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeClient } from "../../testing/fake_client.js";
import { TlfsProvider, useClient, useConnection, useDocuments, useInvites, usePeers, useSuspenseDocuments } from "../src/index.js";

const { made, connect } = vi.hoisted(() => {
  const made: { closed: boolean; url: unknown }[] = [];
  return {
    made,
    connect: (options: { url?: unknown }) => {
      const client = { closed: false, url: options.url, close: () => void (client.closed = true) };
      made.push(client);
      return client;
    },
  };
});
vi.mock("@tlfs/client", async (original) => ({ ...(await original<object>()), connect }));

let fake: FakeClient;
beforeEach(() => {
  fake = new FakeClient();
  made.length = 0;
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const info = (id: string, name: string) => ({ id, name: id, package: name, version: "1.0.0", created: 0 });

test("documents are those of a schema's package, and the list stays the same while they do", () => {
  const seen = new Set<unknown>();
  function Names() {
    const documents = useDocuments({ package: "todo", version: "1", encoded: "", shape: { kind: "text" } });
    seen.add(documents);
    useConnection();
    return <p>{documents?.map((document) => document.id).join(" ") ?? "unknown"}</p>;
  }
  render(
    <TlfsProvider client={fake.client}>
      <Names />
    </TlfsProvider>,
  );
  expect(screen.getByText("unknown")).toBeTruthy();
  act(() => fake.documents.set([info("a", "todo"), info("b", "notes"), info("c", "todo")]));
  expect(screen.getByText("a c")).toBeTruthy();
  act(() => fake.connection.set({ status: "offline" }));
  expect(seen.size).toBe(2);
});

test("the Suspense variant of documents waits for the list", async () => {
  function Names() {
    return <p>{useSuspenseDocuments().length} documents</p>;
  }
  render(
    <TlfsProvider client={fake.client}>
      <Suspense fallback="wait">
        <Names />
      </Suspense>
    </TlfsProvider>,
  );
  expect(screen.getByText("wait")).toBeTruthy();
  await act(async () => fake.documents.set([info("a", "todo")]));
  expect(screen.getByText("1 documents")).toBeTruthy();
});

test("connection, peers and invitations are live", async () => {
  let join: (link: string) => Promise<string> = () => Promise.resolve("");
  function Node() {
    const invites = useInvites();
    join = invites.join;
    return (
      <p>
        {useConnection().status} {usePeers()?.length ?? "?"} {invites.offered?.length ?? "?"}
      </p>
    );
  }
  render(
    <TlfsProvider client={fake.client}>
      <Node />
    </TlfsProvider>,
  );
  expect(screen.getByText("online ? ?")).toBeTruthy();
  act(() => {
    fake.connection.set({ status: "offline" });
    fake.peers.set([]);
    fake.invitations.set({ given: [], offered: [{ document: "d", from: "aa", name: "n", package: "p" }] });
  });
  expect(screen.getByText("offline 0 1")).toBeTruthy();
  await join("tlfs:link");
  expect(fake.joined).toEqual(["tlfs:link"]);
});

test("a provider without a client connects once, also in StrictMode, and closes its client when it goes", () => {
  vi.useFakeTimers();
  function Url() {
    return <p>{String((useClient() as unknown as { url: string }).url)}</p>;
  }
  const page = (url: string) => (
    <StrictMode>
      <TlfsProvider url={url}>
        <Url />
      </TlfsProvider>
    </StrictMode>
  );
  const { rerender, unmount } = render(page("ws://one"));
  vi.advanceTimersByTime(10);
  expect(screen.getByText("ws://one")).toBeTruthy();
  expect(made.map((client) => client.closed)).toEqual([false]);
  rerender(page("ws://two"));
  vi.advanceTimersByTime(10);
  expect(screen.getByText("ws://two")).toBeTruthy();
  expect(made.map((client) => client.closed)).toEqual([true, false]);
  unmount();
  vi.advanceTimersByTime(10);
  expect(made.map((client) => client.closed)).toEqual([true, true]);
});

test("a component outside of a provider is told so", () => {
  const errors = vi.spyOn(console, "error").mockImplementation(() => undefined);
  function Lost() {
    useClient();
    return null;
  }
  expect(() => render(<Lost />)).toThrow("<TlfsProvider>");
  errors.mockRestore();
});
