#include "examples/apps/archiver.h"

namespace tlfs::examples {
namespace {

using document::Data;
using document::PathStep;

bool is_done(const Data& task) {
  const Data* done = task.find("done");
  return done && *done == Data(Value(true));
}

// Copies the title and removes the task, for every task that is done now: what others did meanwhile is seen here.
Status move_done_tasks(document::Transaction& tx) {
  const auto tasks = document::parse_path(".tasks"), archive = document::parse_path(".archive");
  const auto from = tx.reader().locate(*tasks), to = tx.reader().locate(*archive);
  if (!from || !to) return from ? to.error() : from.error();
  const Data value = tx.reader().data_at(*from);
  std::size_t archived = tx.reader().data_at(*to).array()->size();
  for (std::size_t i = value.array()->size(); i-- > 0;) {
    const Data& task = (*value.array())[i];
    if (!is_done(task)) continue;
    if (Status s = tx.insert(*archive, archived++, {Data(Data::Object{{"title", *task.find("title")}})}); !s) return s;
    if (Status s = tx.remove({PathStep::field("tasks"), PathStep::at(i)}); !s) return s;
  }
  return {};
}

}  // namespace

void Archiver::start(app::Context& node) {
  node_ = &node;
  (void)node.watch(todos_, ".tasks", [this](const app::Update& update) { look(update); });
}

void Archiver::look(const app::Update& update) {
  if (update.snapshot)
    tasks_ = *update.snapshot;
  else if (!document::apply_patches(tasks_, update.patches))
    return node_->stop();  // started again, it sees everything anew
  if (moving_ || !tasks_.array() || std::none_of(tasks_.array()->begin(), tasks_.array()->end(), is_done)) return;
  moving_ = true;
  app::TransactOptions options;
  options.label = "archive";
  node_->transact(
      todos_, move_done_tasks,
      [this](const Result<app::Committed>& done) {
        moving_ = false;
        // Tried again with the next change; a disk that was full has room by then, or not.
        if (!done) node_->logger()->warn("archive_failed error=\"{}\"", done.error().message());
      },
      options);
}

}  // namespace tlfs::examples
