// Which epoch a device writes under, and who gets its secret.
//
// An epoch is *suitable* when everyone who can open it may read: its author, whomever its boxes are for, and the same
// of every epoch that follows it, because that holds its secret. The newest epoch that is suitable and open here is
// written under; when there is none, the writer makes the next one first. So whoever lost read is locked out by the
// next write at the latest, whoever removed them, and concurrent rotations, of which neither suits after they have met,
// are followed by one that does.
#include <algorithm>

#include "runtime/access/protected_document.h"
#include "runtime/base/check.h"

namespace tlfs::access {

bool ProtectedDocument::is_boundary(const Address& at) const {
  return document_->nodes().at(at.node).compartment == at.node;
}

// The compartment above, by scope. Only compartments that have epochs are compartments to those who cannot name them.
std::optional<Scope> ProtectedDocument::enclosing(const Scope& compartment) const {
  if (compartment.empty()) return std::nullopt;
  Scope above = compartment;
  do above.pop_back();
  while (!above.empty() && !keyring_.has_epochs(settings_.id, above));
  return above;
}

// Everyone with read there, as grants name them; without those whose grants all stand on `dead`.
std::set<Principal> ProtectedDocument::readers(const Scope& compartment, const std::set<Index>& dead) const {
  const Rules& rules = log_.rules();
  std::set<Principal> out;
  if (dead.empty()) {
    for (Principal& p : rules.holders(Level::read, compartment)) out.insert(std::move(p));
    return out;
  }
  for (Index i = 0; i < rules.size(); ++i) {
    const Item& item = rules.at(i);
    if (item.document != settings_.id || !item.gives()) continue;
    if (item.level < Level::read || !covers(item.at, compartment) || !rules.live(i)) continue;
    const std::vector<Index> chain = rules.chain(i);
    if (std::none_of(chain.begin(), chain.end(), [&](Index link) { return dead.contains(link); })) out.insert(item.to);
  }
  return out;
}

// Whose rights an epoch of another document stands for.
Principal ProtectedDocument::stands_for(const Keyring::Epoch& e) const {
  if (e.compartment.empty() && log_.kind_of(e.document) == DocumentKind::user) return Principal::user(e.document);
  return Principal::members(e.document, e.compartment, Level::read);
}

// Whether everyone who can open another document's epoch belongs to what it stands for. Boxes cannot be opened from
// outside, so each counts as if it were good.
bool ProtectedDocument::clean(const Keyring::Epoch& epoch, std::size_t depth) const {
  if (depth > kMaxNesting) return false;
  const std::vector<crypto::PublicKey> members = log_.rules().keys_of(stands_for(epoch));
  const auto member = [&](const crypto::PublicKey& key) {
    return key == epoch.document || std::binary_search(members.begin(), members.end(), key);
  };
  if (!member(epoch.author)) return false;
  const std::vector<const Keyring::Epoch*> all =
      keyring_.followers(epoch, [&](const Keyring::Epoch& e) { return member(e.author); });
  return std::all_of(all.begin(), all.end(), [&](const Keyring::Epoch* e) { return is_for(*e, member, depth); });
}

// Whether its boxes are for members alone.
bool ProtectedDocument::is_for(const Keyring::Epoch& e, const std::function<bool(const crypto::PublicKey&)>& member,
                               std::size_t depth) const {
  if (!e.published.empty()) return false;
  return std::all_of(e.boxes.begin(), e.boxes.end(), [&](const KeyBox& b) {
    if (b.kind == KeyBox::For::device) return member(b.to);
    const Keyring::Epoch* inner = keyring_.find(EpochId{b.to});
    if (!inner || !clean(*inner, depth + 1)) return false;
    if (inner->document == e.document) return true;  // read above includes read below
    const std::vector<crypto::PublicKey> keys = log_.rules().keys_of(stands_for(*inner));
    return std::all_of(keys.begin(), keys.end(), member);
  });
}

// The epoch of a group that stands for exactly this principal. Null where there is none that can be trusted.
const Keyring::Epoch* ProtectedDocument::group_epoch(const Principal& p) const {
  if (p.kind != Principal::Kind::members || p.document() == settings_.id) return nullptr;
  const bool user = log_.kind_of(p.document()) == DocumentKind::user;
  if (!(user ? p.level == Level::own && p.at.empty() : p.level == Level::read)) return nullptr;
  const std::vector<crypto::PublicKey> members = log_.rules().keys_of(p);
  std::vector<const Keyring::Epoch*> latest = keyring_.latest(p.document(), p.at, [&](const Keyring::Epoch& e) {
    return e.author == e.document || std::binary_search(members.begin(), members.end(), e.author);
  });
  std::erase_if(latest, [&](const Keyring::Epoch* e) { return !clean(*e, 0); });
  const auto best =
      std::max_element(latest.begin(), latest.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  return best == latest.end() ? nullptr : *best;
}

std::vector<Opener> ProtectedDocument::openers_of(const Principal& p) const {
  std::vector<Opener> out;
  if (p.kind == Principal::Kind::anyone) return out;
  if (p.kind == Principal::Kind::key) return {{KeyBox::For::device, p.key}};
  if (const Keyring::Epoch* e = group_epoch(p)) return {{KeyBox::For::epoch, e->id.bytes}};
  for (const crypto::PublicKey& key : log_.rules().keys_of(p)) out.push_back({KeyBox::For::device, key});
  return out;
}

// Whom a new epoch of the compartment is sealed to.
std::vector<Opener> ProtectedDocument::openers_for(const Address& boundary, const Scope& compartment,
                                                   const std::set<Principal>& all) {
  std::vector<Opener> out;
  std::set<Principal> direct = all;
  if (boundary.node != 0) {
    // Those who read above open it with the enclosing compartment's epoch.
    Address above = boundary;
    above.node = document_->nodes().at(boundary.node).parent;
    above = document::compartment_of(document_->nodes(), above);
    std::optional<Scope> outer;
    if (const Result<Scope> scope = scope_of(above); scope.ok()) {
      outer = *scope;
      if (const EpochContent* content = epoch_for_writing(above))
        out.push_back({KeyBox::For::epoch, content->id().bytes});
    } else {
      outer = enclosing(compartment);
    }
    if (outer && out.empty()) {  // this device does not read above: the public half is enough
      const auto candidates =
          keyring_.latest(settings_.id, *outer, [&](const Keyring::Epoch& e) { return valid(e) && suitable(e); });
      for (const Keyring::Epoch* e : candidates) out.push_back({KeyBox::For::epoch, e->id.bytes});
    }
    if (outer && !out.empty())
      for (const Principal& p : readers(*outer, {})) direct.erase(p);
  }
  for (const Principal& p : direct)
    for (const Opener& opener : openers_of(p))
      if (out.size() < kMaxBoxesMade) out.push_back(opener);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// Whether the author of a rotation could write in the compartment, as far as statements tell, and keeps to its names.
bool ProtectedDocument::valid(const Keyring::Epoch& e) const {
  if (e.document != settings_.id) return false;
  if (e.author == settings_.id) return true;
  const Rules& rules = log_.rules();
  return rules.could_write_near(e.author, rules.context({e.item}), e.compartment);
}

bool ProtectedDocument::entitled(const Keyring::Epoch& e, const Opener& opener, std::size_t depth) const {
  const Rules& rules = log_.rules();
  if (opener.kind == KeyBox::For::device)
    return rules.level(Principal::of_key(opener.to), e.compartment) >= Level::read;
  const Keyring::Epoch* other = keyring_.find(EpochId{opener.to});
  if (!other) return false;
  if (other->document == settings_.id) return covers(other->compartment, e.compartment) && suitable(*other, depth + 1);
  return rules.level(stands_for(*other), e.compartment) >= Level::read && clean(*other, depth + 1);
}

bool ProtectedDocument::suitable(const Keyring::Epoch& epoch, std::size_t depth) const {
  if (depth > kMaxNesting) return false;
  const std::vector<const Keyring::Epoch*> all =
      keyring_.followers(epoch, [&](const Keyring::Epoch& e) { return valid(e); });
  return std::all_of(all.begin(), all.end(), [&](const Keyring::Epoch* e) { return opens_to_readers(*e, depth); });
}

bool ProtectedDocument::opens_to_readers(const Keyring::Epoch& e, std::size_t depth) const {
  const Rules& rules = log_.rules();
  if (!e.published.empty() && rules.level(Principal::anyone(), e.compartment) < Level::read) return false;
  if (e.author != settings_.id && rules.level(Principal::of_key(e.author), e.compartment) < Level::read) return false;
  const EpochContent* content = keyring_.content(e.id);
  for (std::size_t i = 0; i < e.boxes.size(); ++i) {
    if (entitled(e, {e.boxes[i].kind, e.boxes[i].to}, depth)) continue;
    // Junk opens nothing; whoever has the content can tell.
    if (!content || keyring_.genuine(e, i, *content)) return false;
  }
  return true;
}

// The newest epochs of the compartment that this device can open.
std::vector<const Keyring::Epoch*> ProtectedDocument::latest(const Scope& compartment) const {
  return keyring_.latest(settings_.id, compartment,
                         [&](const Keyring::Epoch& e) { return keyring_.content(e.id) && valid(e); });
}

static Bytes ephemeral_data(const DocumentId& document) {
  ByteWriter out;
  out.text("tlfs ephemeral");
  out.raw(ByteView(document));
  return out.take();
}

Result<ProtectedDocument::Ephemeral> ProtectedDocument::seal_ephemeral(ByteView plain) const {
  const Keyring::Epoch* best = nullptr;
  for (const Keyring::Epoch* e : latest({}))
    if (!best || best->id < e->id) best = e;
  if (!best) return Error(Errc::no_key, "this device has no key for the document");
  const crypto::Secret key = crypto::derive(keyring_.content(best->id)->secret, "tlfs ephemeral");
  return Ephemeral{epoch_number(best->id), crypto::seal(key, ephemeral_data(settings_.id), plain)};
}

Result<std::optional<Bytes>> ProtectedDocument::open_ephemeral(const Ephemeral& what) const {
  for (const Keyring::Epoch* e : latest({})) {
    if (epoch_number(e->id) != what.epoch) continue;
    const crypto::Secret key = crypto::derive(keyring_.content(e->id)->secret, "tlfs ephemeral");
    return crypto::open(key, ephemeral_data(settings_.id), what.sealed.nonce, what.sealed.bytes);
  }
  return Error(Errc::no_key, "it was sealed under a key that this device does not have, or that is not current");
}

const EpochContent* ProtectedDocument::epoch_for_writing(const Address& boundary) {
  const Bytes place = encode_address(document_->nodes(), document_->graph().ids(), boundary);
  Chosen& chosen = chosen_[place];
  if (chosen.policy_revision == policy_revision_) return keyring_.content(chosen.epoch);
  const Result<Scope> scope = scope_of(boundary);
  if (!scope) return nullptr;
  const auto choose = [&]() -> const EpochContent* {
    const Keyring::Epoch* best = nullptr;
    const bool anyone = log_.rules().level(Principal::anyone(), *scope) >= Level::read;
    for (const Keyring::Epoch* e : latest(*scope))
      if ((!best || best->id < e->id) && suitable(*e) && (!anyone || !e->published.empty())) best = e;
    return best ? keyring_.content(best->id) : nullptr;
  };
  const EpochContent* content = choose();
  if (!content) {
    if (sealing_) {
      if (!rotate(gathered_, boundary, {})) return nullptr;
      content = keyring_.content(gathered_.rotations.back().epoch);
    } else {
      Statement s = blank();
      if (!rotate(s, boundary, {})) return nullptr;
      const EpochId fresh = s.rotations.back().epoch;
      if (!say(std::move(s))) return nullptr;
      content = keyring_.content(fresh);
    }
  }
  if (content) chosen_[place] = {policy_revision_, content->id()};
  return content;
}

Status ProtectedDocument::rotate(Statement& s, const Address& boundary, const std::set<Index>& dead,
                                 const std::optional<Principal>& also) {
  const Result<Scope> scope = scope_of(boundary);
  if (!scope) return scope.error();
  const auto named = naming_.name(boundary);
  if (!named) return Error(Errc::no_key, "this device has no key for " + path_of(boundary));
  std::set<Principal> all = readers(*scope, dead);
  if (also) all.insert(*also);
  std::vector<const EpochContent*> parents;
  for (const Keyring::Epoch* e : latest(*scope))
    if (parents.size() < kMaxParents) parents.push_back(keyring_.content(e->id));
  EpochContent content = EpochContent::make(crypto::Secret::generate(*settings_.random), *named->key,
                                            encode_address(document_->nodes(), document_->graph().ids(), boundary));
  // The enclosing compartment may change its lock first; its statement then comes before this one.
  const std::vector<Opener> openers = openers_for(boundary, *scope, all);
  s.rotations.push_back(Keyring::rotation(content, settings_.id, *scope, parents, all.contains(Principal::anyone())));
  for (const Opener& opener : openers) {
    KeyBox box = keyring_.box(content, settings_.id, opener);
    if (!box.box.empty()) s.boxes.push_back(std::move(box));
  }
  settings_.secrets->emplace(content.id(), std::move(content));
  return {};
}

// Whether the reader can open the epoch by a box that is there.
bool ProtectedDocument::has_box(const Keyring::Epoch& e, const EpochContent& content, const Principal& reader) const {
  if (!e.published.empty()) return true;
  const auto boxed = [&](const Opener& opener) {
    const auto [first, last] = e.boxes_for.equal_range(opener);
    return std::any_of(first, last, [&](const auto& b) { return keyring_.genuine(e, b.second, content); });
  };
  const auto for_key = [&](const crypto::PublicKey& key) { return boxed({KeyBox::For::device, key}); };
  if (reader.kind == Principal::Kind::key) return for_key(reader.key);
  if (reader.kind == Principal::Kind::anyone) return false;
  if (group_epoch(reader))
    for (const Keyring::Epoch* other : keyring_.epochs(reader.document(), reader.at))
      if (boxed({KeyBox::For::epoch, other->id.bytes})) return true;
  const std::vector<crypto::PublicKey> keys = log_.rules().keys_of(reader);
  return std::all_of(keys.begin(), keys.end(), for_key);
}

// Boxes that readers lack: of the newest epochs that this device can open.
bool ProtectedDocument::tend_keys() {
  std::vector<KeyBox> boxes;
  for (const Scope& scope : keyring_.compartments(settings_.id)) {
    std::set<Principal> direct = readers(scope, {});
    const std::optional<Scope> outer = enclosing(scope);
    if (outer)
      for (const Principal& p : readers(*outer, {})) direct.erase(p);
    for (const Keyring::Epoch* e : latest(scope)) {
      const EpochContent* content = keyring_.content(e->id);
      for (const Principal& p : direct) {
        if (p.kind == Principal::Kind::anyone || has_box(*e, *content, p)) continue;
        for (const Opener& opener : openers_of(p)) {
          KeyBox box = keyring_.box(*content, settings_.id, opener);
          const bool there = std::find(e->boxes.begin(), e->boxes.end(), box) != e->boxes.end();
          if (!there && !box.box.empty() && boxes.size() < kMaxBoxesMade) boxes.push_back(std::move(box));
        }
      }
      if (!outer || !e->published.empty()) continue;
      bool opens_above = false;
      for (std::size_t i = 0; i < e->boxes.size() && !opens_above; ++i) {
        const KeyBox& b = e->boxes[i];
        const Keyring::Epoch* other = b.kind == KeyBox::For::epoch ? keyring_.find(EpochId{b.to}) : nullptr;
        opens_above = other && other->document == settings_.id && other->compartment == *outer &&
                      keyring_.genuine(*e, i, *content);
      }
      if (opens_above) continue;
      for (const Keyring::Epoch* above :
           keyring_.latest(settings_.id, *outer, [&](const Keyring::Epoch& o) { return valid(o); }))
        if (boxes.size() < kMaxBoxesMade)
          boxes.push_back(keyring_.box(*content, settings_.id, {KeyBox::For::epoch, above->id.bytes}));
    }
  }
  if (boxes.empty()) return false;
  Statement s = blank();
  s.boxes = std::move(boxes);
  return say(std::move(s)).ok();
}

}  // namespace tlfs::access
