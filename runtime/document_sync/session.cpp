#include "runtime/document_sync/session.h"

#include <algorithm>
#include <utility>

#include "runtime/document_sync/change_batch.h"

namespace tlfs::document_sync {

using access::ProtectedDocument;
using document::Change;
using document::ChangeHash;
using document::ChangeIndex;
using document::kNoChange;

namespace {

std::size_t size_of(const Change& c) { return c.header_bytes.size() + weight(c); }

bool is_here(const ProtectedDocument& document, const ChangeHash& hash) {
  return document.content().graph().find(hash) != kNoChange || document.content().inbox().waits(hash);
}

}  // namespace

SyncSession::SyncSession(const Settings& settings) : settings_(settings) { state_.full = !settings.likely_equal; }

void SyncSession::end(bool cut, std::string reason) {
  if (state_.ended) return;
  state_.ended = Verdict{cut, std::move(reason)};
  held_.clear();
}

void SyncSession::close(std::string why) { end(false, std::move(why)); }

void SyncSession::send_presence(Bytes bytes) {
  if (state_.presence.size() == kMaxPresenceQueue) state_.presence.pop_front();
  state_.presence.push_back(std::move(bytes));
}

// Whether it is the document that the session has reckoned with, or one that holds more.
bool SyncSession::fits(const ProtectedDocument& document) {
  const document::ChangeGraph& graph = document.content().graph();
  const std::size_t known = state_.changes.size();
  if (known <= graph.size() && state_.statements.size() <= document.log().size() &&
      (known == 0 || graph.at(static_cast<ChangeIndex>(known - 1)).hash == state_.anchor))
    return true;
  end(false, "the document here has lost what it had when the session began");
  return false;
}

// What of its leaves was not dealt with is not known any more.
void SyncSession::opened_anew() {
  state_.lacking_seen = 0;
  state_.leaves_added = 0;
  state_.leaves_asked_at = {};
  state_.tell_leaves = true;
}

void SyncSession::grow(const ProtectedDocument& document) {
  const document::ChangeGraph& graph = document.content().graph();
  state_.changes.resize(graph.size());
  state_.statements.resize(document.log().size());
  if (graph.size() > 0) state_.anchor = graph.at(static_cast<ChangeIndex>(graph.size() - 1)).hash;
}

// An empty log knows nobody's rights, and there is nothing to hide.
bool SyncSession::may_sync(const ProtectedDocument& document) {
  if (const std::size_t size = document.log().size(); size != rights_at_) {
    may_sync_ = size == 0 || document.may_sync(settings_.peer);
    rights_at_ = size;
  }
  return may_sync_;
}

bool SyncSession::count_received(std::size_t bytes) {
  if (state_.unacknowledged > 0 && state_.unacknowledged + bytes > kWindowBytes) {
    end(true, "it sent more than " + std::to_string(kWindowBytes) + " bytes that were not acknowledged");
    return false;
  }
  state_.unacknowledged += bytes;
  in_hand_bytes_ = bytes;
  return true;
}

SyncSession::Received SyncSession::receive(ProtectedDocument& document, ByteView bytes) {
  Received out;
  if (state_.ended || !fits(document)) return out;
  Result<Message> decoded = decode_message(bytes);
  if (!decoded) {
    end(true, decoded.error().message());
    return out;
  }
  state_.idle = false;
  Message& m = *decoded;
  if (auto* hello = std::get_if<message::Hello>(&m)) {
    hear(document, *hello);
  } else if (auto* said = std::get_if<message::Statements>(&m)) {
    if (count_received(bytes.size())) {
      for (const auto& s : said->statements) state_.said_statements.insert(s.hash);
      out.statements = std::move(said->statements);
    }
  } else if (auto* batch = std::get_if<message::Batch>(&m)) {
    if (count_received(bytes.size())) hear(document, *batch, out);
  } else if (auto* package = std::get_if<message::Package>(&m)) {
    if (count_received(bytes.size())) hear(*package, out);
  } else if (const auto* sent = std::get_if<message::Sent>(&m)) {
    (sent->complete ? state_.heard_all : state_.heard_statements) = true;
    if (!held_.empty()) end(true, "it sent changes that nobody vouches for");
    resolve(document);
  } else if (auto* taken = std::get_if<message::Taken>(&m)) {
    if (taken->bytes > state_.in_flight) {
      end(true, "it acknowledged more than was sent");
    } else {
      state_.in_flight -= taken->bytes;
    }
  } else if (auto* want = std::get_if<message::Want>(&m)) {
    hear(std::move(*want));
  } else if (auto* answered = std::get_if<message::Answered>(&m)) {
    const bool asked = answered->want == state_.wants && state_.answered < state_.wants;
    const auto absent = std::find_if(state_.wanted_now.begin(), state_.wanted_now.end(), [&](const ChangeHash& h) {
      return !is_here(document, h) && !state_.came.contains(h);
    });
    if (!asked) {
      end(true, "it answered what was not asked");
    } else if (absent != state_.wanted_now.end()) {
      end(true, "it sent what rests on change " + to_hex(*absent) + ", and not that change");
    }
    state_.answered = answered->want;
    state_.wanted_now.clear();
  } else if (std::holds_alternative<message::MoreLeaves>(m)) {
    state_.leaves_asked_at = {};
  } else if (auto* presence = std::get_if<message::Presence>(&m)) {
    out.presence.push_back(std::move(presence->bytes));
  } else if (auto* goodbye = std::get_if<message::Goodbye>(&m)) {
    end(false, "the peer ended it: " + goodbye->why);
    state_.said_goodbye = true;
  }
  if (state_.ended) return {};
  if (out.nothing_to_take()) state_.to_acknowledge += std::exchange(in_hand_bytes_, 0);
  return out;
}

void SyncSession::hear(ProtectedDocument& document, const message::Hello& hello) {
  if (++state_.hellos > kMaxHellos)
    return end(true, "it said hello more than " + std::to_string(kMaxHellos) + " times");
  const ShortDigest own = digest_of(document);
  state_.peer_blind = hello.digest.empty();
  if (state_.peer_blind) {
    state_.said_sent = false;
    return;
  }
  if (hello.digest.size() != own.size()) return end(true, "its hello has a digest of a wrong length");
  // Hellos cross each other, and what each side does in between.
  const bool told_own = state_.said != Greeting::none && state_.told_digest == own;
  if (std::equal(own.begin(), own.end(), hello.digest.begin())) {
    state_.must_greet = !told_own;
    state_.full = false;
    return all_equal(document);
  }
  if (state_.said != Greeting::none && std::equal(hello.digest.begin(), hello.digest.end(), state_.told_digest.begin()))
    return as_was_told(document);
  const bool must_tell = state_.said != Greeting::summary;
  if (!hello.summary.empty()) {
    const Result<Summary> summary = decode_summary(hello.summary);
    if (!summary) return end(true, summary.error().message());
    learn(document, *summary);
  }
  if (must_tell) state_.must_greet = state_.full = true;
}

void SyncSession::learn(const ProtectedDocument& document, const Summary& summary) {
  Holdings holdings = holdings_of(summary, document);
  grow(document);
  for (std::size_t i = 0; i < holdings.changes.size(); ++i)
    if (holdings.changes[i]) state_.changes[i] = true;
  for (std::size_t i = 0; i < holdings.statements.size(); ++i)
    if (holdings.statements[i]) state_.statements[i] = true;
  state_.next_change = state_.next_statement = 0;
  state_.packages.insert(summary.packages.begin(), summary.packages.end());
  state_.unknown = std::move(holdings.unknown);
  state_.assumed = std::move(holdings.assumed);
  state_.knows_peer = true;
  state_.said_sent = state_.heard_all = false;
  state_.leaves_added = document.content().leaves_added();
}

void SyncSession::all_equal(const ProtectedDocument& document) {
  grow(document);
  state_.changes.assign(state_.changes.size(), true);
  state_.statements.assign(state_.statements.size(), true);
  state_.next_change = state_.changes.size();
  state_.next_statement = state_.statements.size();
  state_.unknown.clear();
  state_.assumed.clear();
  for (const crypto::Digest& p : document.content().nodes().packages()) state_.packages.insert(shortened(p));
  state_.knows_peer = state_.heard_all = state_.said_sent = true;
  state_.leaves_added = document.content().leaves_added();
}

// The peer holds what was here when we said hello, and finds, or has found, that both are equal.
void SyncSession::as_was_told(const ProtectedDocument& document) {
  grow(document);
  std::fill_n(state_.changes.begin(), state_.told_changes, true);
  std::fill_n(state_.statements.begin(), state_.told_statements, true);
  state_.next_change = state_.next_statement = 0;
  state_.unknown.clear();
  state_.assumed.clear();
  state_.knows_peer = state_.heard_all = true;
  state_.said_sent = false;
  state_.leaves_added = document.content().leaves_added();
}

void SyncSession::hear(const ProtectedDocument& document, const message::Batch& batch, Received& out) {
  Result<std::vector<Change>> changes = decode_batch(batch.bytes, settings_.document);
  if (!changes) return end(true, changes.error().message());
  const document::ChangeGraph& graph = document.content().graph();
  if (!note_parents(document, *changes)) return;
  bool any_signed = false;
  held_.reserve(held_.size() + changes->size());
  for (Change& c : *changes) {
    const ChangeIndex index = graph.find(c.hash);
    any_signed = any_signed || c.signature || index != kNoChange;
    if (index != kNoChange && index < state_.changes.size()) {
      if (state_.changes[index] && state_.wants == state_.answered) ++state_.repeats;
      state_.changes[index] = true;
    } else if (!state_.came.insert(c.hash).second) {
      ++state_.repeats;
    }
    if (std::any_of(c.leaves.begin(), c.leaves.end(), [](const auto& leaf) { return !leaf; }))
      state_.gave_lacking.insert(c.hash);
    state_.held_bytes += size_of(c);
    held_.push_back(std::move(c));
  }
  if (state_.repeats > kSpareRepeats + state_.changes_sent)
    return end(true, "it sends the same changes again and again");
  if (!any_signed || !vouched(held_, [&](const ChangeHash& h) { return graph.find(h) != kNoChange; })) {
    if (state_.held_bytes > kMaxHeldBytes)
      end(true, "it sent more than " + std::to_string(kMaxHeldBytes) + " bytes of changes that nobody vouches for");
    return;
  }
  state_.held_bytes = 0;
  out.changes = std::move(held_);
  held_.clear();
  in_hand_.reserve(in_hand_.size() + out.changes.size());
  for (const Change& c : out.changes) in_hand_.emplace_back(c.hash, size_of(c));
}

// Everything that a change rests on is sent before it. What is neither here nor on its way is asked for; the peer that
// sent the change has it.
bool SyncSession::note_parents(const ProtectedDocument& document, const std::vector<Change>& changes) {
  tsl::robin_set<ChangeHash, crypto::DigestHash> in_batch;
  in_batch.reserve(changes.size());
  const auto look = [&](const ChangeHash& parent) {
    if (!in_batch.contains(parent) && !state_.came.contains(parent) && !is_here(document, parent))
      state_.missing.insert(parent);
  };
  for (const Change& c : changes) {
    if (c.header.prev) look(*c.header.prev);
    for (const ChangeHash& d : c.header.deps) look(d);
    in_batch.insert(c.hash);
  }
  if (state_.missing.size() <= kMaxAsked) return true;
  end(true, "it sent changes that rest on more than " + std::to_string(kMaxAsked) + " others, and not those");
  return false;
}

void SyncSession::hear(const message::Package& package, Received& out) {
  if (!state_.asked.contains(package.hash) && ++state_.packages_taken > kMaxPackagesTaken)
    return end(true, "it sent more than " + std::to_string(kMaxPackagesTaken) + " packages that were not asked for");
  auto decoded = schema::Package::decode(package.encoded);
  if (!decoded) return end(true, "it sent a package that is none: " + decoded.error().message());
  if ((*decoded)->hash() != package.hash)
    return end(true, "it sent another package than " + to_hex(package.hash) + " under that name");
  state_.packages.insert(shortened(package.hash));
  out.packages.push_back(std::move(*decoded));
}

void SyncSession::hear(message::Want want) {
  if (!state_.to_answer.empty()) return end(true, "it asked again before it was answered");
  if (++state_.wants_heard > kMaxWants) return end(true, "it asked more than " + std::to_string(kMaxWants) + " times");
  state_.to_answer.push_back(std::move(want));
}

// Whose fault is what was refused: a peer verifies before it passes on, and knows the rules.
void SyncSession::blame(const std::vector<Error>& refused) {
  for (const Error& e : refused) {
    if (e.is(document::Errc::bad_signature) || e.is(access::Errc::bad_signature) ||
        e.is(document::Errc::wrong_document) || e.is(access::Errc::malformed))
      return end(true, "it sent what its author did not sign: " + e.message());
    if (e.is(access::Errc::useless) || e.is(access::Errc::wrong_document)) ++state_.useless;
  }
  if (state_.useless > kMaxUseless)
    end(true, "it sent more than " + std::to_string(kMaxUseless) + " things that nobody had a right to make");
}

void SyncSession::took(ProtectedDocument& document, const ProtectedDocument::Taken& taken) {
  state_.to_acknowledge += std::exchange(in_hand_bytes_, 0);
  if (state_.ended) return in_hand_.clear();
  blame(taken.refused);
  const document::ChangeGraph& graph = document.content().graph();
  for (const auto& [hash, bytes] : std::exchange(in_hand_, {})) {
    if (graph.find(hash) != kNoChange) continue;
    if (state_.stranded.try_emplace(hash, bytes).second) state_.stranded_bytes += bytes;
  }
  tidy(document);
  if (state_.stranded.size() > kMaxStranded || state_.stranded_bytes > kMaxStrandedBytes)
    end(true, "it sent more than " + std::to_string(kMaxStranded) + " changes, or " +
                  std::to_string(kMaxStrandedBytes) + " bytes, that cannot be taken");
  resolve(document);
}

// Forgets what has found its place since.
void SyncSession::tidy(const ProtectedDocument& document) {
  const document::ChangeGraph& graph = document.content().graph();
  for (auto at = state_.stranded.begin(); at != state_.stranded.end();) {
    if (graph.find(at->first) == kNoChange) {
      ++at;
      continue;
    }
    state_.stranded_bytes -= at->second;
    at = state_.stranded.erase(at);
  }
  std::erase_if(state_.missing, [&](const ChangeHash& h) { return is_here(document, h) || state_.came.contains(h); });
}

// When the peer has sent all that it said it had: whether that is so, and whether its chains go on from those here that
// it was assumed to have.
void SyncSession::resolve(const ProtectedDocument& document) {
  if (state_.ended || !state_.heard_all || !in_hand_.empty() || state_.unknown.empty()) return;
  const document::ChangeGraph& graph = document.content().graph();
  std::vector<ChangeIndex> tips;
  for (const Summary::Chain& c : state_.unknown) {
    if (const ChangeIndex i = graph.find(c.last); i != kNoChange) {
      tips.push_back(i);
    } else if (!is_here(document, c.last) && !state_.stranded.contains(c.last)) {
      return end(true, "it said that it has change " + to_hex(c.last) + ", and did not send it");
    }
  }
  const std::vector<bool> theirs = graph.past(tips);
  std::vector<ChangeIndex> wrong;
  for (const ChangeIndex i : state_.assumed)
    if (!theirs[i]) wrong.push_back(i);
  if (!wrong.empty()) {
    grow(document);
    const std::vector<bool> doubtful = graph.past(wrong);
    for (std::size_t i = 0; i < doubtful.size(); ++i)
      if (doubtful[i] && !theirs[i]) state_.changes[i] = false;
    state_.next_change = 0;
    state_.idle = false;
  }
  state_.unknown.clear();
  state_.assumed.clear();
}

}  // namespace tlfs::document_sync
