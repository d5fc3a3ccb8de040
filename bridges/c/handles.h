// What the handles of tlfs.h are, and how a function of it ends: no exception leaves, a failure becomes a tlfs_error.
#pragma once

#include <atomic>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "actors/node/node.h"
#include "bridges/c/tlfs.h"
#include "bridges/control/answers.h"
#include "runtime/document/data.h"
#include "schema/lens/package.h"

struct tlfs_error {
  std::string message;
  std::string module;
  std::int32_t code = 0;
  std::int32_t kind = TLFS_BUG;
};

struct tlfs_schema {
  std::shared_ptr<const tlfs::schema::Package> package;
};

struct tlfs_options {
  tlfs::Node::Settings settings;
};

struct tlfs_node {
  std::unique_ptr<tlfs::Node> node;
};

struct tlfs_transaction {
  tlfs_node* node = nullptr;
  tlfs::document::DocumentId document{};
  tlfs::Edits edits;
  tlfs::Status wrong;   // the first thing that is, apart from paths
  bool broken = false;  // an edit could not be kept, so that nothing may be done
  tlfs::WriteOptions options;
};

namespace tlfs::c_api {

enum class Errc : int {
  ok = 0,
  exception,    // one was caught
  null_handle,  // where there must be one
  in_callback,  // it would have waited there
  bad_value,    // of an enumeration
};
constexpr std::string_view errc_module(Errc) { return "c"; }

std::unique_ptr<tlfs_error> make_error(const Error& error);
void report(tlfs_error** out, const Error& error) noexcept;

// Whether this thread runs a callback of the program.
bool in_callback();
class CallbackScope {
 public:
  CallbackScope();
  ~CallbackScope();
  CallbackScope(const CallbackScope&) = delete;
  CallbackScope& operator=(const CallbackScope&) = delete;
};

// Runs `work`, which gives a Status. A result that a caller gets is made outside and moved into place when it
// succeeded.
template <class Work>
bool guarded(tlfs_error** out, Work work) noexcept {
  try {
    const Status status = work();
    if (status.ok()) return true;
    report(out, status.error());
  } catch (const std::exception& e) {
    report(out, Error(Errc::exception, e.what()));
  } catch (...) {
    report(out, Error(Errc::exception, "an exception of no known kind"));
  }
  return false;
}

// The same for what cannot fail but for want of memory, which is then not done.
template <class Work>
void quietly(Work work) noexcept {
  guarded(nullptr, [&]() -> Status {
    work();
    return {};
  });
}

inline std::string text_in(const char* data, std::size_t length) {
  if (!data) return {};
  return length == TLFS_ZERO_TERMINATED ? std::string(data) : std::string(data, length);
}
inline ByteView bytes_in(const std::uint8_t* data, std::size_t length) {
  return data ? ByteView(data, length) : ByteView();
}
inline document::DocumentId id_in(const std::uint8_t* id) {
  document::DocumentId out{};
  std::copy_n(id, out.size(), out.begin());
  return out;
}
template <class Id>
void id_out(const Id& id, std::uint8_t* out) {
  if (out) std::copy(id.begin(), id.end(), out);
}

// A block for tlfs_free, with a zero behind it.
Status text_out(std::string_view text, char** out, std::size_t* length);
Status json_out(const document::Data& data, char** out, std::size_t* length);
inline document::Data text_data(std::string text) { return Value(std::move(text)); }
inline document::Data number_data(std::uint64_t number) { return Value(number); }

// null_handle, in_callback: what a function that waits begins with.
Status may_wait(const void* handle);

template <class T>
Result<T> waited(std::future<Result<T>> future) {
  return control::settled(std::move(future));
}

}  // namespace tlfs::c_api
