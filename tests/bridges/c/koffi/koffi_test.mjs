// The C ABI from Node, through koffi: node koffi_test.mjs LIBRARY
//
// Callbacks come from threads of the node and run where JavaScript runs, so that the node's thread waits for them. What
// waits for a callback in its turn, like ending a subscription, is therefore called in the background (`.async`).
import assert from "node:assert/strict";
import { test } from "node:test";
import koffi from "koffi";

const library = koffi.load(process.env.TLFS_LIBRARY ?? process.argv[2]);
const end = -1n & 0xffffffffffffffffn; // TLFS_ZERO_TERMINATED
const [snapshot, patches, committed, failed] = [1, 2, 5, 6];

for (const name of ["tlfs_error", "tlfs_schema", "tlfs_options", "tlfs_node", "tlfs_transaction", "tlfs_subscription"]) koffi.opaque(name);
koffi.struct("tlfs_event", {
  size: "size_t", kind: "int32_t", from: "uint64_t", to: "uint64_t", durable: "uint64_t",
  json: "const char *", json_length: "size_t", error: "const tlfs_error *",
});
koffi.proto("void tlfs_callback(void *context, const tlfs_event *event)");

const free = library.func("void tlfs_free(void *block)");
koffi.disposable("tlfs_text", "str", free);
const c = Object.fromEntries(
  [
    "const char *tlfs_error_message(const tlfs_error *error)",
    "int32_t tlfs_error_kind(const tlfs_error *error)",
    "void tlfs_error_destroy(tlfs_error *error)",
    "tlfs_schema *tlfs_schema_compile(const char *text, size_t length, const char *name, size_t name_length, _Out_ tlfs_error **error)",
    "void tlfs_schema_destroy(tlfs_schema *schema)",
    "tlfs_options *tlfs_options_create()",
    "void tlfs_options_set_log_level(tlfs_options *options, const char *level, size_t length)",
    "void tlfs_options_destroy(tlfs_options *options)",
    "tlfs_node *tlfs_node_open(tlfs_options *options, _Out_ tlfs_error **error)",
    "void tlfs_node_close(tlfs_node *node)",
    "bool tlfs_document_create(tlfs_node *node, const tlfs_schema *schema, const char *name, size_t length, _Out_ uint8_t *id, _Out_ tlfs_error **error)",
    "bool tlfs_document_read(tlfs_node *node, const uint8_t *id, const char *path, size_t length, _Out_ tlfs_text *json, _Out_ size_t *json_length, _Out_ uint64_t *revision, _Out_ tlfs_error **error)",
    "tlfs_transaction *tlfs_transaction_create(tlfs_node *node, const uint8_t *id)",
    "void tlfs_transaction_destroy(tlfs_transaction *transaction)",
    "void tlfs_set_string(tlfs_transaction *transaction, const char *path, size_t length, const char *text, size_t text_length)",
    "void tlfs_increment(tlfs_transaction *transaction, const char *path, size_t length, int64_t by)",
    "bool tlfs_transaction_commit(tlfs_transaction *transaction, _Out_ uint64_t *revision, _Out_ tlfs_error **error)",
    "void tlfs_transaction_submit(tlfs_transaction *transaction, tlfs_callback *done, void *context)",
    "tlfs_subscription *tlfs_subscribe(tlfs_node *node, const uint8_t *id, const char *path, size_t length, bool saved, tlfs_callback *callback, void *context, _Out_ tlfs_error **error)",
    "void tlfs_subscription_destroy(tlfs_subscription *subscription)",
  ].map((declaration) => [/(\w+)\(/.exec(declaration)[1], library.func(declaration)]),
);

/** Calls a function whose last parameter is the error; throws what it says. */
function must(name, ...parameters) {
  const error = [null];
  const result = c[name](...parameters, error);
  if (result) return result;
  const failure = new Error(c.tlfs_error_message(error[0]));
  failure.kind = c.tlfs_error_kind(error[0]);
  c.tlfs_error_destroy(error[0]);
  throw failure;
}
/** The same off the thread of JavaScript, for what waits for a callback. */
const background = (name, ...parameters) =>
  new Promise((resolve, reject) => c[name].async(...parameters, (error, result) => (error ? reject(error) : resolve(result))));

/** A callback, and what it was told: each entry of `told` is waited for. */
function listener() {
  const told = [];
  let wake = () => undefined;
  const pointer = koffi.register((_context, event) => {
    const { kind, json, from, to } = koffi.decode(event, "tlfs_event");
    told.push({ kind, value: json === null ? undefined : JSON.parse(json), from, to });
    wake();
  }, "tlfs_callback *");
  const until = async (count) => {
    const late = Date.now() + 10_000;
    while (told.length < count) {
      assert.ok(Date.now() < late, `only ${told.length} of ${count} calls came`);
      await Promise.race([new Promise((resolve) => (wake = resolve)), new Promise((resolve) => setTimeout(resolve, 100))]);
    }
  };
  return { pointer, told, until, end: () => koffi.unregister(pointer) };
}

function open(t) {
  const source = "todo { 0.1.0 { .: Struct  .title: MVReg<String>  .votes: Counter } }";
  const schema = must("tlfs_schema_compile", source, end, null, 0);
  const options = c.tlfs_options_create();
  c.tlfs_options_set_log_level(options, "off", end);
  const node = must("tlfs_node_open", options);
  c.tlfs_options_destroy(options);
  t.after(() => c.tlfs_node_close(node));
  const id = Buffer.alloc(32);
  must("tlfs_document_create", node, schema, "list", end, id);
  c.tlfs_schema_destroy(schema);
  const read = (path) => {
    const [json, length, revision] = [[null], [0], [0]];
    must("tlfs_document_read", node, id, path, end, json, length, revision);
    assert.equal(Buffer.byteLength(json[0]), Number(length[0]));
    return { value: JSON.parse(json[0]), revision: Number(revision[0]) };
  };
  return { node, id, read };
}

test("a document is made, edited in a transaction, and read", (t) => {
  const { node, id, read } = open(t);
  assert.notDeepEqual(id, Buffer.alloc(32));
  assert.deepEqual(read(".").value, { title: null, votes: 0 });
  const transaction = c.tlfs_transaction_create(node, id);
  c.tlfs_set_string(transaction, ".title", end, "from Node, naïvely", end);
  c.tlfs_increment(transaction, ".votes", end, 3);
  const revision = [0];
  must("tlfs_transaction_commit", transaction, revision);
  assert.deepEqual(read("."), { value: { title: "from Node, naïvely", votes: 3 }, revision: Number(revision[0]) });
  c.tlfs_set_string(transaction, ".nowhere", end, "x", end);
  assert.throws(() => must("tlfs_transaction_commit", transaction, revision), (error) => /nowhere/.test(error.message) && error.kind === 0);
  c.tlfs_transaction_destroy(transaction);
});

test("a callback comes from a thread of the node, may write, and comes no more once its subscription has ended", async (t) => {
  const { node, id, read } = open(t);
  const [watch, done] = [listener(), listener()];
  const subscription = must("tlfs_subscribe", node, id, ".", end, false, watch.pointer, null);
  await watch.until(1);
  assert.deepEqual(watch.told[0], { kind: snapshot, value: { title: null, votes: 0 }, from: 0, to: watch.told[0].to });
  const transaction = c.tlfs_transaction_create(node, id);
  c.tlfs_increment(transaction, ".votes", end, 5);
  c.tlfs_transaction_submit(transaction, done.pointer, null);
  await Promise.all([watch.until(2), done.until(1)]);
  assert.equal(done.told[0].kind, committed);
  assert.equal(watch.told[1].kind, patches);
  assert.deepEqual(watch.told[1].value, [{ op: "replace", path: "/votes", value: 5 }]);
  c.tlfs_increment(transaction, ".nowhere", end, 5);
  c.tlfs_transaction_submit(transaction, done.pointer, null);
  await done.until(2);
  assert.equal(done.told[1].kind, failed);
  await background("tlfs_subscription_destroy", subscription);
  c.tlfs_increment(transaction, ".votes", end, 2);
  must("tlfs_transaction_commit", transaction, [0]);
  c.tlfs_transaction_destroy(transaction);
  assert.equal(read(".votes").value, 7);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(watch.told.length, 2);
  watch.end();
  done.end();
});
