// Several nodes of different persons and the network between them, under everything that can happen to both, decided by
// one number.
//
// Some documents are made and others are invited to them, to all or to a part, to write, to read or to carry; then, for
// a while, people write, while connections break, ways close in one direction, get slow, or cannot be dialled, and
// while actors and whole nodes crash and come back from their disks; with strangers who have a valid key and break the
// rules (network_liar.h), and somebody on the way who changes bytes. Then all of it ends, and within a bounded time
// all must be equal. The nodes are the production's, on one deterministic scheduler (actors/testing/world.h); the
// network is simulated (network_wires.h). In some runs up to a third of the nodes are members who lie
// (network_traitor.h). The same seed gives the same run.
//
// True: every request is answered; those who may read a document end with the owner's value, those who may read a part
// with that part; what was acknowledged is in it, and no transaction is half there; who may not read a part does not
// see it, and no message holds it in clear, before the link encrypts; mailboxes, memory and traffic stay bounded; nodes
// that are equal fall silent; liars are cut off with a reason, and nobody else is banned.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace tlfs::simulation {

struct NetworkReport {
  std::uint64_t hash = 0;  // of every step, and of what there was at the end
  std::uint64_t steps = 0;
  std::uint64_t nodes = 0, documents = 0, joined = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t crashes = 0;          // of actors
  std::uint64_t restarts = 0;         // of nodes
  std::uint64_t broken = 0;           // connections
  std::uint64_t liars = 0;            // that were cut off
  std::uint64_t traitors = 0;         // members who lie
  std::uint64_t lies = 0;             // of theirs
  std::uint64_t bans = 0;             // of theirs
  std::uint64_t bytes = 0;            // that arrived
  std::uint64_t traffic = 0;          // at most, from one honest node to another
  std::size_t heap = 0;               // at most, beyond that of the beginning, without disks and logs
  std::size_t mailbox = 0;            // the longest
  std::uint64_t quiet_bytes = 0;      // at most, from one node to another within a minute in which nothing happened
  std::chrono::seconds converged{0};  // after all went well again
  std::vector<std::string> faults;    // what was not true
  std::string log;                    // of all nodes
};

struct NetworkOptions {
  std::size_t events = 50;
  std::size_t nodes = 0;               // 0: the seed decides
  bool calm = false;                   // nothing crashes, breaks or is cut; there are slow ways and liars still
  std::chrono::seconds patience{120};  // until all must be equal
};

NetworkReport simulate_network(std::uint64_t seed, const NetworkOptions& options = {});

}  // namespace tlfs::simulation
