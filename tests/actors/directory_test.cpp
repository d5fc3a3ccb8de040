#include "actors/auth/directory.h"

#include <thread>

#include "tests/runtime/access/people.h"

using namespace tlfs;
using namespace tlfs::access;
using namespace tlfs::access::testing;
using auth::Directory;

TEST_CASE("a directory tells each document what others have learnt, once") {
  auto alice = Person::alone(1), bob = Person::alone(2);
  const DocumentId user = *bob->realm().user();
  const std::vector<SignedStatement> bobs = bob->at(user).statements();
  REQUIRE(bobs.size() > 1);
  Directory directory;
  CHECK((directory.learn(bobs) == std::vector<DocumentId>{user}));
  CHECK(directory.learn(bobs).empty());
  CHECK(directory.known(user).size() == bobs.size());
  CHECK(directory.known(*alice->realm().user()).empty());
  const AuthorityLog& alices = alice->at(*alice->realm().user()).log();
  CHECK(directory.news_of(user, alices).size() == bobs.size());
  CHECK(directory.news_of(user, bob->at(user).log()).empty());
}

TEST_CASE("documents on different threads grant to each other's users by what a directory knows") {
  auto alice = Person::alone(1), bob = Person::alone(2);
  const std::vector<SignedStatement> alices = alice->at(*alice->realm().user()).statements();
  const std::vector<SignedStatement> bobs = bob->at(*bob->realm().user()).statements();
  Directory directory;
  std::array<std::thread, 4> threads;
  std::array<bool, 4> granted{};
  for (std::size_t i = 0; i < threads.size(); ++i)
    threads[i] = std::thread([&, i] {
      for (int k = 0; k < 20; ++k) (void)directory.learn(bobs);
      SeededRandom random(100 + i);
      ProtectedDocument::Settings s;
      s.device = alice->key();
      s.package = notes_package();
      s.secrets = std::make_shared<EpochSecrets>();
      s.random = &random;
      s.neighbours = &directory;
      auto d = ProtectedDocument::create(std::move(s), crypto::SigningKey::generate(random), alice->user(),
                                         DocumentKind::ordinary, alices);
      granted[i] = d->grant({}, Level::write, bob->user()).ok();
      (void)directory.learn(d->statements());
    });
  for (std::thread& t : threads) t.join();
  for (const bool g : granted) CHECK(g);
  CHECK(directory.known(*bob->realm().user()).size() == bobs.size());
  CHECK(directory.known(*alice->realm().user()).size() == alices.size());
}
