#include "actors/supervision/child_spec.h"

#include <spdlog/spdlog.h>

#include "actors/supervision/errors.h"

namespace tlfs::supervision {

std::string exception_text(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

void ChildContext::guard(caf::scheduled_actor& self, const std::shared_ptr<const ChildIdentity>& identity) {
  self.set_exception_handler([identity](std::exception_ptr& exception) -> caf::error {
    const std::string text = exception_text(exception);
    identity->logger->error("handler_threw path={} incarnation={} what=\"{}\"", identity->path.text(),
                            identity->incarnation, text);
    return crash_reason(identity->incarnation, text);
  });
}

}  // namespace tlfs::supervision
