// Watching a place.
#include "bridges/c/handles.h"
#include "bridges/control/json_patch.h"

using namespace tlfs;
using namespace tlfs::c_api;

namespace {

// Shared with the node's threads, which may still hold it when the subscription is gone.
struct Watch {
  // Held while the callback runs, so that whoever ends the watch waits for it. The callback itself may end it.
  std::recursive_mutex mutex;
  bool ended = false;
  tlfs_callback callback = nullptr;
  void* context = nullptr;

  void tell(tlfs_event event) {
    event.size = sizeof event;
    const std::lock_guard lock(mutex);
    if (ended) return;
    if (event.kind == TLFS_ENDED) ended = true;
    const CallbackScope scope;
    callback(context, &event);
  }
};

void tell(Watch& watch, const Update& update) {
  tlfs_event event{};
  event.from = update.from;
  event.to = update.to;
  event.durable = update.durable;
  std::string json;
  if (update.snapshot) {
    event.kind = TLFS_SNAPSHOT;
    json = document::to_json(*update.snapshot);
  } else if (update.patches.empty()) {
    // Either all is saved, or what happened did not touch this place.
    event.kind = update.durable >= update.to ? TLFS_SAVED : TLFS_PATCHES;
    if (event.kind == TLFS_PATCHES) json = "[]";
  } else {
    event.kind = TLFS_PATCHES;
    json = document::to_json(control::as_json_patch(update.patches));
  }
  if (event.kind != TLFS_SAVED) {
    event.json = json.c_str();
    event.json_length = json.size();
  }
  watch.tell(event);
  if (update.conflicts.empty()) return;
  const std::string conflicts = document::to_json(control::as_json_patch(update.conflicts));
  event.kind = TLFS_PATCHES;
  event.from = update.to;
  event.json = conflicts.c_str();
  event.json_length = conflicts.size();
  watch.tell(event);
}

}  // namespace

struct tlfs_subscription {
  tlfs_node* node = nullptr;
  std::uint64_t number = 0;
  std::shared_ptr<Watch> watch;
};

tlfs_subscription* tlfs_subscribe(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length,
                                  bool tell_when_saved, tlfs_callback callback, void* context, tlfs_error** error) {
  std::unique_ptr<tlfs_subscription> made;
  guarded(error, [&]() -> Status {
    if (!node || !callback) return Error(c_api::Errc::null_handle, "the node or the callback is NULL");
    auto subscription = std::make_unique<tlfs_subscription>();
    subscription->node = node;
    subscription->watch = std::make_shared<Watch>();
    subscription->watch->callback = callback;
    subscription->watch->context = context;
    SubscribeOptions options;
    options.prefix = text_in(path, path_length);
    options.tell_when_saved = tell_when_saved;
    options.failed = [watch = subscription->watch](const Error& reason) {
      const auto why = make_error(reason);
      tlfs_event event{};
      event.kind = TLFS_ENDED;
      event.error = why.get();
      watch->tell(event);
    };
    const auto number = node->node->subscribe(id_in(id), std::move(options),
                                              [watch = subscription->watch](const Update& u) { tell(*watch, u); });
    if (!number) return number.error();
    subscription->number = *number;
    made = std::move(subscription);
    return {};
  });
  return made.release();
}

void tlfs_subscription_destroy(tlfs_subscription* subscription) {
  if (!subscription) return;
  quietly([&] {
    {
      const std::lock_guard lock(subscription->watch->mutex);
      subscription->watch->ended = true;
    }
    // Nothing is told any more; that the node forgets it need not be waited for.
    (void)subscription->node->node->unsubscribe(subscription->number);
  });
  delete subscription;
}
