// A statement: a signed sentence of access policy. Its bytes are made once, hashed, signed and never re-encoded.
//
//   body       document, author, parents[] (the author's heads of the document's log), pins[] (statements of other
//              documents that it relies on), what is said, proof, membership[], keys
//   hash       H("tlfs statement", body); what parents, pins, proofs and a change's authority heads name
//   signature  Ed25519 by the author over the hash; a genesis is signed by the document's own key
//
// Keys travel with what makes them necessary, so that granting and handing over a key, or removing a reader and
// changing the lock, are one act: a statement of any kind may carry rotations (new epochs of compartments) and boxes
// (an epoch's secret, sealed to someone).
#pragma once

#include <variant>
#include <vector>

#include "runtime/access/principal.h"
#include "runtime/access/rules.h"
#include "runtime/base/result.h"
#include "runtime/crypto/aead.h"
#include "runtime/crypto/box.h"
#include "runtime/document/change.h"

namespace tlfs::access {

enum class Errc : int {
  ok = 0,
  malformed,         // bytes that are no statement
  limit_exceeded,    // a named limit
  bad_signature,     // signature or author do not fit
  wrong_document,    // of another document, or of one that nothing here refers to
  useless,           // its author never held anything here
  denied,            // this device may not do that; the message says what is missing
  no_boundary,       // read is given at boundaries of compartments; the message names the nearest
  no_key,            // this device has no key for that place
  no_such_place,     // a path that the schema does not have
  no_such_document,  // not here
  nothing_to_do,     // nothing that the request names exists
};
constexpr std::string_view errc_module(Errc) { return "access"; }

using StatementHash = crypto::Digest;
using document::ChangeHash;
using document::LeafId;

inline constexpr std::size_t kMaxStatementBytes = 1u << 20;
inline constexpr std::size_t kMaxParents = 256;
inline constexpr std::size_t kMaxNames = 4096;      // grants of a revocation, leaves of an admission
inline constexpr std::size_t kMaxFrontier = 256;    // heads
inline constexpr std::size_t kMaxRotations = 64;    // of one statement
inline constexpr std::size_t kMaxBoxes = 4096;      // of one statement
inline constexpr std::size_t kMaxHintBytes = 8192;  // a sealed address

// An epoch of a compartment is known by its public key, which only its secret can have made.
using EpochId = crypto::BoxPublicKey;

// An epoch's secret for someone.
struct KeyBox {
  // Whose key opens it. The numbers are part of the format.
  enum class For : std::uint8_t {
    device = 1,  // an Ed25519 key, as X25519
    epoch = 2,   // another epoch: of the enclosing compartment, or of a group's document
  };
  EpochId epoch{};  // what is inside
  For kind = For::device;
  std::array<std::uint8_t, 32> to{};
  Bytes box;  // crypto::seal_box
  friend bool operator==(const KeyBox&, const KeyBox&) = default;
};

// The next epoch of a compartment.
struct Rotation {
  struct Parent {
    EpochId epoch{};
    crypto::Nonce nonce{};
    Bytes sealed;  // its secret, under this epoch's
    friend bool operator==(const Parent&, const Parent&) = default;
  };
  Scope compartment;
  EpochId epoch{};
  Token naming_check{};         // of the compartment's naming key and place: see naming.h
  std::vector<Parent> parents;  // epochs that this one follows
  Bytes published;              // what a box would hold, in the clear: anyone may read. Empty otherwise
  friend bool operator==(const Rotation&, const Rotation&) = default;
};

// A grant is named by its statement, and by which one where a revocation keeps levels: 0 for the statement's own grant,
// 1 + i for the level that a revocation keeps of the i-th grant it names.
struct GrantName {
  StatementHash statement{};
  std::uint32_t number = 0;
  friend auto operator<=>(const GrantName&, const GrantName&) = default;
};

enum class DocumentKind : std::uint8_t {
  ordinary = 0,
  user = 1,  // its root's readers are a person's devices, nobody else
};

struct Genesis {
  Principal root;
  DocumentKind kind = DocumentKind::ordinary;
  friend bool operator==(const Genesis&, const Genesis&) = default;
};
struct Grant {
  Principal to;
  Level level = Level::none;
  Scope at;
  Bytes hint;  // the address, sealed for those who can read there (naming.h); may be empty
  friend bool operator==(const Grant&, const Grant&) = default;
};
struct Revoke {
  std::vector<GrantName> grants;
  Level keep = Level::none;
  std::vector<ChangeHash> frontier;  // heads of what the author has seen, sorted
  friend bool operator==(const Revoke&, const Revoke&) = default;
};
struct Admit {
  std::vector<LeafId> leaves;
  friend bool operator==(const Admit&, const Admit&) = default;
};
struct Cut {
  StatementHash revocation{};  // of another document
  std::vector<ChangeHash> frontier;
  friend bool operator==(const Cut&, const Cut&) = default;
};
// Rotate or reseal: says nothing beyond the keys it carries.
struct Keys {
  friend bool operator==(const Keys&, const Keys&) = default;
};

struct Statement {
  DocumentId document{};
  crypto::PublicKey author{};
  std::vector<StatementHash> parents;  // sorted
  std::vector<StatementHash> pins;     // sorted
  std::variant<Keys, Genesis, Grant, Revoke, Admit, Cut> says;
  std::optional<GrantName> proof;
  std::vector<GrantName> membership;
  std::vector<Rotation> rotations;
  std::vector<KeyBox> boxes;
  friend bool operator==(const Statement&, const Statement&) = default;
};

struct SignedStatement {
  Bytes body;
  StatementHash hash{};
  Statement statement;
  crypto::Signature signature{};
};

SignedStatement sign_statement(Statement statement, const crypto::SigningKey& key);
bool verify_signature(const SignedStatement& statement);

// Body and signature as one byte string, and back. Refuses everything but the one encoding of a statement (malformed,
// limit_exceeded); says nothing about the signature.
Bytes encode_statement(const SignedStatement& statement);
Result<SignedStatement> decode_statement(ByteView bytes);

// For people: "grant", "revoke", ...
std::string_view kind_name(const Statement& statement);

}  // namespace tlfs::access
