// People that a node knows: each is a user document, of which at least the statements are here.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "runtime/access/statement.h"
#include "schema/lens/package.h"

namespace tlfs::auth {

inline constexpr std::size_t kMaxIntroduced = 1024;             // statements in one introduction
inline constexpr std::size_t kMaxIntroductionBytes = 4u << 20;  // of all of them

// What a person's document holds beside its statements: what friends and devices are to see. The same for everybody.
std::shared_ptr<const schema::Package> user_package();

// Statements of user documents as somebody handed them out, by document. access::Errc::malformed, bad_signature where
// one is not what its author said, or a document has no genesis of a user among them; limit_exceeded.
Result<std::map<document::DocumentId, std::vector<access::SignedStatement>>> read_introduction(
    const std::vector<Bytes>& statements);

}  // namespace tlfs::auth
