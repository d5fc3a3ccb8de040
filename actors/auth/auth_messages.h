// What the auth actor accepts. All of it stays inside the process.
#pragma once

#include <vector>

#include "actors/messaging/local_only.h"
#include "runtime/document/ids.h"

namespace tlfs::auth {

// The sender's document refers to these documents (users, groups): it will be sent News when one of them says something
// new. Reply: unit, when what is known of them lies in the directory.
struct Follow : messaging::LocalOnly {
  std::vector<document::DocumentId> documents;
};

// Statements of this document have reached the disk and lie in the directory. No reply.
struct Said : messaging::LocalOnly {
  document::DocumentId document{};
};

// To those who follow: the directory has something new of this document.
struct News : messaging::LocalOnly {
  document::DocumentId document{};
};

}  // namespace tlfs::auth
