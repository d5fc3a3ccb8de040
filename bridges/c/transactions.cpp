// Edits that are done together.
#include "bridges/c/handles.h"

using namespace tlfs;
using namespace tlfs::c_api;

namespace {

void set(tlfs_transaction* t, const char* path, std::size_t path_length, Value value) {
  t->edits.set(text_in(path, path_length), std::move(value));
}

// Documents take integers whose size is beyond 2^53 as JSON has them: as text.
template <class Integer>
Value as_json(Integer value, std::uint64_t size) {
  if (size > document::kMaxJsonInteger) return std::to_string(value);
  return value;
}

// An edit that there is no memory for is not lost in silence: the transaction fails.
template <class Work>
void edit(tlfs_transaction* t, Work work) noexcept {
  if (!t) return;
  t->broken |= !guarded(nullptr, [&]() -> Status {
    work();
    return {};
  });
}

// What is to be done, if nothing is wrong with it; the transaction is empty then.
Result<Edits> taken(tlfs_transaction* t) {
  Edits edits = std::exchange(t->edits, {});
  const Status wrong = std::exchange(t->wrong, {});
  if (std::exchange(t->broken, false)) return Error(c_api::Errc::exception, "there was no memory for an edit");
  if (!wrong) return wrong.error();
  return edits;
}

WriteOptions options_of(tlfs_transaction* t) {
  WriteOptions options = t->options;
  t->options.on_revision.reset();
  return options;
}

void call(tlfs_callback callback, void* context, const Result<Committed>& outcome) {
  if (!callback) return;
  quietly([&] {
    tlfs_event event{};
    event.size = sizeof event;
    std::unique_ptr<tlfs_error> error;
    if (outcome) {
      event.kind = TLFS_COMMITTED;
      event.to = event.durable = outcome->revision;
    } else {
      error = make_error(outcome.error());
      event.kind = TLFS_FAILED;
      event.error = error.get();
    }
    const CallbackScope scope;
    callback(context, &event);
  });
}

}  // namespace

tlfs_transaction* tlfs_transaction_create(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE]) {
  std::unique_ptr<tlfs_transaction> made;
  quietly([&] {
    made = std::make_unique<tlfs_transaction>();
    made->node = node;
    made->document = id_in(id);
  });
  return made.release();
}

void tlfs_transaction_destroy(tlfs_transaction* t) { delete t; }

void tlfs_transaction_set_origin(tlfs_transaction* t, const char* origin, size_t length) {
  quietly([&] { t->options.origin = text_in(origin, length); });
}
void tlfs_transaction_set_label(tlfs_transaction* t, const char* label, size_t length) {
  quietly([&] { t->options.label = text_in(label, length); });
}
void tlfs_transaction_set_revision(tlfs_transaction* t, uint64_t revision) { t->options.on_revision = revision; }
void tlfs_transaction_count_utf16(tlfs_transaction* t) { t->options.unit = document::TextUnit::utf16; }

void tlfs_set_json(tlfs_transaction* t, const char* path, size_t path_length, const char* json, size_t length) {
  edit(t, [&] {
    auto data = document::parse_json(text_in(json, length));
    if (data) {
      t->edits.set(text_in(path, path_length), std::move(*data));
    } else if (t->wrong) {
      t->wrong = data.error().within(text_in(path, path_length));
    }
  });
}
void tlfs_set_string(tlfs_transaction* t, const char* path, size_t path_length, const char* text, size_t length) {
  edit(t, [&] { set(t, path, path_length, text_in(text, length)); });
}
void tlfs_set_bytes(tlfs_transaction* t, const char* path, size_t path_length, const uint8_t* bytes, size_t length) {
  edit(t, [&] { set(t, path, path_length, to_base64(bytes_in(bytes, length))); });
}
void tlfs_set_bool(tlfs_transaction* t, const char* path, size_t path_length, bool value) {
  edit(t, [&] { set(t, path, path_length, value); });
}
void tlfs_set_i64(tlfs_transaction* t, const char* path, size_t path_length, int64_t value) {
  const auto size = value < 0 ? -static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  edit(t, [&] { set(t, path, path_length, as_json(value, size)); });
}
void tlfs_set_u64(tlfs_transaction* t, const char* path, size_t path_length, uint64_t value) {
  edit(t, [&] { set(t, path, path_length, as_json(value, value)); });
}
void tlfs_set_f64(tlfs_transaction* t, const char* path, size_t path_length, double value) {
  edit(t, [&] { set(t, path, path_length, value); });
}
void tlfs_remove(tlfs_transaction* t, const char* path, size_t path_length) {
  edit(t, [&] { t->edits.remove(text_in(path, path_length)); });
}
void tlfs_touch(tlfs_transaction* t, const char* path, size_t path_length) {
  edit(t, [&] { t->edits.touch(text_in(path, path_length)); });
}
void tlfs_insert_json(tlfs_transaction* t, const char* path, size_t path_length, uint64_t index, const char* values,
                      size_t length) {
  edit(t, [&] {
    auto data = document::parse_json(text_in(values, length));
    const std::string place = text_in(path, path_length);
    if (data && data->array()) {
      t->edits.insert(place, index, std::move(*data->array()));
    } else if (t->wrong) {
      t->wrong = data ? Error(c_api::Errc::bad_value, place + ": what is inserted is a JSON array of values")
                      : data.error().within(place);
    }
  });
}
void tlfs_erase(tlfs_transaction* t, const char* path, size_t path_length, uint64_t index, uint64_t count) {
  edit(t, [&] { t->edits.erase(text_in(path, path_length), index, count); });
}
void tlfs_move(tlfs_transaction* t, const char* path, size_t path_length, uint64_t from, uint64_t to) {
  edit(t, [&] { t->edits.move(text_in(path, path_length), from, to); });
}
void tlfs_splice(tlfs_transaction* t, const char* path, size_t path_length, uint64_t position, uint64_t removed,
                 const char* text, size_t length) {
  edit(t, [&] { t->edits.splice(text_in(path, path_length), position, removed, text_in(text, length)); });
}
void tlfs_increment(tlfs_transaction* t, const char* path, size_t path_length, int64_t by) {
  edit(t, [&] { t->edits.increment(text_in(path, path_length), by); });
}
void tlfs_reset(tlfs_transaction* t, const char* path, size_t path_length) {
  edit(t, [&] { t->edits.reset(text_in(path, path_length)); });
}

bool tlfs_transaction_commit(tlfs_transaction* t, uint64_t* revision, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(t ? t->node : nullptr); !s) return s;
    auto edits = taken(t);
    if (!edits) return edits.error();
    const auto done = waited(t->node->node->transact(t->document, std::move(*edits), options_of(t)));
    if (!done) return done.error();
    if (revision) *revision = done->revision;
    return {};
  });
}

void tlfs_transaction_submit(tlfs_transaction* t, tlfs_callback callback, void* context) {
  quietly([&] {
    auto edits = taken(t);
    if (!edits) return call(callback, context, edits.error());
    t->node->node->transact(
        t->document, std::move(*edits), options_of(t),
        [callback, context](const Result<Committed>& outcome) { call(callback, context, outcome); });
  });
}
