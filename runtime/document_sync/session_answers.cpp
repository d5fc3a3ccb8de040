#include <algorithm>

#include "runtime/document_sync/change_batch.h"
#include "runtime/document_sync/session_out.h"

namespace tlfs::document_sync {

using access::ProtectedDocument;
using document::Change;
using document::ChangeHash;
using document::ChangeIndex;
using document::kNoChange;

// True when nothing is left to be answered.
bool SyncSession::answer(ProtectedDocument& document, Out& out) {
  if (state_.to_answer.empty()) return true;
  message::Want& want = state_.to_answer.front();
  const document::Document& content = document.content();
  const bool may = may_sync(document);
  grow(document);
  while (may && !want.packages.empty()) {
    if (content.nodes().has(want.packages.back()) && !send_package(document, want.packages.back(), out)) return false;
    want.packages.pop_back();
  }
  if (!want.statements.empty()) {
    message::Statements said;
    std::size_t bytes = 0;
    while (may && !want.statements.empty() && bytes < kBatchBytes) {
      if (document.log().has(want.statements.back())) {
        said.statements.push_back(document.log().at(want.statements.back()));
        bytes += said.statements.back().body.size();
      }
      want.statements.pop_back();
    }
    if (!may) want.statements.clear();
    if (!said.statements.empty()) {
      // What does not go now is asked for again.
      if (!add(out, said, true)) {
        for (const auto& s : said.statements) want.statements.push_back(s.hash);
        return false;
      }
    }
    if (!want.statements.empty()) return false;
  }
  for (auto* hashes : {&want.changes, &want.leaves_of}) {
    std::vector<ChangeIndex> which;
    for (const ChangeHash& h : *hashes)
      if (const ChangeIndex i = content.graph().find(h); i != kNoChange && may) which.push_back(i);
    std::sort(which.begin(), which.end());
    which.erase(std::unique(which.begin(), which.end()), which.end());
    for (std::size_t first = 0; first < which.size();) {
      std::vector<ChangeIndex> part;
      std::vector<Change> changes;
      std::size_t bytes = 0;
      for (; first + part.size() < which.size() && bytes < kBatchBytes;) {
        const ChangeIndex index = which[first + part.size()];
        Result<Change> c = content.history().change(index);
        if (!c) {
          end(false, "changes here cannot be read: " + c.error().message());
          return false;
        }
        document.redact(*c, settings_.peer);
        changes.push_back(std::move(*c));
        part.push_back(index);
        bytes += weight(changes.back());
      }
      if (!send_batch(document, part, std::move(changes), out)) {
        hashes->clear();
        for (; first < which.size(); ++first) hashes->push_back(content.graph().at(which[first]).hash);
        return false;
      }
      first += part.size();
    }
    hashes->clear();
  }
  add(out, message::Answered{want.number}, false);
  state_.to_answer.pop_front();
  return true;
}

// One want at a time: what the peer's changes rest on, what waits here for packages and statements, and leaves that
// this device may have got a right to.
void SyncSession::ask(ProtectedDocument& document, Out& out) {
  if (!state_.knows_peer || state_.answered != state_.wants) return;
  if (state_.wants == kMaxWants) {
    if (!state_.missing.empty()) end(true, "there are gaps in what it sends that it never fills");
    return;
  }
  const document::Document& content = document.content();
  message::Want want;
  const auto wish = [&](const std::vector<crypto::Digest>& from, std::vector<crypto::Digest>& to) {
    for (const crypto::Digest& d : from)
      if (to.size() < kMaxWanted && state_.asked.size() < kMaxAsked && state_.asked.insert(d).second) to.push_back(d);
  };
  wish({state_.missing.begin(), state_.missing.end()}, want.changes);
  wish(content.missing_packages(), want.packages);
  wish(content.missing_statements(), want.statements);
  wish(document.log().missing(), want.statements);
  const access::AuthorityLog& log = document.log();
  // The peer can only look for the leaves of changes that it has: those from here were sent before.
  if (state_.heard_all && state_.idle && log.size() > 0) {
    wish(content.lost_changes(), want.leaves_of);
    const ShortDigest now = shortened(log.at(log.size() - 1).hash);
    if (now != state_.leaves_asked_at && content.unread_changes() > 0) {
      for (const ChangeHash& hash : content.lacking_leaves())
        if (want.leaves_of.size() < kMaxWanted) want.leaves_of.push_back(hash);
    }
    const auto& came = content.came_lacking();
    for (; state_.lacking_seen < came.size(); ++state_.lacking_seen) {
      const ChangeHash& hash = content.graph().at(came[state_.lacking_seen]).hash;
      const bool from_peer = state_.gave_lacking.erase(hash) > 0;
      if (!from_peer && now == state_.leaves_asked_at && want.leaves_of.size() < kMaxWanted)
        want.leaves_of.push_back(hash);
    }
    state_.leaves_asked_at = now;
  }
  if (want.empty()) return;
  want.number = ++state_.wants;
  state_.wanted_now = want.changes;
  add(out, want, false);
}

}  // namespace tlfs::document_sync
