// The library itself: errors, blocks of memory, callbacks.
#include <cstdlib>
#include <cstring>

#include "bridges/c/handles.h"
#include "bridges/control/control_session.h"

namespace tlfs::c_api {
namespace {

thread_local int callbacks_running = 0;

std::int32_t kind_of(const Error& error) {
  if (error.is(Errc::exception)) return TLFS_BUG;
  if (error.module() == errc_module(Errc::ok)) return TLFS_USAGE;
  switch (control::kind_of(error)) {
    case control::FailureKind::INPUT:
      return TLFS_INPUT;
    case control::FailureKind::USAGE:
      return TLFS_USAGE;
    case control::FailureKind::DENIED:
      return TLFS_DENIED;
    case control::FailureKind::UNAVAILABLE:
      return TLFS_UNAVAILABLE;
  }
  return TLFS_INPUT;
}

}  // namespace

std::unique_ptr<tlfs_error> make_error(const Error& error) {
  return std::make_unique<tlfs_error>(
      tlfs_error{error.message(), std::string(error.module()), error.code(), kind_of(error)});
}

void report(tlfs_error** out, const Error& error) noexcept {
  if (!out) return;
  try {
    *out = make_error(error).release();
  } catch (...) {
    *out = nullptr;  // no memory for the reason: the result alone says that it failed
  }
}

bool in_callback() { return callbacks_running > 0; }
CallbackScope::CallbackScope() { ++callbacks_running; }
CallbackScope::~CallbackScope() { --callbacks_running; }

Status text_out(std::string_view text, char** out, std::size_t* length) {
  if (length) *length = text.size();
  if (!out) return {};
  auto* block = static_cast<char*>(std::malloc(text.size() + 1));
  if (!block) return Error(Errc::exception, "there is no memory for the result");
  std::memcpy(block, text.data(), text.size());
  block[text.size()] = '\0';
  *out = block;
  return {};
}

Status json_out(const document::Data& data, char** out, std::size_t* length) {
  return text_out(document::to_json(data), out, length);
}

Status may_wait(const void* handle) {
  if (!handle) return Error(Errc::null_handle, "a handle is NULL");
  if (in_callback())
    return Error(Errc::in_callback, "this waits, which a callback must not; use another thread or what does not wait");
  return {};
}

}  // namespace tlfs::c_api

const char* tlfs_version(void) { return TLFS_VERSION; }
void tlfs_free(void* block) { std::free(block); }
std::int32_t tlfs_error_kind(const tlfs_error* error) { return error->kind; }
const char* tlfs_error_message(const tlfs_error* error) { return error->message.c_str(); }
const char* tlfs_error_module(const tlfs_error* error) { return error->module.c_str(); }
std::int32_t tlfs_error_code(const tlfs_error* error) { return error->code; }
void tlfs_error_destroy(tlfs_error* error) { delete error; }
