#include "runtime/document_sync/summary.h"

#include <algorithm>

#include "runtime/base/varint.h"

namespace tlfs::document_sync {

using document::AgentIndex;
using document::ChangeIndex;
using document::kNoChange;

namespace {

constexpr std::uint8_t kVersion = 1;

Error malformed(std::string what) { return Error(Errc::malformed, "a summary: " + std::move(what)); }

template <std::size_t N>
std::array<std::uint8_t, N> take(ByteReader& in) {
  std::array<std::uint8_t, N> a{};
  const ByteView v = in.raw(N);
  std::copy(v.begin(), v.end(), a.begin());
  return a;
}

// The last change of every chain that no other chain goes on from.
std::vector<ChangeIndex> tips_of(const document::ChangeGraph& graph) {
  std::vector<ChangeIndex> out;
  for (AgentIndex a = 0; a < graph.ids().agent_count(); ++a)
    if (const ChangeIndex last = graph.last_of(a); last != kNoChange) out.push_back(last);
  return out;
}

std::vector<access::StatementHash> heads_of(const access::AuthorityLog& log, const document::DocumentId& document) {
  std::vector<access::StatementHash> heads = log.heads(document);
  for (const document::DocumentId& d : log.mentioned()) {
    if (d == document) continue;
    const auto more = log.heads(d);
    heads.insert(heads.end(), more.begin(), more.end());
  }
  std::sort(heads.begin(), heads.end());
  return heads;
}

// Flags in `out` everything before the statements of `from` (positions), and themselves.
void flag_past(const access::AuthorityLog& log, std::vector<access::StatementHash> from, std::vector<bool>& out) {
  std::set<access::StatementHash> seen(from.begin(), from.end());
  while (!from.empty()) {
    const access::StatementHash hash = from.back();
    from.pop_back();
    const access::Statement& s = log.at(hash).statement;
    for (const auto* before : {&s.parents, &s.pins})
      for (const access::StatementHash& h : *before)
        if (log.has(h) && seen.insert(h).second) from.push_back(h);
  }
  for (std::size_t i = 0; i < log.size(); ++i)
    if (seen.contains(log.at(i).hash)) out[i] = true;
}

}  // namespace

WriterTag tag_of(const document::WriterId& writer) {
  ByteWriter out;
  out.raw(ByteView(writer.device));
  out.fixed64(writer.incarnation);
  const crypto::Digest d = crypto::hash("tlfs writer tag", {out.view()});
  WriterTag tag;
  std::copy_n(d.begin(), tag.size(), tag.begin());
  return tag;
}

ShortDigest shortened(const crypto::Digest& digest) {
  ShortDigest out;
  std::copy_n(digest.begin(), out.size(), out.begin());
  return out;
}

Summary summarise(const access::ProtectedDocument& document) {
  const document::ChangeGraph& graph = document.content().graph();
  const access::AuthorityLog& log = document.log();
  Summary out;
  for (const ChangeIndex tip : tips_of(graph)) {
    if (out.chains.size() == kMaxChains) break;
    const document::ChangeRecord& record = graph.at(tip);
    out.chains.push_back({tag_of(graph.ids().writer(record.agent)), record.seq + 1, record.hash});
  }
  std::sort(out.chains.begin(), out.chains.end());
  out.statements = log.size();
  // The heads, so that nothing is missed beside the newest; then the newest, and further back in growing steps.
  std::set<access::StatementHash> named;
  const auto name = [&](const access::StatementHash& h) {
    if (out.locator.size() < kMaxLocator && named.insert(h).second) out.locator.push_back(h);
  };
  for (std::size_t back = 1; back <= log.size(); back *= 2) name(log.at(log.size() - back).hash);
  if (log.size() > 0) name(log.at(0).hash);
  for (const access::StatementHash& h : heads_of(log, document.id())) name(h);
  for (const crypto::Digest& p : document.content().nodes().packages())
    if (out.packages.size() < kMaxListedPackages) out.packages.insert(shortened(p));
  return out;
}

ShortDigest digest_of(const access::ProtectedDocument& document) {
  const document::ChangeGraph& graph = document.content().graph();
  std::vector<crypto::Digest> tips;
  for (const ChangeIndex tip : tips_of(graph)) tips.push_back(graph.at(tip).hash);
  std::sort(tips.begin(), tips.end());
  ByteWriter out;
  out.varint(tips.size());
  for (const crypto::Digest& d : tips) out.raw(d);
  for (const crypto::Digest& d : heads_of(document.log(), document.id())) out.raw(d);
  return shortened(crypto::hash("tlfs document digest", {out.view()}));
}

Bytes encode_summary(const Summary& summary) {
  ByteWriter out;
  out.u8(kVersion);
  out.varint(summary.chains.size());
  for (const Summary::Chain& c : summary.chains) {
    out.raw(c.writer);
    out.varint(c.count);
    out.raw(c.last);
  }
  out.varint(summary.statements);
  out.varint(summary.locator.size());
  for (const auto& h : summary.locator) out.raw(h);
  out.varint(summary.packages.size());
  for (const ShortDigest& p : summary.packages) out.raw(p);
  return out.take();
}

Result<Summary> decode_summary(ByteView bytes) {
  ByteReader in(bytes);
  Summary out;
  if (const std::uint8_t version = in.u8(); version != kVersion)
    return malformed("version " + std::to_string(version) + ", expected " + std::to_string(kVersion));
  const std::uint64_t chains = in.varint();
  if (chains > kMaxChains)
    return Error(Errc::limit_exceeded, "a summary of more than " + std::to_string(kMaxChains) + " chains");
  if (chains > in.remaining() / 41) return malformed("chains are cut off");
  for (std::uint64_t i = 0; i < chains; ++i) {
    Summary::Chain& c = out.chains.emplace_back();
    c.writer = take<8>(in);
    c.count = in.bounded(document::kMaxCounter + 1);
    c.last = take<32>(in);
  }
  out.statements = in.varint();
  const std::uint64_t names = in.bounded(kMaxLocator);
  for (std::uint64_t i = 0; i < names && !in.failed(); ++i) out.locator.push_back(take<32>(in));
  const std::uint64_t packages = in.bounded(kMaxListedPackages);
  for (std::uint64_t i = 0; i < packages && !in.failed(); ++i) out.packages.insert(take<16>(in));
  if (!in.finished()) return malformed("it is cut off, or has bytes after its end");
  std::sort(out.chains.begin(), out.chains.end());
  return out;
}

Holdings holdings_of(const Summary& summary, const access::ProtectedDocument& document) {
  const document::ChangeGraph& graph = document.content().graph();
  const access::AuthorityLog& log = document.log();
  Holdings out;
  std::vector<ChangeIndex> tips;
  for (const Summary::Chain& c : summary.chains) {
    if (const ChangeIndex i = graph.find(c.last); i != kNoChange) {
      tips.push_back(i);
    } else {
      out.unknown.push_back(c);
    }
  }
  if (!out.unknown.empty()) {
    std::map<WriterTag, std::uint64_t> counts;
    for (const Summary::Chain& c : out.unknown) {
      std::uint64_t& n = counts[c.writer];
      n = std::max(n, c.count);
    }
    for (const ChangeIndex tip : tips_of(graph)) {
      const document::ChangeRecord& record = graph.at(tip);
      const auto at = counts.find(tag_of(graph.ids().writer(record.agent)));
      if (at != counts.end() && record.seq + 1 <= at->second) out.assumed.push_back(tip);
    }
    tips.insert(tips.end(), out.assumed.begin(), out.assumed.end());
  }
  out.changes = graph.past(tips);
  out.statements.assign(log.size(), false);
  std::vector<access::StatementHash> named;
  for (const access::StatementHash& h : summary.locator)
    if (log.has(h)) named.push_back(h);
  flag_past(log, std::move(named), out.statements);
  return out;
}

}  // namespace tlfs::document_sync
