#include "runtime/access/keyring.h"

#include "runtime/base/varint.h"

namespace tlfs::access {
namespace {

constexpr std::string_view kBoxContext = "tlfs epoch";
constexpr std::size_t kMaxEarlyBoxes = 4096;
constexpr std::size_t kMaxRememberedBoxes = 8192;

Bytes box_data(const DocumentId& document, const EpochId& epoch) {
  ByteWriter out;
  out.raw(ByteView(document));
  out.raw(ByteView(epoch.bytes));
  return out.take();
}

crypto::Secret parent_key(const crypto::Secret& secret) { return crypto::derive(secret, "tlfs epoch parent"); }

crypto::Digest digest_of(const KeyBox& b) {
  const std::uint8_t kind[] = {static_cast<std::uint8_t>(b.kind)};
  return crypto::hash("tlfs box", {b.epoch.bytes, kind, b.to, b.box});
}

std::optional<crypto::Secret> secret_of(ByteView bytes) {
  if (bytes.size() != crypto::Secret::kBytes) return std::nullopt;
  return crypto::Secret::from_bytes(bytes.first<crypto::Secret::kBytes>());
}

std::optional<EpochContent> decode_content(ByteView bytes) {
  ByteReader in(bytes);
  const auto secret = secret_of(in.raw(crypto::Secret::kBytes));
  const auto naming = secret_of(in.raw(crypto::Secret::kBytes));
  const ByteView place = in.raw(in.remaining());
  if (!secret || !naming) return std::nullopt;
  return EpochContent::make(*secret, *naming, {place.begin(), place.end()});
}

}  // namespace

std::uint64_t epoch_number(const EpochId& id) {
  ByteReader in(id.bytes);
  const std::uint64_t n = in.fixed64();
  return n == 0 ? 1 : n;
}

EpochContent EpochContent::make(const crypto::Secret& secret, const crypto::Secret& naming, const Bytes& place) {
  return {secret.copy(), crypto::derive(secret, "tlfs leaf key"),
          crypto::BoxKey::from_secret(crypto::derive(secret, "tlfs epoch box")), naming.copy(), place};
}

Bytes EpochContent::encode() const {
  ByteWriter out;
  out.raw(ByteView(secret.expose()));
  out.raw(ByteView(naming.expose()));
  out.raw(ByteView(place));
  return out.take();
}

Keyring::Keyring(const crypto::SigningKey& device, std::shared_ptr<EpochSecrets> secrets)
    : device_box_(device.box_key()), device_(device.public_key()), secrets_(std::move(secrets)) {}

void Keyring::add(const SignedStatement& s, Index item) {
  for (const Rotation& r : s.statement.rotations) {
    if (epochs_.contains(r.epoch)) continue;  // a copy of someone's rotation says nothing
    Epoch e;
    e.id = r.epoch;
    e.document = s.statement.document;
    e.compartment = r.compartment;
    e.naming_check = r.naming_check;
    e.author = s.statement.author;
    e.item = item;
    e.published = r.published;
    e.parents = r.parents;
    by_compartment_[{e.document, e.compartment}].push_back(e.id);
    closed_.insert(e.id);
    touched_.insert(e.id);
    if (const auto early = early_.find(e.id); early != early_.end()) {
      for (auto& [document, b] : early->second)
        if (document == e.document) hold(e, std::move(b));
      early_count_ -= early->second.size();
      early_.erase(early);
    }
    std::vector<const Epoch*>& meant = by_leaf_[{last_token(e.compartment), epoch_number(e.id)}];
    meant.push_back(&epochs_.emplace(e.id, std::move(e)).first->second);
  }
  for (const KeyBox& b : s.statement.boxes) {
    if (const auto at = epochs_.find(b.epoch); at != epochs_.end()) {
      if (at->second.document == s.statement.document) hold(at->second, b);
    } else if (early_count_ < kMaxEarlyBoxes) {
      early_[b.epoch].push_back({s.statement.document, b});
      ++early_count_;
    }
  }
}

void Keyring::hold(Epoch& e, KeyBox b) {
  if (closed_.contains(e.id)) touched_.insert(e.id);
  const bool own = !made_.empty() && made_.erase(digest_of(b)) > 0;
  e.boxes_for.emplace(Opener{b.kind, b.to}, e.boxes.size());
  e.checked.push_back(own ? Epoch::Checked::genuine : Epoch::Checked::no);
  e.boxes.push_back(std::move(b));
}

bool Keyring::accept(const Epoch& epoch, EpochContent content) {
  if (content.id() != epoch.id || naming_check(content.naming, content.place) != epoch.naming_check) return false;
  secrets_->emplace(epoch.id, std::move(content));
  return true;
}

std::vector<EpochId> Keyring::open() {
  std::vector<EpochId> out;
  // A new secret may open anything; without one, only what has come can be opened.
  bool everything = secrets_->size() != opened_with_;
  if (!everything && touched_.empty()) return out;
  bool progress = true;
  while (progress) {
    progress = false;
    for (auto id = closed_.begin(); id != closed_.end();) {
      if (!everything && !touched_.contains(*id)) {
        ++id;
        continue;
      }
      const Epoch& e = epochs_.at(*id);
      bool opened = secrets_->contains(e.id);
      if (!opened && !e.published.empty())
        if (auto content = decode_content(e.published)) opened = accept(e, std::move(*content));
      for (auto b = e.boxes.begin(); !opened && b != e.boxes.end(); ++b) {
        const crypto::BoxKey* key = nullptr;
        if (b->kind == KeyBox::For::device) {
          if (b->to == device_) key = &device_box_;
        } else if (const EpochContent* other = content(EpochId{b->to})) {
          key = &other->box_key;
        }
        if (!key) continue;
        std::optional<Bytes> bytes = key->open(kBoxContext, box_data(e.document, e.id), b->box);
        if (!bytes) continue;
        if (auto content = decode_content(*bytes)) opened = accept(e, std::move(*content));
        crypto::wipe(*bytes);
      }
      if (!opened) {
        ++id;
        continue;
      }
      progress = true;
      out.push_back(e.id);
      if (!e.parents.empty()) unfollowed_.insert(e.id);
      id = closed_.erase(id);
    }
    for (auto id = unfollowed_.begin(); id != unfollowed_.end();) {
      const Epoch& e = epochs_.at(*id);
      const EpochContent& own = secrets_->at(e.id);
      bool all = true;
      for (const Rotation::Parent& p : e.parents) {
        if (secrets_->contains(p.epoch)) continue;
        const Epoch* parent = find(p.epoch);
        all = all && parent;
        if (!parent || parent->document != e.document || parent->compartment != e.compartment) continue;
        std::optional<Bytes> bytes =
            crypto::open(parent_key(own.secret), box_data(e.document, p.epoch), p.nonce, p.sealed);
        const std::optional<crypto::Secret> secret = bytes ? secret_of(*bytes) : std::nullopt;
        if (bytes) crypto::wipe(*bytes);
        if (!secret) continue;
        progress = accept(*parent, EpochContent::make(*secret, own.naming, own.place)) || progress;
      }
      id = all ? unfollowed_.erase(id) : std::next(id);
    }
    everything = true;
  }
  touched_.clear();
  opened_with_ = secrets_->size();
  return out;
}

const Keyring::Epoch* Keyring::find(const EpochId& id) const {
  const auto at = epochs_.find(id);
  return at == epochs_.end() ? nullptr : &at->second;
}

const EpochContent* Keyring::content(const EpochId& id) const {
  const auto at = secrets_->find(id);
  return at == secrets_->end() ? nullptr : &at->second;
}

std::vector<const Keyring::Epoch*> Keyring::epochs(const DocumentId& document, const Scope& compartment) const {
  std::vector<const Epoch*> out;
  const auto at = by_compartment_.find({document, compartment});
  if (at == by_compartment_.end()) return out;
  for (const EpochId& id : at->second) out.push_back(&epochs_.at(id));
  return out;
}

std::vector<Scope> Keyring::compartments(const DocumentId& document) const {
  std::vector<Scope> out;
  for (auto at = by_compartment_.lower_bound({document, {}});
       at != by_compartment_.end() && at->first.first == document; ++at)
    out.push_back(at->first.second);
  return out;
}

std::span<const Keyring::Epoch* const> Keyring::named(const document::CompartmentId& compartment,
                                                      std::uint64_t epoch) const {
  const auto at = by_leaf_.find({compartment, epoch});
  if (at == by_leaf_.end()) return {};
  return at->second;
}

KeyBox Keyring::box(const EpochContent& content, const DocumentId& document, const Opener& to) const {
  KeyBox out = make_box(content, document, to);
  if (!out.box.empty() && made_.size() < kMaxRememberedBoxes) made_.insert(digest_of(out));
  return out;
}

KeyBox Keyring::make_box(const EpochContent& content, const DocumentId& document, const Opener& to) const {
  KeyBox out;
  out.epoch = content.id();
  out.kind = to.kind;
  out.to = to.to;
  std::optional<crypto::BoxPublicKey> key;
  if (to.kind == KeyBox::For::device) {
    key = crypto::box_key_of(to.to);
  } else {
    key = EpochId{to.to};
  }
  Bytes plain = content.encode();
  if (key)
    if (auto sealed = crypto::seal_box(*key, kBoxContext, box_data(document, out.epoch), plain))
      out.box = std::move(*sealed);
  crypto::wipe(plain);
  return out;
}

bool Keyring::genuine(const Epoch& e, std::size_t i, const EpochContent& content) const {
  Epoch::Checked& checked = e.checked[i];
  if (checked == Epoch::Checked::no) {
    const KeyBox& b = e.boxes[i];
    const bool good = !b.box.empty() && make_box(content, e.document, {b.kind, b.to}) == b;
    checked = good ? Epoch::Checked::genuine : Epoch::Checked::junk;
  }
  return checked == Epoch::Checked::genuine;
}

Rotation Keyring::rotation(const EpochContent& content, const DocumentId& document, const Scope& compartment,
                           const std::vector<const EpochContent*>& parents, bool published) {
  Rotation out;
  out.compartment = compartment;
  out.epoch = content.id();
  out.naming_check = naming_check(content.naming, content.place);
  for (const EpochContent* parent : parents) {
    crypto::Sealed sealed =
        crypto::seal(parent_key(content.secret), box_data(document, parent->id()), parent->secret.expose());
    out.parents.push_back({parent->id(), sealed.nonce, std::move(sealed.bytes)});
  }
  if (published) out.published = content.encode();
  return out;
}

}  // namespace tlfs::access
