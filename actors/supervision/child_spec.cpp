#include "actors/supervision/child_spec.h"

#include "actors/supervision/supervisor.h"

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

bool ChildContext::threads() const { return surroundings_.threads; }
const MailboxSpec& ChildContext::mailbox() const { return spec_.mailbox; }

}  // namespace tlfs::supervision
