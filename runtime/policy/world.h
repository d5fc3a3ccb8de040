// A small world in which an app's author tries a policy: people with a device each, who hold documents, grant and
// revoke, write while they cannot reach each other, and meet when the test says so.
//
//   World world({.package = todo, .people = {"alice", "bob"}});
//   CHECK(world.as("alice").create("list"));
//   CHECK(world.as("alice").grant(Level::read, ".", "bob"));
//   world.deliver_everyone();
//   world.as("bob").expect_denied(Level::write, ".");
//
// Everything runs on the real documents, keys and rules. A seed decides what is random. Keys are the same under every
// seed; what the seed changes is in which order things arrive: wherever people meet, single statements and changes come
// shuffled, some of them twice, in batches of any size, and nodes say what they have to say unasked (cuts, keys that
// someone lacks) at odd moments. So a scenario that holds under many seeds (replay.h) does not rest on luck.
//
// The user documents of all people are known to everyone from the beginning, as from a key directory. A replica of a
// document appears at a person with the first share of it that reaches them. Single-threaded; pure.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/access/realm.h"
#include "runtime/policy/person.h"
#include "schema/lens/package.h"

namespace tlfs::policy {

inline constexpr std::size_t kMaxPeople = 32;
inline constexpr std::size_t kMaxSyncRounds = 64;  // after which a world counts as one that does not come to rest
inline constexpr std::string_view kAnyone = "anyone";

class World {
 public:
  struct Settings {
    std::shared_ptr<const schema::Package> package;  // of every document
    // "alice" is a person with one device. "alice/phone" is another device of alice, who comes before it; it is in when
    // one of hers lets it in (Person::add_device).
    std::vector<std::string> people;
    std::uint64_t seed = 1;
  };
  // Names are distinct and not kAnyone; at most kMaxPeople.
  explicit World(Settings settings);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Unmet when there is nobody of that name. Lives as long as the world.
  Person as(std::string_view person);

  // These exchange all they may, until nothing is left to say. Who is not named hears nothing.
  void sync(const std::vector<std::string>& people);
  // All people do, and what each of them sees then is written down.
  void deliver_everyone();
  struct Sight {
    std::string person, document;
    std::string json;  // "nothing" where there is no replica
    friend bool operator==(const Sight&, const Sight&) = default;
  };
  // What was seen, by delivery.
  const std::vector<std::vector<Sight>>& deliveries() const { return deliveries_; }

  const std::shared_ptr<const schema::Package>& package() const { return settings_.package; }
  // Names of documents, in the order in which they were made.
  const std::vector<std::string>& documents() const { return documents_; }
  const std::string& creator(const std::string& document) const { return creators_.at(document); }
  // What whoever made the document sees in it.
  Result<document::Data> creator_sees(const std::string& document, std::string_view path);
  // A document of this schema that is empty and belongs to nobody.
  const document::Document& blank() const { return *blank_; }
  // How people call a principal.
  std::string name_of(const access::Principal& principal) const;

 private:
  friend class Person;
  struct Inhabitant;
  struct Parcel;
  using Marks = std::map<std::pair<std::size_t, access::DocumentId>, std::vector<std::size_t>>;

  Inhabitant* find(std::string_view person);
  const Inhabitant* find(std::string_view person) const;
  // The id behind a name: of a document, or of a person, whose user document it then is.
  const access::DocumentId* document(std::string_view name) const;
  bool is_user(const access::DocumentId& id) const;
  void record(const std::string& name, const std::string& creator, const access::DocumentId& id);

  // exchange.cpp
  bool learn_users(const std::vector<Inhabitant*>& who);
  std::vector<Parcel> pack(Inhabitant& from, Inhabitant& to);
  void deliver(std::vector<std::pair<Inhabitant*, std::vector<Parcel>>> post);
  void hand_over(Inhabitant& to, std::vector<Parcel> batch);
  void shuffle(auto& items);

  Settings settings_;
  SeededRandom order_;
  std::unique_ptr<document::Document> blank_;
  std::vector<std::unique_ptr<Inhabitant>> people_;
  std::vector<std::string> documents_;
  std::map<std::string, std::string, std::less<>> creators_;    // by document
  std::map<std::string, access::DocumentId, std::less<>> ids_;  // of documents
  std::map<access::Principal, std::string> names_;              // of principals
  std::vector<std::vector<Sight>> deliveries_;
};

}  // namespace tlfs::policy
