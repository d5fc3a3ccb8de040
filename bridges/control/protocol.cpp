#include "bridges/control/protocol.h"

namespace tlfs::control {

Reply failure(std::uint64_t number, const Error& error, FailureKind kind) {
  messaging::MessageBuilder<messages::control::ControlReply> builder;
  builder->setNumber(number);
  auto out = builder->initFailed();
  out.setKind(kind);
  out.setModule(std::string(error.module()));
  out.setCode(error.code());
  out.setMessage(error.message());
  return std::move(builder).seal();
}

Reply done(std::uint64_t number) {
  messaging::MessageBuilder<messages::control::ControlReply> builder;
  builder->setNumber(number);
  builder->setDone();
  return std::move(builder).seal();
}

}  // namespace tlfs::control
