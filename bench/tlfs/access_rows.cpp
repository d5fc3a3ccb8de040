// Judging by the rules of access: a document of 10,000 statements that 1,000 members share, each a user with a document
// and devices of their own.
#include <algorithm>
#include <memory>
#include <string>

#include "bench/tlfs/rows.h"
#include "runtime/access/rules.h"

namespace tlfs::bench {
namespace {

using namespace access;

constexpr std::uint32_t kMembers = 1'000;
constexpr std::uint32_t kStatements = 10'000;
constexpr std::uint32_t kOwners = 10;  // the members that grant and revoke
constexpr std::uint32_t kLeaves = 10'000;
constexpr std::uint32_t kAdded = 1'000;

crypto::PublicKey name(const std::string& of) {
  return crypto::hash("tlfs.bench.access", {ByteView(reinterpret_cast<const std::uint8_t*>(of.data()), of.size())});
}
DocumentId user(std::uint32_t member) { return name("user " + std::to_string(member)); }
crypto::PublicKey device(std::uint32_t member) { return name("device " + std::to_string(member)); }
Scope scope(std::uint32_t number) {
  Token token{};
  for (int k = 0; k < 4; ++k) token[static_cast<std::size_t>(k)] = static_cast<std::uint8_t>(number >> (8 * k));
  return {token};
}

// Revocations have seen every change with an even number.
class EvenSeen : public Sightings {
 public:
  bool saw(Index, std::uint32_t change) const override { return change % 2 == 0; }
};

// Every member may write at a place of their own for good; the rest comes and goes, by two owners at a time who have
// not seen each other's last statement.
struct Shared {
  EvenSeen sightings;
  Rules rules{name("document"), sightings};
  std::vector<crypto::PublicKey> devices;
  std::vector<Index> device_grants, owner_grants, passing;  // by member; by owner; what will be revoked
  std::vector<Index> lines;                                 // heads of the two lines of statements

  Shared() {
    for (std::uint32_t m = 0; m < kMembers; ++m) {
      devices.push_back(device(m));
      Item genesis;
      genesis.kind = Item::Kind::genesis;
      genesis.document = user(m);
      genesis.author = user(m);
      genesis.to = Principal::of_key(name("recovery " + std::to_string(m)));
      const Index root = rules.add(std::move(genesis));
      Item grant;
      grant.kind = Item::Kind::grant;
      grant.document = user(m);
      grant.author = name("recovery " + std::to_string(m));
      grant.parents = {root};
      grant.proof = root;
      grant.to = Principal::of_key(devices[m]);
      grant.level = Level::own;
      device_grants.push_back(rules.add(grant));
      if (m % 2 == 0) {
        grant.to = Principal::of_key(name("second " + std::to_string(m)));
        rules.add(std::move(grant));
      }
    }
    Item genesis;
    genesis.kind = Item::Kind::genesis;
    genesis.document = name("document");
    genesis.author = genesis.document;
    genesis.parents = device_grants;
    genesis.to = Principal::user(user(0));
    const Index root = rules.add(std::move(genesis));
    lines = {root, root};
    for (std::uint32_t o = 0; o < kOwners; ++o) {
      Item item = statement(Item::Kind::grant, 0, root, 0);
      item.to = Principal::user(user(o));
      item.level = Level::own;
      lines[0] = rules.add(std::move(item));
      owner_grants.push_back(lines[0]);
    }
    lines[1] = lines[0];
    for (std::uint32_t n = kOwners + 1; n < kStatements; ++n) n % 8 == 7 ? revoke(n) : grant(n);
    lines = {rules.add(statement(Item::Kind::other, 0, root, 0, lines))};
  }

  Item statement(Item::Kind kind, std::uint32_t member, Index proof, std::size_t line,
                 std::vector<Index> parents = {}) {
    Item item;
    item.kind = kind;
    item.document = name("document");
    item.author = devices[member];
    item.parents = parents.empty() ? std::vector<Index>{lines[line]} : std::move(parents);
    item.proof = proof;
    item.membership = {device_grants[member]};
    return item;
  }
  Index say(Item item, std::size_t line, std::uint32_t n) {
    if (n % 16 == line && lines[1 - line] != lines[line]) item.parents.push_back(lines[1 - line]);
    return lines[line] = rules.add(std::move(item));
  }
  void grant(std::uint32_t n) {
    const std::size_t line = n % 2;
    const std::uint32_t owner = n % kOwners;
    Item item = statement(Item::Kind::grant, owner, owner_grants[owner], line);
    item.to = Principal::user(user(n % kMembers));
    item.level = Level::write;
    item.at = n < 2 * kMembers ? scope(n % kMembers) : scope(kMembers + n);
    const Index i = say(std::move(item), line, n);
    if (n >= 2 * kMembers) passing.push_back(i);
  }
  void revoke(std::uint32_t n) {
    const std::size_t line = n % 2;
    const std::uint32_t owner = n % kOwners;
    if (passing.size() < 64) return grant(n);
    const std::size_t which = n * 7919u % (passing.size() - 32);  // old enough to have been seen
    Item item = statement(Item::Kind::revoke, owner, owner_grants[owner], line);
    item.names = {passing[which]};
    passing.erase(passing.begin() + static_cast<std::ptrdiff_t>(which));
    say(std::move(item), line, n);
  }
};

Sample judge_leaves() {
  Shared shared;
  Rules& rules = shared.rules;
  const Index last = shared.lines[0];
  const auto judge = [&](auto context_of) {
    const auto [ms, counting] = timed([&] {
      std::uint32_t n = 0;
      for (std::uint32_t k = 0; k < kLeaves; ++k) {
        const std::uint32_t member = k * 7919u % kMembers;
        n += rules.counts(shared.devices[member], context_of(k), {k, 0}, {scope(member)});
      }
      return n;
    });
    require(counting == kLeaves, "a member's leaf does not count");
    return ms * 1000 / kLeaves;
  };
  const Rules::Context now = rules.context({last});
  require(!rules.counts(shared.devices[500], now, {1, 0}, {scope(501)}), "a member may write at another's place");
  const double same = judge([&](std::uint32_t) { return now; });
  // Every leaf was made at other heads: the last statement and an older one.
  const double fresh = judge([&](std::uint32_t k) { return rules.context({last - 1 - k % 4'000, last - 2 - k / 2}); });
  return {same, {{"fresh_context_us", fresh}, {"statements", static_cast<double>(rules.size())}}};
}

Sample add_statements() {
  Shared shared;
  Rules& rules = shared.rules;
  const Rules::Context before = rules.context(shared.lines);
  const auto add_all = [&](auto make) {
    std::vector<Item> items;
    for (std::uint32_t k = 0; k < kAdded; ++k) items.push_back(make(k));
    const auto [ms, counting] = timed([&] {
      std::uint32_t n = 0;
      for (std::uint32_t k = 0; k < kAdded; ++k) {
        items[k].parents = {shared.lines[0]};
        shared.lines[0] = rules.add(items[k]);
        n += rules.counts(shared.devices[k], before, {k, 0}, {scope(k)});
      }
      return n;
    });
    require(counting == kAdded, "a member's leaf does not count");
    return ms * 1000 / kAdded;
  };
  const double grant = add_all([&](std::uint32_t k) {
    Item item = shared.statement(Item::Kind::grant, k % kOwners, shared.owner_grants[k % kOwners], 0);
    item.to = Principal::user(user(k));
    item.level = Level::write;
    item.at = scope(k);
    return item;
  });
  require(rules.well_formed(shared.lines[0]), "a grant has no effect");
  const double revocation = add_all([&](std::uint32_t k) {
    Item item = shared.statement(Item::Kind::revoke, k % kOwners, shared.owner_grants[k % kOwners], 0);
    item.names = {shared.passing[k]};
    return item;
  });
  require(rules.effective(shared.lines[0]), "a revocation has no effect");
  return {grant, {{"revocation_us", revocation}}};
}

}  // namespace

std::vector<Row> access_rows() {
  return {
      {.name = "access_judge_leaf",
       .unit = "us",
       .inside = "whether one leaf counts, in a document of 10,000 statements and 1,000 members, each a user document "
                 "with one or two devices; extra.fresh_context_us at heads that were never asked about before",
       .start = [](const Arguments&) { return [] { return judge_leaves(); }; }},
      {.name = "access_add_statement",
       .unit = "us",
       .inside = "adding one grant to that document and judging one leaf after it; extra.revocation_us for a "
                 "revocation",
       .start = [](const Arguments&) { return [] { return add_statements(); }; }}};
}

}  // namespace tlfs::bench
