// What a node says of itself.
#include <array>
#include <mutex>

#include "actors/node/node_actors.h"
#include "actors/store/store_messages.h"
#include "actors/supervision/prometheus.h"
#include "actors/supervision/supervised_ref.h"
#include "actors/supervision/tree_reader.h"

namespace tlfs {
namespace {

constexpr std::chrono::seconds kStorePatience{2};

// Of the incarnation of the store that runs; nothing but its absence when it did not answer.
std::string store_text(const std::optional<store::StoreStatus>& status) {
  std::string out;
  const auto line = [&out](const std::string& name, const char* type, const char* help, std::uint64_t number) {
    out += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n" + name + " " +
           std::to_string(number) + "\n";
  };
  line("tlfs_store_answers", "gauge", "Whether the store answered in time; without, its other numbers are missing.",
       status.has_value());
  if (!status) return out;
  const store::StoreCounters& c = status->counters;
  line("tlfs_store_failing", "gauge", "Whether the last commit failed.", status->failing.has_value());
  if (status->disk_bytes) line("tlfs_store_bytes", "gauge", "What the store's files take.", *status->disk_bytes);
  line("tlfs_store_requests_total", "counter", "Requests to write.", c.requests);
  line("tlfs_store_commits_total", "counter", "Commits, each one sync for one or more requests.", c.commits);
  line("tlfs_store_written_bytes_total", "counter", "Bytes of records written.", c.bytes);
  line("tlfs_store_failures_total", "counter", "Commits that failed.", c.failures);
  line("tlfs_store_reads_total", "counter", "Requests to read.", c.reads);
  line("tlfs_store_greatest_group", "gauge", "The most requests in one commit so far.", c.greatest_group);
  return out;
}

// On a thread of the node; `done` runs once.
void read_node(Node::Actors& actors, std::function<void(caf::event_based_actor*, TreeMessage)> done) {
  actors.system->spawn(
      [root = actors.tree.root, registry = actors.tree.registry, done = std::move(done)](caf::event_based_actor* self) {
        supervision::read_tree(*self, root, supervision::kNodePath, registry, {},
                               [self, done](TreeMessage tree) { done(self, std::move(tree)); });
      });
}

}  // namespace

std::future<TreeMessage> Node::tree() {
  auto promise = std::make_shared<std::promise<TreeMessage>>();
  auto future = promise->get_future();
  read_node(*actors_, [promise](caf::event_based_actor* self, TreeMessage tree) {
    self->quit();
    promise->set_value(std::move(tree));
  });
  return future;
}

std::future<std::string> Node::metrics() {
  auto promise = std::make_shared<std::promise<std::string>>();
  auto future = promise->get_future();
  std::string others;
  {
    const std::lock_guard lock(actors_->figures_mutex);
    for (const auto& [name, figures] : actors_->figures) others += figures();
  }
  read_node(*actors_, [promise, others, registry = actors_->tree.registry](caf::event_based_actor* self,
                                                                           const TreeMessage& tree) {
    const auto page = std::make_shared<std::string>(supervision::prometheus_text(*tree.read()) + others);
    const auto store =
        std::make_shared<supervision::SupervisedRef>(self, registry, supervision::kNodePath, store::kStoreId);
    store->request<store::StoreStatus>(
        {.timeout = kStorePatience, .idempotent = true},
        [promise, self, store, page](const Result<store::StoreStatus>& status) {
          self->quit();
          promise->set_value(*page + store_text(status ? std::optional(*status) : std::nullopt));
        },
        store::GetStoreStatus());
  });
  return future;
}

}  // namespace tlfs
