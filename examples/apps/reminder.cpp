#include "examples/apps/reminder.h"

#include <algorithm>

namespace tlfs::examples {
namespace {

using document::Data;

bool is_set(const Data& task, const char* flag) {
  const Data* value = task.find(flag);
  return value && *value == Data(Value(true));
}

// When somebody is to be reminded, in milliseconds since the Unix epoch; nothing when nobody is.
std::optional<std::int64_t> due_of(const Data& task) {
  const Data* due = task.find("due");
  const Value* value = due ? due->value() : nullptr;
  if (!value || is_set(task, "done") || is_set(task, "reminded")) return std::nullopt;
  const auto* time = std::get_if<std::int64_t>(value);
  return time ? std::optional(*time) : std::nullopt;
}

}  // namespace

void Reminder::start(app::Context& node) {
  node_ = &node;
  (void)node.watch(todos_, ".tasks", [this](const app::Update& update) { look(update); });
}

void Reminder::look(const app::Update& update) {
  if (update.snapshot)
    tasks_ = *update.snapshot;
  else if (!document::apply_patches(tasks_, update.patches))
    return node_->stop();
  std::optional<std::int64_t> next;
  if (const Data::Array* tasks = tasks_.array())
    for (const Data& task : *tasks)
      if (const auto due = due_of(task); due && (!next || *due < *next)) next = due;
  node_->cancel(timer_);
  if (!next) return;
  const std::chrono::milliseconds wait(*next - node_->wall().count());
  timer_ = node_->after(std::max(wait, std::chrono::milliseconds(0)), [this] { due(); });
}

// Marked first and shown when the mark is saved: a crash in between forgets a reminder rather than repeating it.
void Reminder::due() {
  const std::int64_t now = node_->wall().count();
  auto titles = std::make_shared<std::vector<std::string>>();
  const auto mark = [now, titles](document::Transaction& tx) -> Status {
    titles->clear();  // it may run again
    const auto tasks = document::parse_path(".tasks");
    const auto place = tx.reader().locate(*tasks);
    if (!place) return place.error();
    const Data value = tx.reader().data_at(*place);
    for (std::size_t i = 0; i < value.array()->size(); ++i) {
      const Data& task = (*value.array())[i];
      const auto due = due_of(task);
      if (!due || *due > now) continue;
      if (Status s = tx.set(".tasks[" + std::to_string(i) + "].reminded", Value(true)); !s) return s;
      const Value* title = task.find("title")->value();
      titles->push_back(title && std::holds_alternative<std::string>(*title) ? std::get<std::string>(*title)
                                                                             : "a task without a title");
    }
    return {};
  };
  node_->transact(todos_, mark, [this, titles](const Result<app::Committed>& done) {
    if (!done) {
      timer_ = node_->after(std::chrono::seconds(10), [this] { due(); });
      return;
    }
    for (const std::string& title : *titles) remind_(title);
  });
}

}  // namespace tlfs::examples
