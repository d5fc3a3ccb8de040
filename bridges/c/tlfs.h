/* TLFS for programs in C, and in everything that can call C.
 *
 * Conventions
 *
 *  1. Handles (tlfs_node, tlfs_transaction ...) are opaque. Whoever makes one gives it back, once, with the function of
 *     its type that ends in _destroy, or tlfs_node_close; NULL is allowed there and does nothing. A node outlives what
 *     was made of it: its transactions and subscriptions are destroyed before it is closed.
 *  2. Text and bytes go in as (pointer, length). Nothing needs a zero at its end; TLFS_ZERO_TERMINATED as length says
 *     that there is one. Text is UTF-8. A pointer may be NULL when the length is 0. What goes in is copied, or is done
 *     with when the function returns.
 *  3. Text and bytes come out as a new block that the caller frees with tlfs_free, never with free. A zero follows the
 *     length's last byte. A length that nobody wants may be asked for with NULL.
 *  4. A function that can fail returns true or a handle when it has done its work, and false or NULL when it has not;
 *     then what it would have given is left as it was. The reason is put into *error, as a new tlfs_error that the
 * caller destroys. `error` may be NULL; *error is touched by failures only, and what it held before is not freed.
 *  5. No C++ exception leaves a function. One that would have is an error of kind TLFS_BUG.
 *  6. Threads. Functions of a node may be called from any threads at once. A transaction, an options object or an error
 * is used by one thread at a time. A schema never changes and may be shared.
 *  7. Waiting. What says "waits" blocks the calling thread until the node has answered, at most 90 seconds; everything
 * else returns at once. Waiting inside a callback could wait for itself, so it is refused with TLFS_USAGE.
 *  8. Callbacks run on threads of the node, one at a time per subscription. They should be short, must not throw or
 *     longjmp, and may call whatever does not wait. The event and all that it points to live until the callback
 * returns.
 *  9. Places are named by paths as `tlfs` spells them: ".", ".tasks[0].title", ".people[\"ann\"].age",
 *     ".years{1999}". Values are JSON, in which integers beyond 2^53 and bytes (base64) are strings, and tables are
 *     objects.
 * 10. Documents, devices and users are named by TLFS_ID_SIZE bytes, invitations by TLFS_INVITATION_SIZE; in JSON they
 *     are lower-case hexadecimal. Who access is given to is text: "anyone", "device:HEX" or "user:HEX".
 * 11. Numbers of enumerations never change their meaning; new ones may come.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TLFS_ZERO_TERMINATED ((size_t)-1)
#define TLFS_ID_SIZE 32
#define TLFS_INVITATION_SIZE 16

typedef struct tlfs_error tlfs_error;
typedef struct tlfs_schema tlfs_schema;
typedef struct tlfs_options tlfs_options;
typedef struct tlfs_node tlfs_node;
typedef struct tlfs_transaction tlfs_transaction;
typedef struct tlfs_subscription tlfs_subscription;

/* ---- the library ---- */

/* "0.1.0". Lives for ever. */
const char* tlfs_version(void);

/* Frees text and bytes that a function gave. */
void tlfs_free(void* block);

/* ---- errors ---- */

/* What a program tells apart. */
enum {
  TLFS_INPUT = 0,       /* what was asked for does not fit the data */
  TLFS_USAGE = 1,       /* it cannot be asked like that */
  TLFS_DENIED = 2,      /* access does not allow it */
  TLFS_UNAVAILABLE = 3, /* the node or its disk cannot do it now */
  TLFS_BUG = 4          /* this library did what it never should */
};
int32_t tlfs_error_kind(const tlfs_error* error);
/* A sentence that a person can act on; zero-terminated, lives as long as the error. */
const char* tlfs_error_message(const tlfs_error* error);
/* Where it comes from and its number there: "document", 7. */
const char* tlfs_error_module(const tlfs_error* error);
int32_t tlfs_error_code(const tlfs_error* error);
void tlfs_error_destroy(tlfs_error* error);

/* ---- schemas ---- */

/* Of a .tlfs text the schema called `name`; length 0: the only one that it has. */
tlfs_schema* tlfs_schema_compile(const char* text, size_t text_length, const char* name, size_t name_length,
                                 tlfs_error** error);
/* Of the bytes that tlfs_schema_encoded gave. Any bytes are safe. */
tlfs_schema* tlfs_schema_decode(const uint8_t* bytes, size_t length, tlfs_error** error);
bool tlfs_schema_encoded(const tlfs_schema* schema, uint8_t** bytes, size_t* length, tlfs_error** error);
/* JSON of what the latest version looks like: {"package":...,"version":...,"root":{"kind":"struct","fields":{...}}}. */
bool tlfs_schema_shape(const tlfs_schema* schema, char** json, size_t* length, tlfs_error** error);
void tlfs_schema_destroy(tlfs_schema* schema);

/* ---- nodes ---- */

/* How a node is opened. As they are made: in memory, without a network, logging warnings to stderr. */
tlfs_options* tlfs_options_create(void);
/* Where everything is kept; made when it is not there. One node at a time. */
void tlfs_options_set_directory(tlfs_options* options, const char* directory, size_t length);
/* Locks the device's key in the directory. */
void tlfs_options_set_passphrase(tlfs_options* options, const char* passphrase, size_t length);
/* Threads beside that of the store; 2 when it is not said, at least 1. */
void tlfs_options_set_workers(tlfs_options* options, size_t workers);
/* "trace", "debug", "info", "warn", "error", "critical" or "off". */
void tlfs_options_set_log_level(tlfs_options* options, const char* level, size_t length);
/* Links to other nodes are possible, without listening. */
void tlfs_options_enable_network(tlfs_options* options);
/* Listens at "127.0.0.1:4242", "[::]:4242", port 0 for any; may be called several times. Enables the network. */
void tlfs_options_add_listen(tlfs_options* options, const char* address, size_t length);
/* Announces itself on the local network, and looks for known peers there. Enables the network. */
void tlfs_options_set_discover(tlfs_options* options, bool discover);
/* Shows device key and this name to everyone there. */
void tlfs_options_set_visible_as(tlfs_options* options, const char* name, size_t length);
void tlfs_options_destroy(tlfs_options* options);

/* Waits for the disk. The options are used up, whatever happens, and still the caller's to destroy; NULL: as they are
   made. */
tlfs_node* tlfs_node_open(tlfs_options* options, tlfs_error** error);
/* Ends everything that it does and waits for that; what is under way fails. Not from a callback. */
void tlfs_node_close(tlfs_node* node);
/* The device's key, and the user document of the person whose device it is. */
void tlfs_node_device(const tlfs_node* node, uint8_t id[TLFS_ID_SIZE]);
void tlfs_node_user(const tlfs_node* node, uint8_t id[TLFS_ID_SIZE]);
/* JSON: where it listens, with the ports that were chosen: ["127.0.0.1:4242"]. */
bool tlfs_node_addresses(tlfs_node* node, char** json, size_t* length, tlfs_error** error);
/* JSON: the actors alive, what waits for them, how they ended. Waits, seconds at most. */
bool tlfs_node_tree(tlfs_node* node, char** json, size_t* length, tlfs_error** error);
/* Figures in the text format of Prometheus. Waits. */
bool tlfs_node_metrics(tlfs_node* node, char** text, size_t* length, tlfs_error** error);

/* ---- documents; all of them wait ---- */

/* A new document of the schema's latest version whose root is this device's user. `name` is what the user calls it. */
bool tlfs_document_create(tlfs_node* node, const tlfs_schema* schema, const char* name, size_t name_length,
                          uint8_t id[TLFS_ID_SIZE], tlfs_error** error);
/* JSON: [{"id":HEX,"name":...,"package":...,"version":...,"created_ms":N}]; milliseconds since 1970. */
bool tlfs_document_list(tlfs_node* node, char** json, size_t* length, tlfs_error** error);
/* Forgets it here. What others hold stays with them. */
bool tlfs_document_delete(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], tlfs_error** error);
/* JSON: {"revision":N,"durable":N,"disk_error":TEXT|null,"changes":N,"waiting":N,"unreadable":N,"subscriptions":N,
   "withheld":[...],"lost":[...]}. */
bool tlfs_document_status(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], char** json, size_t* length,
                          tlfs_error** error);
/* JSON: the changes, the latest first, at most `limit`: [{"hash":HEX,"device":HEX,"operations":N,"time_ms":N|null,
   "label":TEXT,"parents":[HEX]}]. */
bool tlfs_document_history(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], size_t limit, char** json, size_t* length,
                           tlfs_error** error);
/* The value of a place as JSON; "null" for a row that is not in its table, a failure for an index beyond an array's
 * end. `revision`, which may be NULL: what it belongs to. */
bool tlfs_document_read(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length,
                        char** json, size_t* length, uint64_t* revision, tlfs_error** error);
/* The value of a place as it was. `version`: a JSON array of hashes as tlfs_document_history gives them, the changes
 * that nothing of the version follows on; all that came before them belongs to it. A failure when one is not here. */
bool tlfs_document_read_at(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* version, size_t version_length,
                           const char* path, size_t path_length, char** json, size_t* length, tlfs_error** error);
/* Takes back, or does again, the latest transaction of that origin. */
bool tlfs_document_undo(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* origin, size_t origin_length,
                        tlfs_error** error);
bool tlfs_document_redo(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* origin, size_t origin_length,
                        tlfs_error** error);
/* A JSON Patch (RFC 6902, and {"op":"splice","path":P,"position":N,"removed":N,"text":T} for texts, in code points) as
   one transaction: all of it or nothing. On the disk when this returns. */
bool tlfs_document_patch(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* patch, size_t patch_length,
                         uint64_t* revision, tlfs_error** error);

/* ---- subscriptions ---- */

enum {
  TLFS_SNAPSHOT = 1, /* json: the value of the place; null where it does not exist. What is concurrent in it follows at
                        once as TLFS_PATCHES from and to the same revision, when anything is */
  TLFS_PATCHES = 2,  /* json: a JSON Patch that leads from revision `from` to `to`; {"op":"conflict"} changes nothing */
  TLFS_SAVED = 3,    /* nothing new: `durable` has reached `to` */
  TLFS_ENDED = 4,    /* error: the subscription could not begin, or is over; nothing follows */
  TLFS_COMMITTED = 5, /* of tlfs_transaction_submit: on the disk, as revision `to` */
  TLFS_FAILED = 6     /* of tlfs_transaction_submit; error: why nothing was done, as far as is known */
};

typedef struct tlfs_event { /* NOLINT(readability-identifier-naming): a name in C */
  size_t size;              /* of this struct; it may grow at its end */
  int32_t kind;
  uint64_t from, to;
  uint64_t durable; /* the latest revision that is on the disk */
  const char* json; /* zero-terminated; NULL where there is none */
  size_t json_length;
  const tlfs_error* error; /* not the callback's to destroy */
} tlfs_event;

typedef void (*tlfs_callback)(void* context, const tlfs_event* event);

/* Watches a place: first a snapshot, then what happens, in order and without a gap; joined when the callback is slow.
   Calls may come before this returns. With `tell_when_saved` also TLFS_SAVED. */
tlfs_subscription* tlfs_subscribe(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length,
                                  bool tell_when_saved, tlfs_callback callback, void* context, tlfs_error** error);
/* When it returns no call runs or follows, so that `context` may go; except inside the very callback, where that call
   goes on. Not from the callback of another subscription. */
void tlfs_subscription_destroy(tlfs_subscription* subscription);

/* ---- transactions ---- */

/* Edits that will be done together. Positions in an edit are those that the edits before it left. What is wrong with
   one is said when the transaction is committed; then nothing is done. */
tlfs_transaction* tlfs_transaction_create(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE]);
void tlfs_transaction_destroy(tlfs_transaction* transaction);

/* Window or tool, with an undo stack of its own; without one it cannot be undone. And what it is called in histories.
 */
void tlfs_transaction_set_origin(tlfs_transaction* transaction, const char* origin, size_t length);
void tlfs_transaction_set_label(tlfs_transaction* transaction, const char* label, size_t length);
/* The revision that its positions were seen on: they are mapped through what has happened since. */
void tlfs_transaction_set_revision(tlfs_transaction* transaction, uint64_t revision);
/* Positions in texts count UTF-16 units instead of code points. */
void tlfs_transaction_count_utf16(tlfs_transaction* transaction);

/* Makes a place equal to a value; fields of a struct that the JSON does not name stay as they are. All of these set
   what the JSON of the value is: bytes are base64, integers beyond 2^53 are text. */
void tlfs_set_json(tlfs_transaction* transaction, const char* path, size_t path_length, const char* json,
                   size_t length);
void tlfs_set_string(tlfs_transaction* transaction, const char* path, size_t path_length, const char* text,
                     size_t length);
void tlfs_set_bytes(tlfs_transaction* transaction, const char* path, size_t path_length, const uint8_t* bytes,
                    size_t length);
void tlfs_set_bool(tlfs_transaction* transaction, const char* path, size_t path_length, bool value);
void tlfs_set_i64(tlfs_transaction* transaction, const char* path, size_t path_length, int64_t value);
void tlfs_set_u64(tlfs_transaction* transaction, const char* path, size_t path_length, uint64_t value);
void tlfs_set_f64(tlfs_transaction* transaction, const char* path, size_t path_length, double value);
/* Takes a row out of its table. */
void tlfs_remove(tlfs_transaction* transaction, const char* path, size_t path_length);
/* Makes a row of a table, with its defaults, where it is not there. */
void tlfs_touch(tlfs_transaction* transaction, const char* path, size_t path_length);
/* Puts the values of a JSON array into the array at `path`, the first of them at `index`. */
void tlfs_insert_json(tlfs_transaction* transaction, const char* path, size_t path_length, uint64_t index,
                      const char* values, size_t length);
void tlfs_erase(tlfs_transaction* transaction, const char* path, size_t path_length, uint64_t index, uint64_t count);
/* The element at `from` gets index `to`; it stays the same element. */
void tlfs_move(tlfs_transaction* transaction, const char* path, size_t path_length, uint64_t from, uint64_t to);
/* Takes `removed` code points away at `position` of a text and puts `text` there. */
void tlfs_splice(tlfs_transaction* transaction, const char* path, size_t path_length, uint64_t position,
                 uint64_t removed, const char* text, size_t length);
void tlfs_increment(tlfs_transaction* transaction, const char* path, size_t path_length, int64_t by);
void tlfs_reset(tlfs_transaction* transaction, const char* path, size_t path_length);

/* Does it. Waits for the disk. The transaction is empty afterwards, whatever happened, and keeps origin, label and
 * unit. */
bool tlfs_transaction_commit(tlfs_transaction* transaction, uint64_t* revision, tlfs_error** error);
/* The same without waiting, so that callbacks can write: `callback` gets TLFS_COMMITTED or TLFS_FAILED, once, before
   the node is closed; perhaps before this returns. NULL: nobody wants to know. */
void tlfs_transaction_submit(tlfs_transaction* transaction, tlfs_callback callback, void* context);

/* ---- access; all of them wait ---- */

enum { TLFS_NONE = 0, TLFS_SYNC = 1, TLFS_READ = 2, TLFS_WRITE = 3, TLFS_CONTROL = 4, TLFS_OWN = 5 };

bool tlfs_grant(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length, int32_t level,
                const char* who, size_t who_length, tlfs_error** error);
/* Takes the grant of `level` back; `keep` is what is left to them. */
bool tlfs_revoke(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length, int32_t level,
                 const char* who, size_t who_length, int32_t keep, tlfs_error** error);
/* Whether someone may, and why: a sentence. `allowed` may be NULL. */
bool tlfs_explain(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length, int32_t level,
                  const char* who, size_t who_length, bool* allowed, char** sentence, size_t* length,
                  tlfs_error** error);
/* JSON: whoever holds anything at a place, and the most that they hold: [{"who":TEXT,"level":"read"}]. */
bool tlfs_holders(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length, char** json,
                  size_t* length, tlfs_error** error);
/* Shows again what `who` wrote and what is withheld, because it was written without being allowed, or on the strength
 * of a grant that was revoked meanwhile. */
bool tlfs_admit(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* who, size_t who_length,
                tlfs_error** error);
/* JSON array of base64: what others need to be told before they can grant this device's user something. */
bool tlfs_introduction(tlfs_node* node, char** json, size_t* length, tlfs_error** error);
/* Takes such an array. JSON: the users that it speaks of, [HEX]. */
bool tlfs_learn(tlfs_node* node, const char* introduction, size_t introduction_length, char** json, size_t* length,
                tlfs_error** error);
/* JSON: whoever was learnt, [HEX]. */
bool tlfs_people(tlfs_node* node, char** json, size_t* length, tlfs_error** error);

/* ---- peers; all of them wait, and fail with TLFS_UNAVAILABLE where the network is not enabled ---- */

/* JSON: [{"device":HEX,"user":HEX|null,"state":...,"name":...,"addresses":[...],"problem":...,"sent_bytes":N,
   "received_bytes":N,"round_trip_ms":N|null}]. */
bool tlfs_peers(tlfs_node* node, char** json, size_t* length, tlfs_error** error);
/* Dials "HOST:PORT", "ws://HOST:PORT" or a known device's key; there when it returns, and from then on whenever it can.
 */
bool tlfs_connect(tlfs_node* node, const char* address, size_t address_length, uint8_t device[TLFS_ID_SIZE],
                  tlfs_error** error);
/* A link ("tlfs:...") that lets `uses` devices that bring it have `level` at `path`. */
bool tlfs_invite(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length, int32_t level,
                 uint64_t expires_in_seconds, uint32_t uses, char** link, size_t* length, tlfs_error** error);
bool tlfs_revoke_invitation(tlfs_node* node, const uint8_t invitation[TLFS_INVITATION_SIZE], tlfs_error** error);
/* Uses such a link; the document is here when it returns, and what it holds comes as it is synced. */
bool tlfs_join(tlfs_node* node, const char* link, size_t link_length, uint8_t id[TLFS_ID_SIZE], tlfs_error** error);
/* JSON: {"given":[{"id":HEX,"document":HEX,"name":...,"path":...,"level":...,"state":...,"uses_left":N,"expires_s":N}],
   "pending":[{"document":HEX,"from":HEX,"name":...,"package":...}]}; seconds since 1970. */
bool tlfs_invitations(tlfs_node* node, char** json, size_t* length, tlfs_error** error);
/* What peers let this node have, and is pending. */
bool tlfs_accept(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], tlfs_error** error);
bool tlfs_decline(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], tlfs_error** error);
/* JSON: [{"document":HEX,"peer":HEX,"state":"syncing"|"synced"|"differs"}]. */
bool tlfs_sync_status(tlfs_node* node, char** json, size_t* length, tlfs_error** error);

#ifdef __cplusplus
}
#endif
