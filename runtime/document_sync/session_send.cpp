#include <algorithm>

#include <tsl/robin_set.h>

#include "runtime/document_sync/change_batch.h"
#include "runtime/document_sync/session_out.h"

namespace tlfs::document_sync {
namespace {

constexpr std::size_t kUsualBatch = 256;  // changes that room is made for at first

}  // namespace

using access::ProtectedDocument;
using document::Change;
using document::ChangeIndex;

std::vector<Bytes> SyncSession::poll(ProtectedDocument& document, std::size_t credit) {
  if (finished()) return {};
  const State before = state_;
  Out out;
  out.credit = credit;
  try {
    speak(document, out);
  } catch (...) {
    state_ = before;
    throw;
  }
  return std::move(out.messages);
}

bool SyncSession::add(Out& out, const Message& message, bool counts) {
  Bytes bytes = encode_message(message);
  if (counts && !room(out, bytes.size())) return false;
  out.bytes += bytes.size();
  state_.bytes_sent += bytes.size();
  if (counts) state_.in_flight += bytes.size();
  out.messages.push_back(std::move(bytes));
  return true;
}

// Something larger than the window or the credit goes when nothing else is on its way.
bool SyncSession::room(const Out& out, std::size_t bytes) const {
  return (state_.in_flight == 0 || state_.in_flight + bytes <= kWindowBytes) &&
         (out.bytes == 0 || out.bytes + bytes <= out.credit) && out.credit > 0;
}

void SyncSession::speak(ProtectedDocument& document, Out& out) {
  if (!state_.ended) fits(document);
  if (!state_.ended) {
    for (Bytes& bytes : state_.presence) add(out, message::Presence{std::move(bytes)}, false);
    state_.presence.clear();
    tidy(document);
    if (state_.to_acknowledge > 0) {
      add(out, message::Taken{state_.to_acknowledge}, false);
      state_.unacknowledged -= state_.to_acknowledge;
      state_.to_acknowledge = 0;
    }
    // While much is on its way, edits gather and go together.
    if (state_.in_flight < kBatchBytes) document.content().seal();
    const bool may = may_sync(document);
    if (may && state_.blind && !state_.must_greet)
      state_.must_greet = state_.full = true;  // its right has become known
    if (!may && state_.allowed) state_.must_greet = false;
    if (state_.must_greet) greet(document, out);
    if (!may && (state_.allowed || (state_.heard_statements && state_.blind))) {
      if (!send_last_statements(document, out)) return;
      end(false,
          state_.allowed ? "the peer has lost every right to the document" : "this document is not here for you");
    } else {
      bool done = send_statements(document, out);
      done = done && answer(document, out);
      done = done && send_changes(document, out);
      const bool knows = state_.knows_peer || state_.peer_blind;
      if (done && knows && !state_.said_sent) {
        add(out, message::Sent{state_.knows_peer && may}, false);
        state_.said_sent = true;
      }
      const std::uint64_t added = document.content().leaves_added();
      if (state_.knows_peer && may && (added != state_.leaves_added || state_.tell_leaves)) {
        state_.leaves_added = added;
        state_.tell_leaves = false;
        add(out, message::MoreLeaves{}, false);
      }
      state_.idle = done && knows;
      if (!state_.ended) ask(document, out);
    }
  }
  if (!state_.ended || state_.said_goodbye) return;
  add(out, message::Goodbye{state_.ended->reason}, false);
  state_.said_goodbye = true;
}

void SyncSession::greet(ProtectedDocument& document, Out& out) {
  state_.must_greet = false;
  if (!may_sync(document)) {
    if (!state_.blind) add(out, message::Hello{}, false);
    state_.blind = true;
    return;
  }
  message::Hello hello;
  const ShortDigest digest = digest_of(document);
  hello.digest.assign(digest.begin(), digest.end());
  state_.told_digest = digest;
  state_.told_changes = document.content().graph().size();
  state_.told_statements = document.log().size();
  if (state_.full) {
    hello.summary = encode_summary(summarise(document));
    state_.heard_all = false;
  }
  add(out, hello, false);
  state_.said = state_.full ? Greeting::summary : std::max(state_.said, Greeting::digest);
  state_.allowed = document.log().size() > 0;
  state_.blind = false;
}

// True when nothing is left. As long as the peer's right is not known, only what it may have anyway.
bool SyncSession::send_statements(ProtectedDocument& document, Out& out) {
  if (!state_.knows_peer && !state_.peer_blind) return true;
  if (!may_sync(document)) return send_last_statements(document, out);
  const access::AuthorityLog& log = document.log();
  grow(document);
  while (state_.next_statement < log.size()) {
    message::Statements chunk;
    std::size_t bytes = 0, next = state_.next_statement;
    std::vector<std::size_t> sent;
    for (; next < log.size() && bytes < kBatchBytes && chunk.statements.size() < kMaxStatementsSent; ++next) {
      const access::SignedStatement& s = log.at(next);
      if (state_.statements[next] || state_.said_statements.contains(s.hash)) continue;
      bytes += s.body.size() + s.signature.size() + 16;
      chunk.statements.push_back(s);
      sent.push_back(next);
    }
    if (!sent.empty()) {
      if (!add(out, chunk, true)) return false;
    }
    for (const std::size_t i : sent) state_.statements[i] = true;
    state_.next_statement = next;
  }
  return true;
}

// What the peer may have although it has no right, and has not got yet.
bool SyncSession::send_last_statements(const ProtectedDocument& document, Out& out) {
  const std::vector<access::SignedStatement> all = document.statements_for(settings_.peer);
  const std::set<access::StatementHash> allowed = [&] {
    std::set<access::StatementHash> hashes;
    for (const auto& s : all) hashes.insert(s.hash);
    return hashes;
  }();
  grow(document);
  message::Statements chunk;
  std::vector<std::size_t> sent;
  std::size_t bytes = 0;
  const auto flush = [&] {
    if (sent.empty()) return true;
    if (!add(out, chunk, true)) return false;
    for (const std::size_t i : sent) state_.statements[i] = true;
    chunk.statements.clear();
    sent.clear();
    bytes = 0;
    return true;
  };
  for (std::size_t i = 0; i < document.log().size(); ++i) {
    const access::SignedStatement& s = document.log().at(i);
    if (state_.statements[i] || !allowed.contains(s.hash) || state_.said_statements.contains(s.hash)) continue;
    bytes += s.body.size() + s.signature.size() + 16;
    chunk.statements.push_back(s);
    sent.push_back(i);
    if ((bytes >= kBatchBytes || sent.size() == kMaxStatementsSent) && !flush()) return false;
  }
  return flush();
}

bool SyncSession::send_changes(ProtectedDocument& document, Out& out) {
  if (!state_.knows_peer || !may_sync(document)) return true;
  document::Document& content = document.content();
  grow(document);
  const std::size_t end = content.graph().size();
  while (state_.next_change < end) {
    std::vector<ChangeIndex> which;
    std::vector<Change> changes;
    std::size_t bytes = 0, next = state_.next_change;
    changes.reserve(std::min(end - next, kUsualBatch));
    const std::size_t target = std::min(kBatchBytes, std::max<std::size_t>(out.left(), 1));
    for (; next < end && bytes < target && which.size() < kMaxBatchChanges; ++next) {
      const auto index = static_cast<ChangeIndex>(next);
      if (state_.came.erase(content.graph().at(index).hash) > 0) state_.changes[next] = true;
      if (state_.changes[next]) continue;
      if (which.empty() && !room(out, 1)) return false;
      Result<Change> c = content.history().change(index);
      if (!c) {
        this->end(false, "changes here cannot be read: " + c.error().message());
        return false;
      }
      if (!state_.packages.contains(shortened(c->header.package))) {
        if (!changes.empty()) break;  // the package goes before the batch
        if (!send_package(document, c->header.package, out)) return false;
      }
      document.redact(*c, settings_.peer);
      changes.push_back(std::move(*c));
      which.push_back(index);
      bytes += weight(changes.back());
    }
    if (!which.empty() && !send_batch(document, which, std::move(changes), out)) return false;
    state_.next_change = next;
  }
  return true;
}

bool SyncSession::send_package(ProtectedDocument& document, const crypto::Digest& hash, Out& out) {
  const auto package = document.content().nodes().package(hash);
  if (package) {
    const ByteView encoded = package->encoded();
    if (!add(out, message::Package{hash, Bytes(encoded.begin(), encoded.end())}, true)) return false;
  }
  state_.packages.insert(shortened(hash));
  return true;
}

bool SyncSession::send_batch(ProtectedDocument& document, const std::vector<ChangeIndex>& which,
                             std::vector<Change> changes, Out& out) {
  std::size_t bytes = 0;
  for (const Change& c : changes) bytes += weight(c);
  if (!room(out, bytes)) return false;
  // Each writer's last change here, if it is this device's own, is signed now; others as they came.
  tsl::robin_set<document::AgentIndex> seen;
  for (std::size_t i = which.size(); i-- > 0;) {
    if (!seen.insert(document.content().graph().at(which[i]).agent).second || changes[i].signature) continue;
    changes[i].signature = document.content().signature_of(which[i]);
  }
  const std::size_t count = changes.size();
  if (!add(out, message::Batch{encode_batch(std::move(changes), settings_.every_signature)}, true)) return false;
  for (const ChangeIndex i : which) state_.changes[i] = true;
  state_.changes_sent += count;
  return true;
}

}  // namespace tlfs::document_sync
