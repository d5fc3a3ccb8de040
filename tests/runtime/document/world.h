// A few replicas of one document with a random schema, and what happens between them, all from one seed.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/runtime/document/replicas.h"

namespace tlfs::document::testing {

struct WorldOptions {
  std::size_t replicas = 4;
  bool containers = true;  // arrays and tables
  bool liar = false;       // the last two replicas write under one device key: a device that forks
};

class World {
 public:
  explicit World(std::uint64_t seed, WorldOptions options = {});

  // Everyone edits; changes travel over bad links, in some worlds with a partition in between.
  void run();
  // One edit somewhere, and perhaps some changes from one replica to another. `loss`: the part of them that gets lost.
  void step(bool connected, double loss);
  void exchange(double loss);
  // Everyone gets everything.
  void settle();
  // Everyone has the same changes and shows the same value.
  void require_agreement();
  // The model, which reads the changes of this replica, shows the same.
  void judge(Replica& replica, const std::set<LeafId>& voided = {});
  std::vector<LeafId> random_leaves(double part);
  Replica& any() { return replicas[random.below(replicas.size())]; }
  Document::Settings settings(std::uint8_t device) const;

  SeededRandom random;
  std::size_t steps = 0;
  std::string schema;
  std::shared_ptr<const schema::Package> package;
  std::vector<Replica> replicas;
};

}  // namespace tlfs::document::testing
