#include "runtime/access/naming.h"

#include <bit>

namespace tlfs::access {
namespace {

Token short_hash(const crypto::Secret& key, std::string_view domain, std::initializer_list<ByteView> parts) {
  const crypto::Digest digest = crypto::keyed_hash(key, domain, parts);
  Token out;
  std::copy_n(digest.begin(), out.size(), out.begin());
  return out;
}

bool takes_key(schema::Kind kind) { return kind == schema::Kind::table || kind == schema::Kind::array; }

std::optional<document::Key> take_key(ByteReader& in, const document::ChangeGraph& graph) {
  const std::uint8_t tag = in.u8();
  if (tag == 0) {
    document::WriterId writer;
    const ByteView device = in.raw(writer.device.size());
    if (device.size() != writer.device.size()) return std::nullopt;
    std::copy(device.begin(), device.end(), writer.device.begin());
    writer.incarnation = in.fixed64();
    const std::uint64_t counter = in.fixed64();
    const document::AgentIndex agent = in.failed() ? document::kNoAgent : graph.agent_of_writer(writer);
    if (agent == document::kNoAgent) return std::nullopt;
    const document::Lv lv = graph.ids().lv_of(agent, counter);
    if (lv == document::kNoLv) return std::nullopt;
    return document::Key::of_element(lv);
  }
  switch (static_cast<Primitive>(tag)) {
    case Primitive::boolean:
      return document::Key::of_table(in.u8() != 0);
    case Primitive::u64:
      return document::Key::of_table(in.fixed64());
    case Primitive::i64:
      return document::Key::of_table(std::bit_cast<std::int64_t>(in.fixed64()));
    case Primitive::string:
      return document::Key::of_table(std::string(in.text()));
    default:
      return std::nullopt;
  }
}

}  // namespace

Bytes encode_address(const document::NodeTable& nodes, const document::IdSpace& ids, const Address& address) {
  if (address.node == 0) return {};
  ByteWriter out;
  out.reserve(64);
  out.raw(ByteView(nodes.at(address.node).id));
  for (const document::Key& key : address.keys) document::put_key(out, key, ids);
  return out.take();
}

std::optional<Address> decode_address(const document::NodeTable& nodes, const document::ChangeGraph& graph,
                                      ByteView bytes) {
  Address out;
  if (bytes.empty()) return out;
  ByteReader in(bytes);
  const ByteView id = in.raw(sizeof(schema::NodeId));
  document::NodeIndex node = 0;
  while (node < nodes.size() && !std::equal(id.begin(), id.end(), nodes.at(node).id.begin(), nodes.at(node).id.end()))
    ++node;
  if (in.failed() || node == nodes.size()) return std::nullopt;
  out.node = node;
  for (std::uint32_t k = 0; k < nodes.at(node).key_count; ++k) {
    std::optional<document::Key> key = take_key(in, graph);
    if (!key) return std::nullopt;
    out.keys.push_back(std::move(*key));
  }
  if (!in.finished()) return std::nullopt;
  return out;
}

Token naming_check(const crypto::Secret& naming_key, ByteView place) {
  return short_hash(naming_key, "tlfs naming check", {place});
}

void Naming::learn(const Bytes& place, const Scope& scope, const crypto::Secret& key) {
  if (known_.try_emplace(place, Compartment{scope, key.copy(), false}).second) last_.reset();
}

std::optional<Naming::Named> Naming::name(const Address& address) const {
  const document::NodeInfo& info = nodes_->at(address.node);
  Named out;
  bool named = false;  // whether `out` names what the loop has walked to
  if (const auto root = known_.find(Bytes()); root != known_.end()) {
    out = {root->second.scope, &root->second.key};
    named = true;
  }
  ByteWriter key_bytes;
  key_bytes.reserve(64);
  Address here;
  std::size_t k = 0;
  for (std::size_t i = 1; i < info.chain.size(); ++i) {
    const document::NodeIndex node = info.chain[i];
    key_bytes.clear();
    if (takes_key(nodes_->at(info.chain[i - 1]).kind)) {
      if (k == address.keys.size()) return std::nullopt;
      document::put_key(key_bytes, address.keys[k++], *ids_);
    }
    if (named) {
      const Token before = last_token(out.scope);
      out.scope.push_back(
          short_hash(*out.key, "tlfs address", {ByteView(before), ByteView(nodes_->at(node).id), key_bytes.view()}));
    }
    if (nodes_->at(node).compartment != node) continue;
    here.node = node;
    here.keys.assign(address.keys.begin(), address.keys.begin() + static_cast<std::ptrdiff_t>(k));
    const Bytes place = encode_address(*nodes_, *ids_, here);
    auto known = known_.find(place);
    if (named && (known == known_.end() || !known->second.derived)) {
      crypto::Secret below = crypto::derive(*out.key, "tlfs naming", {ByteView(out.scope.back())});
      known = known_.insert_or_assign(place, Compartment{out.scope, std::move(below), true}).first;
      last_.reset();
    }
    named = known != known_.end();
    if (named) out = {known->second.scope, &known->second.key};
  }
  if (!named || k != address.keys.size()) return std::nullopt;
  return out;
}

std::optional<Scope> Naming::scope_of(const Address& address) const {
  if (last_ && last_->first == address) return last_->second;
  std::optional<Named> named = name(address);
  if (!named) return std::nullopt;
  last_.emplace(address, named->scope);
  return std::move(named->scope);
}

}  // namespace tlfs::access
