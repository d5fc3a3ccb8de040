#include "actors/auth/people.h"

#include <algorithm>

#include "schema/compiler/compile.h"

namespace tlfs::auth {
namespace {

bool is_birth_of_user(const access::SignedStatement& s) {
  const auto* genesis = std::get_if<access::Genesis>(&s.statement.says);
  return genesis && genesis->kind == access::DocumentKind::user;
}

}  // namespace

std::shared_ptr<const schema::Package> user_package() {
  static const auto compiled = schema::compile(R"(
user { 0.1.0 { .: Struct  .name: MVReg<String>  .devices: Table<String>  .devices.{}: Struct
               .devices.{}.name: MVReg<String> } }
)",
                                               "user.tlfs");
  return compiled->front().package;
}

Result<std::map<document::DocumentId, std::vector<access::SignedStatement>>> read_introduction(
    const std::vector<Bytes>& statements) {
  std::size_t bytes = 0;
  for (const Bytes& one : statements) bytes += one.size();
  if (statements.size() > kMaxIntroduced || bytes > kMaxIntroductionBytes)
    return Error(access::Errc::limit_exceeded, "an introduction of " + std::to_string(statements.size()) +
                                                   " statements in " + std::to_string(bytes) + " bytes; at most " +
                                                   std::to_string(kMaxIntroduced) + " in " +
                                                   std::to_string(kMaxIntroductionBytes) + " are taken");
  std::map<document::DocumentId, std::vector<access::SignedStatement>> out;
  for (const Bytes& encoded : statements) {
    Result<access::SignedStatement> s = access::decode_statement(encoded);
    if (!s) return s.error().within("an introduction");
    if (!access::verify_signature(*s))
      return Error(access::Errc::bad_signature, "an introduction holds a statement that its author has not signed");
    out[s->statement.document].push_back(std::move(*s));
  }
  for (const auto& [user, said] : out)
    if (std::none_of(said.begin(), said.end(), is_birth_of_user))
      return Error(access::Errc::malformed,
                   "an introduction speaks of " + to_hex(user).substr(0, 16) + ", and does not show that it is a user");
  return out;
}

}  // namespace tlfs::auth
