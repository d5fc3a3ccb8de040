// What the auth actor accepts. All of it stays inside the process.
#pragma once

#include <vector>

#include "actors/messaging/local_only.h"
#include "runtime/access/statement.h"

namespace tlfs::auth {

// The sender's document refers to these documents (users, groups): it will be sent News when one of them says something
// new. Reply: unit, when what is known of them lies in the directory.
struct Follow : messaging::LocalOnly {
  std::vector<document::DocumentId> documents;
};

// Statements of this document have reached the disk. Those of a document that nobody follows are dropped: who follows
// it later reads them from there. No reply.
struct Said : messaging::LocalOnly {
  document::DocumentId document{};
  std::vector<access::SignedStatement> statements;
};

// To those who follow: the directory has something new of this document.
struct News : messaging::LocalOnly {
  document::DocumentId document{};
};

}  // namespace tlfs::auth
