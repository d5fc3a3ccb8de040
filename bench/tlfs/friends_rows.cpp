// Two writers' session: from the encoded history to the text, everything verified.
#include "bench/tlfs/rows.h"
#include "bench/tlfs/shared_history.h"
#include "runtime/document/archive.h"

namespace tlfs::bench {
namespace {

using namespace document;

constexpr std::string_view kTrace = "friendsforever";

std::string file_of(std::uint32_t copies) { return "friends_" + std::to_string(copies) + ".archive"; }

struct Opened {
  std::unique_ptr<Document> doc;
  std::string text;
};

Opened open_with(const Package& package, std::vector<Change> changes) {
  Opened out{make_document(package, 2), {}};
  import_all(*out.doc, std::move(changes));
  out.text = expect(out.doc->text(".text"), "the text");
  return out;
}

// What verifying cannot do without: the hash of each header and the digest of its leaf.
bool hash_all(const std::vector<Change>& changes) {
  bool same = true;
  for (const Change& c : changes)
    same = same && crypto::hash("tlfs change", {c.header_bytes}) == c.hash &&
           leaf_digest(*c.leaves.front()) == c.header.leaf_digests.front();
  return same;
}

Sample one_run(const Bytes& archive, const std::vector<Bytes>& encoded, const Package& package,
               std::string_view end_content) {
  const auto check = [&](const Opened& o) {
    require(o.text == end_content, "the merged text differs from endContent");
  };
  const auto [from_changes, first] = timed([&] { return open_with(package, decode_all(encoded)); });
  check(first);
  const auto [from_archive, second] =
      timed([&] { return open_with(package, expect(decode_archive(archive), "the archive")); });
  check(second);
  const auto [decoding, changes] = timed([&] { return decode_all(encoded); });
  const auto [hashing, hashed] = timed([&, &all = changes] { return hash_all(all); });
  require(hashed, "a hash differs");
  double bytes = 0;
  for (const Bytes& b : encoded) bytes += static_cast<double>(b.size());
  return {from_changes,
          {{"decode_only_ms", decoding},
           {"hash_only_ms", hashing},
           {"from_archive_ms", from_archive},
           {"changes", static_cast<double>(encoded.size())},
           {"changes_bytes", bytes},
           {"archive_bytes", static_cast<double>(archive.size())}}};
}

Row friends_row(std::string_view name, std::uint32_t copies) {
  return {.name = name,
          .unit = "ms",
          .inside =
              "decoding every change from the bytes it is sent in, its hash and its leaf's digest computed and "
              "compared, one signature per "
              "writer verified, all applied to a new document, the text as a string; from_archive: the same from one "
              "archive",
          .prepare =
              [copies](const Arguments& arguments) {
                const SharedSession session = load_shared_session(arguments, kTrace, copies);
                const std::vector<Change> changes = make_shared_history(session, text_package());
                write_saved(arguments, file_of(copies), expect(encode_archive(changes), "the archive"));
              },
          .start =
              [copies](const Arguments& arguments) {
                const std::string end = load_shared_session(arguments, kTrace, copies).end_content;
                Bytes archive = read_saved(arguments, file_of(copies));
                std::vector<Bytes> encoded;
                for (const Change& c : expect(decode_archive(archive), "the archive"))
                  encoded.push_back(encode_change(c));
                return [end, archive = std::move(archive), encoded = std::move(encoded), package = text_package()] {
                  return one_run(archive, encoded, package, end);
                };
              }};
}

}  // namespace

std::vector<Row> friends_rows() { return {friends_row("friends_1", 1), friends_row("friends_25", 25)}; }

}  // namespace tlfs::bench
