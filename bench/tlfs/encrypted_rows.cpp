// What protection costs: the editing session through a document with keys, rights and signatures beside one without;
// its import by a reader; changes of a thousand members, judged as they come.
#include <algorithm>

#include "bench/tlfs/documents.h"
#include "bench/tlfs/inputs.h"
#include "bench/tlfs/rows.h"
#include "runtime/access/realm.h"
#include "runtime/document/archive.h"
#include "schema/compiler/compile.h"

namespace tlfs::bench {
namespace {

using namespace document;
using access::ProtectedDocument;
using access::Realm;

constexpr std::string_view kTrace = "automerge-paper";
constexpr std::string_view kTextPath = ".text";
constexpr std::size_t kSealEvery = 100;

Package user_package() {
  return expect(schema::compile("user { 0.1.0 { .: Struct } }", "bench.tlfs"), "the schema").front().package;
}

// A person with one device.
struct Person {
  SeededRandom random;
  std::shared_ptr<const crypto::SigningKey> device;
  std::shared_ptr<access::EpochSecrets> secrets = std::make_shared<access::EpochSecrets>();
  Realm realm;

  explicit Person(std::uint64_t number, const Package& user = user_package())
      : random(number),
        device(std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random))),
        realm({device, &random, {}, secrets}) {
    realm.create_user(crypto::SigningKey::generate(random), user);
  }
  access::Principal user() const { return access::Principal::user(*realm.user()); }
  std::vector<access::SignedStatement> user_statements() {
    realm.tend();
    return realm.known(*realm.user());
  }
};

std::size_t emit_change(Document& doc) {
  doc.sign();
  const auto last = static_cast<ChangeIndex>(doc.graph().size() - 1);
  return encode_change(expect(doc.history().change(last), "the own change")).size();
}

// As trace_sealed_100: a transaction per edit; a change sealed, signed and encoded after every 100 edits.
std::size_t replay(Document& doc, const Session& session) {
  const Address text = address(doc, kTextPath);
  std::size_t unsealed = 0, bytes = 0;
  for (const Edit& edit : session.edits) {
    const Result<Commit> done =
        doc.transact({}, [&](Transaction& tx) { return tx.splice(text, edit.position, edit.deleted, edit.inserted); });
    if (!done) require(false, done.error().message());
    if (++unsealed < kSealEvery) continue;
    bytes += emit_change(doc);
    unsealed = 0;
  }
  if (unsealed > 0) bytes += emit_change(doc);
  return bytes;
}

void check_text(const Document& doc, std::string_view expected) {
  require(expect(doc.text(kTextPath), "the text") == expected, "the text differs from endContent");
}

double total_bytes(const std::vector<Change>& changes) {
  double out = 0;
  for (const Change& c : changes) out += static_cast<double>(encode_change(c).size());
  return out;
}

// Of a writer's changes the last one's signature vouches for the others.
std::vector<Change> one_signature(std::vector<Change> changes) {
  for (std::size_t i = 0; i + 1 < changes.size(); ++i) changes[i].signature.reset();
  return changes;
}

Sample edit_encrypted(const Session& session, const Package& package) {
  Person alice(1);
  ProtectedDocument& made = *expect(alice.realm.create(package), "the document");
  const auto [ms, bytes] = timed([&] { return replay(made.content(), session); });
  check_text(made.content(), session.end_content);
  const std::unique_ptr<Document> plain = make_document(package);
  const auto [plain_ms, plain_bytes] = timed([&] { return replay(*plain, session); });
  check_text(*plain, session.end_content);
  return {ms,
          {{"unprotected_ms", plain_ms},
           {"ratio", ms / plain_ms},
           {"changes", static_cast<double>(made.content().graph().size())},
           {"change_bytes", static_cast<double>(bytes)},
           {"unprotected_change_bytes", static_cast<double>(plain_bytes)}}};
}

Sample import_encrypted(const Session& session, const Package& package) {
  Person alice(1), bob(2);
  alice.realm.learn(bob.user_statements());
  ProtectedDocument& made = *expect(alice.realm.create(package), "the document");
  expect(made.grant({}, access::Level::read, bob.user()), "the grant");
  replay(made.content(), session);
  Realm::Share share = alice.realm.share(made.id(), bob.realm.device());
  share.changes = one_signature(std::move(share.changes));
  const auto imported = [&](std::vector<Bytes> sent) {
    ProtectedDocument& copy = bob.realm.open(made.id(), package);
    const auto first = copy.take(share.statements, {});
    require(first.refused.empty(), "a statement was refused");
    const auto [ms, text] = timed([&] {
      const auto taken = copy.take({}, decode_all(sent));
      require(taken.refused.empty() && taken.changes == sent.size(), "a change was refused");
      return expect(copy.content().text(kTextPath), "the text");
    });
    require(text == session.end_content, "the text differs from endContent");
    return ms;
  };
  const auto encoded = [](const std::vector<Change>& changes) {
    std::vector<Bytes> out;
    for (const Change& c : changes) out.push_back(encode_change(c));
    return out;
  };
  const double ms = imported(encoded(share.changes));
  const std::unique_ptr<Document> plain = make_document(package);
  replay(*plain, session);
  const std::vector<Bytes> plain_sent = encoded(one_signature(plain->all_changes()));
  const std::unique_ptr<Document> plain_copy = make_document(package, 1);
  const auto [plain_ms, plain_text] = timed([&] {
    import_all(*plain_copy, decode_all(plain_sent));
    return expect(plain_copy->text(kTextPath), "the text");
  });
  require(plain_text == session.end_content, "the text differs from endContent");
  return {ms, {{"unprotected_ms", plain_ms}, {"changes", static_cast<double>(share.changes.size())}}};
}

Sample encrypted_size(const Session& session, const Package& package) {
  Person alice(1);
  ProtectedDocument& made = *expect(alice.realm.create(package), "the document");
  replay(made.content(), session);
  const std::unique_ptr<Document> plain = make_document(package);
  replay(*plain, session);
  const std::vector<Change> changes = one_signature(made.content().all_changes());
  const std::vector<Change> plain_changes = one_signature(plain->all_changes());
  const crypto::Secret key = crypto::Secret::generate(alice.random);
  const Bytes archive = expect(made.archive(key), "the archive");
  const Bytes plain_archive = expect(encode_archive(plain_changes), "the archive");
  double payload = 0;
  for (const Change& c : changes)
    for (const auto& leaf : c.leaves) payload += static_cast<double>(leaf->payload.size() + leaf->salt.size());
  return {static_cast<double>(archive.size()),
          {{"sealed_bytes", total_bytes(changes)},
           {"leaf_bytes", payload},
           {"unprotected_archive_bytes", static_cast<double>(plain_archive.size())},
           {"unprotected_sealed_bytes", total_bytes(plain_changes)}}};
}

// Pieces of 16 to 64 KiB that end where the last bytes say so; how many of the second's are not among the first's.
std::pair<std::size_t, std::size_t> changed_blocks(const Bytes& before, const Bytes& after) {
  const auto blocks = [](const Bytes& bytes) {
    std::vector<crypto::Digest> out;
    std::uint64_t gear = 0;
    std::size_t first = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      gear = (gear << 1) + (bytes[i] + 1) * 0x9e3779b97f4a7c15u;
      const std::size_t size = i + 1 - first;
      if (i + 1 < bytes.size() && size < 65536 && (size < 16384 || (gear >> 50) != 0)) continue;
      out.push_back(crypto::hash("block", {ByteView(bytes).subspan(first, size)}));
      first = i + 1;
    }
    return out;
  };
  const std::vector<crypto::Digest> old = blocks(before), now = blocks(after);
  std::size_t changed = 0;
  for (const crypto::Digest& b : now) changed += std::find(old.begin(), old.end(), b) == old.end() ? 1 : 0;
  return {changed, now.size()};
}

Sample open_encrypted(const Session& session, const Package& package) {
  Person alice(1);
  ProtectedDocument& made = *expect(alice.realm.create(package), "the document");
  replay(made.content(), session);
  const Bytes snapshot = made.snapshot();
  const Bytes plain = made.snapshot(document::SnapshotPacking::plain);
  const auto open = [&](const Bytes& bytes) {
    ProtectedDocument::Settings s;
    s.id = made.id();
    s.device = alice.device;
    s.package = package;
    s.secrets = std::make_shared<access::EpochSecrets>();
    s.random = &alice.random;
    return timed([&, statements = made.statements()]() mutable {
      auto opened = expect(ProtectedDocument::open(bytes, std::move(s), std::move(statements), {}, nullptr), "opening");
      expect(opened->recover({}, {}, 0), "recovering");
      return opened;
    });
  };
  const auto [ms, opened] = open(snapshot);
  check_text(opened->content(), session.end_content);
  const auto [plain_ms, opened_plain] = open(plain);
  check_text(opened_plain->content(), session.end_content);
  const auto done = made.content().transact({"t", "", std::nullopt}, [&](document::Transaction& tx) {
    return tx.splice(*tx.address(kTextPath), session.end_content.size() / 2, 0, "x");
  });
  require(done.ok(), "the edit was refused");
  const auto [snapshot_ms, after] = timed([&] { return made.snapshot(document::SnapshotPacking::plain); });
  const auto [changed, blocks] = changed_blocks(plain, after);
  const auto [changed_packed, blocks_packed] = changed_blocks(snapshot, made.snapshot());
  return {ms,
          {{"uncompressed_ms", plain_ms},
           {"snapshot_bytes", static_cast<double>(snapshot.size())},
           {"uncompressed_bytes", static_cast<double>(plain.size())},
           {"uncompressed_snapshot_ms", snapshot_ms},
           {"blocks", static_cast<double>(blocks)},
           {"blocks_after_edit", static_cast<double>(changed)},
           {"compressed_blocks", static_cast<double>(blocks_packed)},
           {"compressed_blocks_after_edit", static_cast<double>(changed_packed)}}};
}

// ---- a thousand members ----

constexpr std::uint32_t kMembers = 1'000;
constexpr std::uint32_t kChanges = 10'000;

Package rows_package() {
  return expect(schema::compile("rows { 0.1.0 { .: Struct .rows: Table<String> .rows.{}: MVReg<u64> } }", "bench.tlfs"),
                "the schema")
      .front()
      .package;
}

// What ProtectedDocument binds a leaf's ciphertext to.
Bytes leaf_data(const Header& header, const Leaf& leaf) {
  ByteWriter out;
  out.raw(ByteView(header.document));
  out.raw(ByteView(header.writer.device));
  out.fixed64(header.writer.incarnation);
  out.fixed64(header.seq);
  out.raw(ByteView(leaf.compartment));
  out.fixed64(leaf.epoch);
  return out.take();
}

struct Crowd {
  Package package = rows_package();
  Person alice{1};
  DocumentId document{};
  std::vector<access::SignedStatement> statements;
  std::vector<Change> encrypted, plain;  // the same writes, one after another, by random members; the plain ones in the
                                         // clear and resting on nothing
  std::vector<std::shared_ptr<const crypto::SigningKey>> devices;
  std::vector<access::Principal> users;
  const access::EpochContent* epoch = nullptr;

  explicit Crowd(bool writing) {
    const Package user = user_package();
    for (std::uint32_t m = 0; m < kMembers; ++m) {
      Person member(100 + m, user);
      devices.push_back(member.device);
      users.push_back(member.user());
      alice.realm.learn(member.user_statements());
    }
    ProtectedDocument& made = *expect(alice.realm.create(package), "the document");
    document = made.id();
    for (const access::Principal& u : users) expect(made.grant({}, access::Level::write, u), "a grant");
    statements = made.statements();
    require(made.log().heads(document).size() == 1, "the log has several heads");
    for (const auto& [id, content] : *alice.secrets)
      for (const access::SignedStatement& s : statements)
        for (const access::Rotation& r : s.statement.rotations)
          if (s.statement.document == document && r.epoch == id) epoch = &content;
    require(epoch, "the document has no epoch");
    if (writing) write(made.log().heads(document));
  }

  void write(const std::vector<crypto::Digest>& heads) {
    struct Writer {
      std::unique_ptr<Document> doc;
      std::optional<ChangeHash> encrypted, plain;  // its last change
      std::size_t last = 0;
    };
    std::vector<Writer> writers(kMembers);
    SeededRandom random(7);
    for (std::uint32_t k = 0; k < kChanges; ++k) {
      const std::uint32_t m = random.next_u64() % kMembers;
      Writer& w = writers[m];
      if (!w.doc) {
        Document::Settings own;
        own.id = document;
        own.device = devices[m];
        own.package = package;
        w.doc = std::make_unique<Document>(std::move(own));
      }
      const auto done = w.doc->transact(
          {}, [&](Transaction& tx) { return tx.set(".rows[\"" + std::to_string(k) + "\"]", Value(std::uint64_t{k})); });
      if (!done) require(false, done.error().message());
      w.doc->seal();
      const Change own =
          expect(w.doc->history().change(static_cast<ChangeIndex>(w.doc->graph().size() - 1)), "a change");
      const auto placed = [&](std::vector<Change>& all, std::optional<ChangeHash>& prev, bool seal) {
        Header h = own.header;
        h.deps.clear();
        if (h.seq > 0) h.prev = prev;
        if (!all.empty() && all.back().hash != prev) h.deps = {all.back().hash};
        h.lamport = k + 1;
        Leaf leaf = *own.leaves.front();
        if (seal) {
          h.authority_heads = heads;
          leaf.compartment = {};
          leaf.epoch = access::epoch_number(epoch->id());
          crypto::Sealed sealed = crypto::seal(epoch->leaf_key, leaf_data(h, leaf), leaf.payload);
          leaf.salt.assign(sealed.nonce.begin(), sealed.nonce.end());
          leaf.payload = std::move(sealed.bytes);
        }
        h.leaf_digests.clear();
        all.push_back(make_change(std::move(h), {std::move(leaf)}));
        prev = all.back().hash;
      };
      placed(encrypted, w.encrypted, true);
      placed(plain, w.plain, false);
      w.last = k;
    }
    for (std::uint32_t m = 0; m < kMembers; ++m) {
      if (!writers[m].doc) continue;
      for (auto* all : {&encrypted, &plain})
        (*all)[writers[m].last].signature = sign_change((*all)[writers[m].last].hash, *devices[m]);
    }
  }
};

Sample take_from_crowd(const Crowd& crowd) {
  SeededRandom random(1);
  auto device =
      std::make_shared<const crypto::SigningKey>(crypto::SigningKey::from_seed(crowd.devices.front()->seed().expose()));
  auto secrets = std::make_shared<access::EpochSecrets>();
  secrets->emplace(crowd.epoch->id(),
                   access::EpochContent::make(crowd.epoch->secret, crowd.epoch->naming, crowd.epoch->place));
  Realm realm({device, &random, {}, secrets});
  ProtectedDocument& copy = realm.open(crowd.document, crowd.package);
  const auto [statements_ms, said] = timed([&] { return copy.take(crowd.statements, {}); });
  require(said.refused.empty() && said.statements == crowd.statements.size(), "a statement was refused");
  const auto [ms, taken] =
      timed([&, changes = crowd.encrypted]() mutable { return copy.take({}, std::move(changes)); });
  require(taken.refused.empty(), taken.refused.empty() ? "" : taken.refused.front().message());
  require(taken.changes == kChanges && copy.withheld_leaves().empty() && copy.unreadable() == 0,
          "not every change counts");
  Document::Settings settings;
  settings.id = crowd.document;
  settings.device = device;
  settings.package = crowd.package;
  Document plain(std::move(settings));
  const auto [plain_ms, imported] =
      timed([&, changes = crowd.plain]() mutable { return plain.import(std::move(changes)); });
  require(imported.refused.empty() && imported.applied == kChanges, "not every change was applied");
  require(plain.json() == copy.content().json(), "the documents differ");
  const auto [open_ms, opened] = timed([&] {
    std::size_t n = 0;
    for (const Change& c : crowd.encrypted) {
      const Leaf& leaf = *c.leaves.front();
      crypto::Nonce nonce;
      std::copy(leaf.salt.begin(), leaf.salt.end(), nonce.begin());
      n += crypto::open(crowd.epoch->leaf_key, leaf_data(c.header, leaf), nonce, leaf.payload) ? 1U : 0U;
    }
    return n;
  });
  require(opened == kChanges, "a leaf was not opened");
  const double each = 1e3 / kChanges;
  return {ms * each,
          {{"unprotected_us", plain_ms * each},
           {"decrypt_us", open_ms * each},
           {"statements_ms", statements_ms},
           {"statements", static_cast<double>(crowd.statements.size())}}};
}

// What the owner's device does when one of the members goes.
Sample change_members(Crowd& crowd) {
  ProtectedDocument& made = *crowd.alice.realm.find(crowd.document);
  const auto write = [&](const char* row) {
    const auto done = made.content().transact({}, [&](Transaction& tx) {
      return tx.set(std::string(".rows[\"") + row + "\"]", Value(std::uint64_t{made.content().graph().size()}));
    });
    require(done.ok(), "a write was refused");
    return made.content().seal();
  };
  write("before");
  const access::Principal gone = crowd.users.back();
  crowd.users.pop_back();
  const auto [revoke_ms, revoked] = timed([&] { return made.revoke({}, access::Level::write, gone).ok(); });
  require(revoked, "the revocation was refused");
  const auto [write_ms, wrote] = timed([&] { return write("after"); });
  const auto [again_ms, again] = timed([&] { return write("again"); });
  require(wrote && again, "nothing was sealed");
  const auto [tend_ms, tended] = timed([&] { return !crowd.alice.realm.tend(); });
  require(tended, "something was left to say");
  const auto [grant_ms, granted] = timed([&] { return made.grant({}, access::Level::write, gone).ok(); });
  require(granted, "the grant was refused");
  const auto [granted_write_ms, after] = timed([&] { return write("granted"); });
  require(after, "nothing was sealed");
  require(made.revoke({}, access::Level::write, gone).ok(), "the revocation was refused");
  return {revoke_ms,
          {{"first_write_ms", write_ms},
           {"next_write_ms", again_ms},
           {"tend_ms", tend_ms},
           {"grant_ms", grant_ms},
           {"write_after_grant_ms", granted_write_ms},
           {"members", static_cast<double>(crowd.users.size())}}};
}

Row trace_row(std::string_view name, std::string_view unit, std::string_view inside,
              std::function<Sample(const Session&, const Package&)> work) {
  return {.name = name, .unit = unit, .inside = inside, .start = [work = std::move(work)](const Arguments& arguments) {
            auto session = std::make_shared<Session>(load_session(arguments, kTrace));
            return [work, session, package = text_package()] { return work(*session, package); };
          }};
}

}  // namespace

std::vector<Row> encrypted_rows() {
  return {
      trace_row("encrypted_sealed_100", "ms",
                "trace_sealed_100 in a document with keys and rights: edits are checked against the rules, changes "
                "encrypted; extra.unprotected_ms is trace_sealed_100 in the same process",
                edit_encrypted),
      trace_row("encrypted_import_100", "ms",
                "those changes from their bytes to the text, by a reader that has the statements: decoded, verified "
                "(the last is signed), decrypted, judged; extra.unprotected_ms the same without protection",
                import_encrypted),
      trace_row("encrypted_size_100", "bytes",
                "the encrypted archive of those changes; extra: as they are sent, leaves alone, unprotected",
                encrypted_size),
      trace_row("encrypted_open", "ms",
                "opening the snapshot of that document with its log, with the device's key alone; nothing is verified "
                "again and texts are not decoded; extra: from an uncompressed snapshot, and how many of its blocks "
                "of 16 to 64 KiB are others after one edit in the middle",
                open_encrypted),
      {.name = "encrypted_judge",
       .unit = "us",
       .inside = "taking in 10,000 changes, one edit each, by 1,000 members of a document, the mean of one: linked, "
                 "1,000 signatures verified, decrypted, judged, applied; extra.unprotected_us the same changes "
                 "without protection, extra.decrypt_us their decryption alone, extra.statements_ms taking in what "
                 "makes the members members",
       .start =
           [](const Arguments&) {
             return [crowd = std::make_shared<const Crowd>(true)] { return take_from_crowd(*crowd); };
           }},
      {.name = "encrypted_remove_member",
       .unit = "ms",
       .inside = "removing one of 1,000 members: the revocation, the next epoch and a box for each who stays; extra: "
                 "sealing the first write after it and the next, looking for what is left to say, granting anew, "
                 "sealing the first write after that",
       .start =
           [](const Arguments&) {
             return [crowd = std::make_shared<Crowd>(false)] { return change_members(*crowd); };
           }},
  };
}

}  // namespace tlfs::bench
