"""The rows that bench/run.py measures: unit, bar, what is compared. bench/README.md defines what a sample contains."""

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Row:
    name: str
    unit: str  # "ms", "us" or "bytes"
    title: str
    bar: Optional[float] = None  # in the row's unit; the scaled median must be at or below it
    needs_traces: bool = False

    @property
    def scaled(self) -> bool:
        """Times are scaled by the calibration; sizes are what they are."""
        return self.unit != "bytes"


ROWS = [
    Row("trace_per_edit", "ms", "automerge-paper, a transaction per edit, updates emitted", 200, True),
    Row("trace_sealed_100", "ms", "the same, sealed every 100 edits", 350, True),
    Row("trace_sealed_each", "ms", "the same, every edit sealed and signed", 8_000, True),
    Row("trace_batch", "ms", "the same, one transaction", 40, True),
    Row("history_size", "bytes", "its full history", 80_000, True),
    Row("open_snapshot", "ms", "open it and read the text", 1, True),
    Row("friends_1", "ms", "friendsforever: history decoded to text", 5, True),
    Row("friends_25", "ms", "25 copies in one history decoded to text", 60, True),
    Row("table_writes_100k", "ms", "100,000 table writes, a transaction each", 150),
    Row("todos_build_100k", "ms", "100,000 todos: build"),
    Row("todos_json_100k", "ms", "100,000 todos: to JSON text"),
    Row("todos_edit_100k", "us", "100,000 todos: one edit", 5),
    Row("todos_open_100k", "ms", "100,000 todos: open", 20),
    Row("todos_memory_100k", "bytes", "100,000 todos: resident after every field was read", 40_000_000),
    Row("todos_size_100k", "bytes", "100,000 todos: saved", 1_300_000),
    Row("encrypted_sealed_100", "ms", "automerge-paper sealed every 100 edits, with keys and rights", None, True),
    Row("encrypted_import_100", "ms", "those changes decoded, verified, decrypted, judged, to text", None, True),
    Row("encrypted_size_100", "bytes", "the same at rest", 200_000, True),
    Row("encrypted_judge", "us", "1,000 members: take in one change"),
    Row("encrypted_remove_member", "ms", "1,000 members: remove one"),
    Row("access_judge_leaf", "us", "10,000 statements, 1,000 members: judge one leaf"),
    Row("access_add_statement", "us", "10,000 statements, 1,000 members: add one grant, judge one leaf"),
    Row("store_batch_1", "us", "one durable batch of 1 record, p50"),
    Row("store_batch_64", "us", "one durable batch of 64 records, p50"),
    Row("node_durable_1", "us", "durable transaction, one writer, p50"),
    Row("node_durable_8", "us", "durable transactions, 8 writers: per transaction"),
    Row("node_durable_64", "us", "durable transactions, 64 writers: per transaction", 20),
    Row("node_durable_64_shared", "us", "the same, all on one document", 20),
    Row("node_open_document", "us", "open one of 1,000 documents, p50"),
    Row("node_recovery_1m", "ms", "a killed node of 1,000,000 edits: started and read"),
    Row("documents_differ_1k", "ms", "1,000 documents, 10 differ: both sides find them"),
    Row("documents_differ_100k", "ms", "100,000 documents, 10 differ: both sides find them", 10),
    Row("documents_differ_1m", "ms", "1,000,000 documents, 10 differ: both sides find them"),
    Row("documents_first_build_100k", "ms", "100,000 documents: a peer's tree built", 80),
    Row("documents_edit", "us", "100,000 documents: an edit, per linked peer", 5),
    Row("sync_apart", "ms", "100,000 operations, 1,000 edits apart on each side: made equal", 20),
    Row("sync_idle", "bytes", "two equal replicas find that they are, each way", 100),
    Row("sync_pull", "us", "fresh pull, one signature per batch: per change", 5),
    Row("sync_pull_signed", "us", "fresh pull, every change signed: per change", 83),
    Row("bridge_patches_1", "us", "edits to 1 subscriber of the bridge: per patch"),
    Row("bridge_patches_10", "us", "the same to 10 subscribers: per patch and subscriber"),
    Row("bridge_patches_100", "us", "the same to 100 subscribers: per patch and subscriber"),
    Row("bridge_session_bytes", "bytes", "memory of a session of the bridge"),
    Row("web_latency", "ms", "edit in one browser to pixels in another, p50"),
    Row("web_todos_open", "ms", "10,000 todos in Chromium: arrived to readable", 50),
    Row("web_patches_100", "ms", "100 patches of them applied", 3),
    Row("web_patches_100_pending", "ms", "the same under three own writes"),
    Row("web_client_bytes", "bytes", "@tlfs/client in a browser, gzipped"),
    Row("web_react_bytes", "bytes", "@tlfs/react in a browser, gzipped, without the client and React"),
    Row("store_scan_10k", "ms", "range scan of a document of 10,000 records"),
    Row("actor_message", "us", "one message from one supervised actor to another"),
    Row("actor_request", "us", "one request and its answer between supervised actors"),
    Row("actor_spawn_bare", "us", "spawn of an actor without supervisor"),
    Row("actor_spawn_supervised", "us", "start of a child of a supervisor, until it runs"),
    Row("actor_idle_bytes", "bytes", "memory of an idle supervised actor"),
]

# The calibration loop's reference. The fastest loop seen on the machine for which the bars are stated took 40.6 ms, on a day
# when it was busy; measure again at rest before publishing figures. A figure is multiplied by reference / measured.
REFERENCE_LOOP_MS = 40.0
