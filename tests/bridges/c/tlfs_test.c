/* The C ABI from C: every check says in its text what a program may rely on. */
#define _XOPEN_SOURCE 700 /* clocks, directories */

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tlfs.h"

#define Z TLFS_ZERO_TERMINATED

static int failures = 0;

static void check(bool good, const char* what, int line) {
  if (good) return;
  fprintf(stderr, "tlfs_test.c:%d: not so: %s\n", line, what);
  ++failures;
}
#define CHECK(condition, what) check(condition, what, __LINE__)

/* Ends the program: what follows would make no sense. */
static void must(bool good, tlfs_error* const* error, int line) {
  if (good) return;
  fprintf(stderr, "tlfs_test.c:%d: %s\n", line, *error ? tlfs_error_message(*error) : "failed");
  exit(1);
}
#define MUST(call) must(call, &error, __LINE__)

static const char* kSchema =
    "todo { 0.1.0 { .: Struct  .title: MVReg<String>  .votes: Counter  .body: Text  .big: MVReg<u64>  .raw: "
    "MVReg<Bytes>"
    "  .done: EWFlag  .tasks: Array  .tasks.[]: MVReg<String>  .people: Table<String>  .people.{}: Struct"
    "  .people.{}.age: MVReg<i64>  .half: MVReg<f64> } }";

static tlfs_schema* schema(void) {
  tlfs_error* error = NULL;
  tlfs_schema* made = tlfs_schema_compile(kSchema, Z, NULL, 0, &error);
  MUST(made != NULL);
  return made;
}

static bool reads(tlfs_node* node, const uint8_t* id, const char* path, const char* expected) {
  char* json = NULL;
  size_t length = 0;
  tlfs_error* error = NULL;
  MUST(tlfs_document_read(node, id, path, Z, &json, &length, NULL, &error));
  const bool same = strcmp(json, expected) == 0 && length == strlen(expected);
  if (!same) fprintf(stderr, "%s is %s, expected %s\n", path, json, expected);
  tlfs_free(json);
  return same;
}

/* What a callback was told, for the thread that waits for it. */
struct log {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int count;
  int32_t kinds[32];
  char last[4096];
  char refused[256];
  int32_t refused_kind;
  tlfs_node* node;
  tlfs_subscription* subscription;
  pthread_t thread;
};

static void log_init(struct log* l) {
  memset(l, 0, sizeof *l);
  pthread_mutex_init(&l->mutex, NULL);
  pthread_cond_init(&l->changed, NULL);
}

static void remember(void* context, const tlfs_event* event) {
  struct log* l = context;
  pthread_mutex_lock(&l->mutex);
  if (l->count < 32) l->kinds[l->count] = event->kind;
  ++l->count;
  const char* text = event->json ? event->json : event->error ? tlfs_error_message(event->error) : "";
  snprintf(l->last, sizeof l->last, "%s", text);
  l->thread = pthread_self();
  pthread_cond_broadcast(&l->changed);
  pthread_mutex_unlock(&l->mutex);
}

/* Whether there were so many calls within ten seconds. */
static bool told(struct log* l, int count) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += 10;
  pthread_mutex_lock(&l->mutex);
  int late = 0;
  while (l->count < count && !late) late = pthread_cond_timedwait(&l->changed, &l->mutex, &end);
  const bool good = l->count >= count;
  pthread_mutex_unlock(&l->mutex);
  return good;
}

static void schemas(void) {
  tlfs_error* error = NULL;
  CHECK(tlfs_schema_compile("todo { 0.1.0 { .: Strukt } }", Z, NULL, 0, &error) == NULL, "a wrong schema is refused");
  CHECK(error && tlfs_error_kind(error) == TLFS_INPUT && strlen(tlfs_error_message(error)) > 0, "with a sentence");
  tlfs_error_destroy(error);
  CHECK(tlfs_schema_compile("x", Z, NULL, 0, NULL) == NULL, "nobody has to take the error");

  tlfs_schema* made = schema();
  uint8_t* bytes = NULL;
  size_t length = 0;
  error = NULL;
  MUST(tlfs_schema_encoded(made, &bytes, &length, &error));
  tlfs_schema* again = tlfs_schema_decode(bytes, length, &error);
  MUST(again != NULL);
  char *one = NULL, *two = NULL;
  MUST(tlfs_schema_shape(made, &one, NULL, &error));
  MUST(tlfs_schema_shape(again, &two, NULL, &error));
  CHECK(strcmp(one, two) == 0, "a schema comes back from its bytes");
  CHECK(strncmp(one, "{\"package\":\"todo\",\"version\":\"0.1.0\",", 36) == 0, "a shape names package and version");
  CHECK(tlfs_schema_decode(bytes, length - 1, NULL) == NULL, "bytes that are no schema are refused");
  tlfs_free(one);
  tlfs_free(two);
  tlfs_free(bytes);
  tlfs_schema_destroy(again);
  tlfs_schema_destroy(made);
}

static void edits(tlfs_node* node, const uint8_t* id) {
  tlfs_error* error = NULL;
  tlfs_transaction* t = tlfs_transaction_create(node, id);
  tlfs_transaction_set_origin(t, "window", Z);
  tlfs_transaction_set_label(t, "everything", Z);
  tlfs_set_string(t, ".title", 6, "milk and more", 4);
  tlfs_increment(t, ".votes", Z, 3);
  tlfs_splice(t, ".body", Z, 0, 0, "hello", Z);
  tlfs_splice(t, ".body", Z, 1, 1, "a", Z);
  tlfs_set_u64(t, ".big", Z, UINT64_MAX);
  tlfs_set_bytes(t, ".raw", Z, (const uint8_t*)"\0\1", 2);
  tlfs_set_bool(t, ".done", Z, true);
  tlfs_insert_json(t, ".tasks", Z, 0, "[\"a\",\"b\",\"c\"]", Z);
  tlfs_move(t, ".tasks", Z, 2, 0);
  tlfs_erase(t, ".tasks", Z, 1, 1);
  tlfs_touch(t, ".people[\"bob\"]", Z);
  tlfs_set_i64(t, ".people[\"ann\"].age", Z, -7);
  tlfs_set_f64(t, ".half", Z, 0.5);
  tlfs_remove(t, ".people[\"bob\"]", Z);
  uint64_t revision = 0;
  MUST(tlfs_transaction_commit(t, &revision, &error));
  CHECK(revision > 0, "a commit gives the revision");
  CHECK(reads(node, id, ".",
              "{\"title\":\"milk\",\"votes\":3,\"body\":\"hallo\",\"big\":\"18446744073709551615\",\"raw\":\"AAE=\","
              "\"done\":true,\"tasks\":[\"c\",\"b\"],\"people\":{\"ann\":{\"age\":-7}},\"half\":0.5}"),
        "all edits of a transaction are done, in order");

  MUST(tlfs_document_undo(node, id, "window", Z, &error));
  CHECK(reads(node, id, ".tasks", "[]"), "undo takes a transaction back");
  MUST(tlfs_document_redo(node, id, "window", Z, &error));
  CHECK(reads(node, id, ".tasks", "[\"c\",\"b\"]"), "redo does it again");

  tlfs_set_string(t, ".title", Z, "never", Z);
  tlfs_set_bool(t, ".nowhere", Z, true);
  CHECK(!tlfs_transaction_commit(t, NULL, &error), "a place that is not there fails the transaction");
  CHECK(error && strstr(tlfs_error_message(error), "nowhere"), "and the sentence names it");
  tlfs_error_destroy(error);
  error = NULL;
  tlfs_set_json(t, ".title", Z, "{", Z);
  CHECK(!tlfs_transaction_commit(t, NULL, NULL), "JSON that is none fails the transaction");
  CHECK(reads(node, id, ".title", "\"milk\""), "what fails changes nothing");
  tlfs_set_json(t, ".title", Z, "\"bread\"", Z);
  MUST(tlfs_transaction_commit(t, NULL, &error));
  CHECK(reads(node, id, ".title", "\"bread\""), "a transaction can be used again");
  tlfs_transaction_destroy(t);

  MUST(tlfs_document_patch(node, id, "[{\"op\":\"replace\",\"path\":\"/title\",\"value\":\"patched\"}]", Z, NULL,
                           &error));
  CHECK(reads(node, id, ".title", "\"patched\""), "a JSON Patch is a transaction");
  CHECK(reads(node, id, ".people[\"nobody\"]", "null"), "a row that is not there reads as null");
}

/* Writes inside a callback, tries what must not be done there, and ends its own subscription. */
static void busy(void* context, const tlfs_event* event) {
  struct log* l = context;
  char* json = NULL;
  tlfs_error* error = NULL;
  if (tlfs_document_list(l->node, &json, NULL, &error)) {
    tlfs_free(json);
  } else {
    l->refused_kind = tlfs_error_kind(error);
    tlfs_error_destroy(error);
  }
  if (event->kind == TLFS_PATCHES) {
    tlfs_subscription_destroy(l->subscription);
    l->subscription = NULL;
  }
  remember(context, event);
}

static void subscriptions(tlfs_node* node, const uint8_t* id) {
  tlfs_error* error = NULL;
  struct log all, some, done;
  log_init(&all);
  log_init(&some);
  log_init(&done);
  tlfs_subscription* watch = tlfs_subscribe(node, id, ".title", Z, false, remember, &all, &error);
  MUST(watch != NULL);
  CHECK(told(&all, 1) && all.kinds[0] == TLFS_SNAPSHOT && strcmp(all.last, "\"patched\"") == 0,
        "first comes a snapshot");
  CHECK(!pthread_equal(all.thread, pthread_self()), "callbacks come from threads of the node");
  some.node = node;
  some.subscription = tlfs_subscribe(node, id, ".", Z, false, busy, &some, &error);
  MUST(some.subscription != NULL);
  CHECK(told(&some, 1), "a second subscription has its own snapshot");
  CHECK(some.refused_kind == TLFS_USAGE, "what waits is refused in a callback");

  tlfs_transaction* t = tlfs_transaction_create(node, id);
  tlfs_set_string(t, ".title", Z, "told", Z);
  tlfs_transaction_submit(t, remember, &done);
  CHECK(told(&done, 1) && done.kinds[0] == TLFS_COMMITTED, "a submitted transaction says when it is on the disk");
  CHECK(told(&all, 2) && all.kinds[1] == TLFS_PATCHES && strstr(all.last, "told"), "then come patches");
  CHECK(told(&some, 2) && !some.subscription, "a callback may end its own subscription");
  tlfs_set_string(t, ".nowhere", Z, "x", Z);
  tlfs_transaction_submit(t, remember, &done);
  CHECK(told(&done, 2) && done.kinds[1] == TLFS_FAILED && strstr(done.last, "nowhere"), "or why nothing was done");

  tlfs_subscription_destroy(watch);
  const int before = all.count;
  tlfs_set_string(t, ".title", Z, "untold", Z);
  MUST(tlfs_transaction_commit(t, NULL, &error));
  CHECK(all.count == before && some.count == 2, "nothing is told after the end");
  tlfs_transaction_destroy(t);

  uint8_t unknown[TLFS_ID_SIZE] = {1};
  log_init(&all);
  watch = tlfs_subscribe(node, unknown, ".", Z, false, remember, &all, &error);
  CHECK(watch == NULL || (told(&all, 1) && all.kinds[0] == TLFS_ENDED), "a document that is not here ends it");
  tlfs_error_destroy(error);
  tlfs_subscription_destroy(watch);
}

static void old_versions(tlfs_node* node, const uint8_t* id) {
  tlfs_error* error = NULL;
  char *history = NULL, *json = NULL;
  MUST(tlfs_document_patch(node, id, "[{\"op\":\"replace\",\"path\":\"/title\",\"value\":\"before\"}]", Z, NULL,
                           &error));
  MUST(tlfs_document_history(node, id, 1, &history, NULL, &error));
  const char* hash = strstr(history, "\"hash\":\"");
  CHECK(hash != NULL && strstr(hash + 1, "\"hash\":\"") == NULL, "a history of one change is what was asked for");
  CHECK(strstr(history, "\"label\":\"patch\"") != NULL, "and says what it is called");
  char version[80];
  snprintf(version, sizeof version, "[\"%.64s\"]", hash + 8);
  tlfs_free(history);
  MUST(
      tlfs_document_patch(node, id, "[{\"op\":\"replace\",\"path\":\"/title\",\"value\":\"after\"}]", Z, NULL, &error));
  size_t length = 0;
  MUST(tlfs_document_read_at(node, id, version, Z, ".title", Z, &json, &length, &error));
  CHECK(strcmp(json, "\"before\"") == 0 && length == 8, "a place is read as it was");
  tlfs_free(json);
  MUST(tlfs_document_read_at(node, id, version, Z, ".", Z, &json, NULL, &error));
  CHECK(strstr(json, "\"title\":\"before\",\"votes\":3") != NULL, "and so is the whole document");
  tlfs_free(json);
  CHECK(reads(node, id, ".title", "\"after\""), "which changes nothing");
  json = version;
  version[2] = version[2] == '0' ? '1' : '0';
  CHECK(!tlfs_document_read_at(node, id, version, Z, ".", Z, &json, NULL, &error),
        "a version that is not here is none");
  CHECK(json == version && tlfs_error_kind(error) == TLFS_INPUT, "and leaves what it would have given as it was");
  tlfs_error_destroy(error);
  CHECK(!tlfs_document_read_at(node, id, "[]", Z, ".", Z, &json, NULL, NULL), "no version is no version");
  CHECK(!tlfs_document_read_at(node, id, "[\"12\"]", Z, ".", Z, &json, NULL, NULL), "a hash has 64 digits");
}

static tlfs_node* networked(void) {
  tlfs_error* error = NULL;
  tlfs_options* options = tlfs_options_create();
  tlfs_options_add_listen(options, "127.0.0.1:0", Z);
  tlfs_options_set_log_level(options, "off", Z);
  tlfs_node* node = tlfs_node_open(options, &error);
  MUST(node != NULL);
  tlfs_options_destroy(options);
  return node;
}

static void sharing(const tlfs_schema* todo) {
  tlfs_error* error = NULL;
  tlfs_node *ann = networked(), *bob = networked();
  uint8_t id[TLFS_ID_SIZE], joined[TLFS_ID_SIZE];
  MUST(tlfs_document_create(ann, todo, "shopping", Z, id, &error));
  MUST(
      tlfs_document_patch(ann, id, "[{\"op\":\"replace\",\"path\":\"/title\",\"value\":\"shared\"}]", Z, NULL, &error));
  char *link = NULL, *sentence = NULL, *json = NULL;
  MUST(tlfs_invite(ann, id, ".", Z, TLFS_READ, 3600, 1, &link, NULL, &error));
  CHECK(strncmp(link, "tlfs:", 5) == 0, "an invitation is a link");
  MUST(tlfs_join(bob, link, Z, joined, &error));
  CHECK(memcmp(id, joined, sizeof id) == 0, "who joins has the same document");
  struct log seen;
  log_init(&seen);
  tlfs_subscription* watch = tlfs_subscribe(bob, id, ".title", Z, false, remember, &seen, &error);
  MUST(watch != NULL);
  bool there = false;
  for (int count = 1; !there && told(&seen, count); ++count) there = strstr(seen.last, "shared") != NULL;
  CHECK(there, "and sees what it holds");
  tlfs_subscription_destroy(watch);

  CHECK(!tlfs_document_patch(bob, id, "[{\"op\":\"replace\",\"path\":\"/title\",\"value\":\"no\"}]", Z, NULL, &error),
        "a guest who reads cannot write");
  CHECK(error && tlfs_error_kind(error) == TLFS_DENIED, "and is told that it is denied");
  tlfs_error_destroy(error);
  error = NULL;
  bool allowed = true;
  MUST(tlfs_explain(ann, id, ".", Z, TLFS_WRITE, "anyone", Z, &allowed, &sentence, NULL, &error));
  CHECK(!allowed && strlen(sentence) > 0, "explain says who may not, and why");
  CHECK(!tlfs_grant(ann, id, ".", Z, 9, "anyone", Z, NULL), "there is no level 9");
  MUST(tlfs_grant(ann, id, ".", Z, TLFS_READ, "anyone", Z, &error));
  MUST(tlfs_peers(ann, &json, NULL, &error));
  CHECK(strstr(json, "\"device\":\"") != NULL, "peers are listed");
  tlfs_free(json);
  MUST(tlfs_invitations(ann, &json, NULL, &error));
  CHECK(strstr(json, "\"used up\"") != NULL, "an invitation for one device is used up");
  tlfs_free(json);
  tlfs_free(sentence);
  tlfs_free(link);
  tlfs_node_close(bob);
  tlfs_node_close(ann);
}

static void hex(const uint8_t* id, char* out) {
  for (int i = 0; i < TLFS_ID_SIZE; ++i) sprintf(out + 2 * i, "%02x", id[i]);
}

/* Whether a JSON that a function gives holds a text, within ten seconds. */
typedef bool (*giver)(tlfs_node* node, const uint8_t* id, char** json);
static bool comes(giver give, tlfs_node* node, const uint8_t* id, const char* text) {
  for (int i = 0; i < 500; ++i) {
    char* json = NULL;
    const bool found = give(node, id, &json) && strstr(json, text) != NULL;
    tlfs_free(json);
    if (found) return true;
    nanosleep(&(struct timespec){0, 20000000}, NULL);
  }
  return false;
}
static bool invitations_of(tlfs_node* node, const uint8_t* id, char** json) {
  (void)id;
  return tlfs_invitations(node, json, NULL, NULL);
}
static bool documents_of(tlfs_node* node, const uint8_t* id, char** json) {
  (void)id;
  return tlfs_document_list(node, json, NULL, NULL);
}
static bool title_of(tlfs_node* node, const uint8_t* id, char** json) {
  return tlfs_document_read(node, id, ".title", Z, json, NULL, NULL, NULL);
}
static bool status_of(tlfs_node* node, const uint8_t* id, char** json) {
  return tlfs_document_status(node, id, json, NULL, NULL);
}

static bool comes_at_once(giver give, tlfs_node* node, const char* text) {
  char* json = NULL;
  const bool found = give(node, NULL, &json) && strstr(json, text) != NULL;
  tlfs_free(json);
  return found;
}
static bool connects(tlfs_node* from, tlfs_node* to, tlfs_error** error) {
  char *json = NULL, address[64];
  if (!tlfs_node_addresses(to, &json, NULL, error)) return false;
  sscanf(json, "[\"%63[^\"]", address); /* NOLINT: what this library gave */
  tlfs_free(json);
  return tlfs_connect(from, address, Z, NULL, error);
}

/* Bob is granted two documents without having asked for them. */
static void offers(const tlfs_schema* todo) {
  tlfs_error* error = NULL;
  tlfs_node *ann = networked(), *bob = networked();
  uint8_t wanted[TLFS_ID_SIZE], unwanted[TLFS_ID_SIZE], user[TLFS_ID_SIZE];
  MUST(tlfs_document_create(ann, todo, "wanted", Z, wanted, &error));
  MUST(tlfs_document_create(ann, todo, "unwanted", Z, unwanted, &error));
  MUST(tlfs_document_patch(ann, wanted, "[{\"op\":\"replace\",\"path\":\"/title\",\"value\":\"hello\"}]", Z, NULL,
                           &error));
  char *introduction = NULL, *json = NULL;
  size_t length = 0;
  MUST(tlfs_introduction(bob, &introduction, &length, &error));
  MUST(tlfs_learn(ann, introduction, length, &json, NULL, &error));
  tlfs_free(introduction);
  char digits[2 * TLFS_ID_SIZE + 1], who[80];
  tlfs_node_user(bob, user);
  hex(user, digits);
  snprintf(who, sizeof who, "user:%s", digits);
  CHECK(strstr(json, digits) != NULL, "an introduction speaks of whose it is");
  tlfs_free(json);
  MUST(tlfs_grant(ann, wanted, ".", Z, TLFS_READ, who, Z, &error));
  MUST(tlfs_grant(ann, unwanted, ".", Z, TLFS_READ, who, Z, &error));

  MUST(tlfs_holders(ann, wanted, ".", Z, &json, NULL, &error));
  char expected[160];
  snprintf(expected, sizeof expected, "{\"who\":\"%s\",\"level\":\"read\"}", who);
  CHECK(strstr(json, expected) != NULL, "holders are listed with what they hold");
  CHECK(strstr(json, "\"level\":\"own\"") != NULL, "and so is whose document it is");
  tlfs_free(json);
  CHECK(!tlfs_holders(ann, wanted, ".nowhere", Z, &json, NULL, NULL),
        "of a place that is not there nobody holds anything");

  MUST(connects(bob, ann, &error));
  hex(wanted, digits);
  CHECK(comes(invitations_of, bob, NULL, digits), "what a peer lets this node have is pending");
  hex(unwanted, digits);
  CHECK(comes(invitations_of, bob, NULL, digits), "and so is the other");
  MUST(tlfs_accept(bob, wanted, &error));
  CHECK(comes(title_of, bob, wanted, "\"hello\""), "what is accepted comes");
  MUST(tlfs_decline(bob, unwanted, &error));
  MUST(tlfs_invitations(bob, &json, NULL, &error));
  CHECK(strstr(json, "\"pending\":[]") != NULL, "what is declined is not pending any more");
  tlfs_free(json);
  CHECK(!comes_at_once(documents_of, bob, digits), "and did not come");
  CHECK(!tlfs_accept(bob, unwanted, NULL), "what is not pending cannot be accepted");
  tlfs_node_close(bob);
  tlfs_node_close(ann);
}

static tlfs_node* of_directory(const char* directory, bool links) {
  tlfs_error* error = NULL;
  tlfs_options* options = tlfs_options_create();
  tlfs_options_set_directory(options, directory, Z);
  if (links) tlfs_options_enable_network(options);
  tlfs_options_set_log_level(options, "off", Z);
  tlfs_node* node = tlfs_node_open(options, &error);
  MUST(node != NULL);
  tlfs_options_destroy(options);
  return node;
}

/* Bob, who may write, writes while he does not know that this was taken back.
 *
 *   ann  grant ---------- revoke -----+-- admit
 *   bob       \--- away --- write ---/
 */
static void withheld(const tlfs_schema* todo, const char* directory) {
  tlfs_error* error = NULL;
  tlfs_node* ann = networked();
  uint8_t id[TLFS_ID_SIZE], device[TLFS_ID_SIZE];
  MUST(tlfs_document_create(ann, todo, "shared", Z, id, &error));
  char *link = NULL, *json = NULL;
  MUST(tlfs_invite(ann, id, ".", Z, TLFS_WRITE, 3600, 1, &link, NULL, &error));
  tlfs_node* bob = of_directory(directory, true);
  MUST(tlfs_join(bob, link, Z, id, &error));
  tlfs_free(link);
  CHECK(comes(title_of, bob, id, "null"), "bob has the document");
  tlfs_node_close(bob);

  bob = of_directory(directory, false);
  MUST(tlfs_document_patch(bob, id, "[{\"op\":\"replace\",\"path\":\"/title\",\"value\":\"late\"}]", Z, NULL, &error));
  tlfs_node_device(bob, device);
  tlfs_node_close(bob);
  MUST(tlfs_holders(ann, id, ".", Z, &json, NULL, &error));
  char who[128];
  const char* line = strstr(json, "\"level\":\"write\"");
  CHECK(line != NULL, "ann knows whom she let write");
  while (line && line > json && strncmp(line, "\"who\":\"", 7) != 0) --line;
  sscanf(line ? line : "", "\"who\":\"%127[^\"]", who); /* NOLINT: what this library gave */
  tlfs_free(json);
  MUST(tlfs_revoke(ann, id, ".", Z, TLFS_WRITE, who, Z, TLFS_READ, &error));

  bob = of_directory(directory, true);
  MUST(connects(bob, ann, &error));
  CHECK(comes(status_of, ann, id, "\"withheld\":[\""), "what came too late is withheld");
  CHECK(reads(ann, id, ".title", "null"), "and not shown");
  CHECK(!tlfs_admit(ann, id, "nobody", Z, NULL), "only somebody can be admitted");
  MUST(tlfs_admit(ann, id, who, Z, &error));
  CHECK(reads(ann, id, ".title", "\"late\""), "until it is admitted");
  CHECK(comes(status_of, ann, id, "\"withheld\":[]"), "and then nothing is withheld");
  tlfs_node_close(bob);
  tlfs_node_close(ann);
}

static int remove_one(const char* path, const struct stat* info, int kind, struct FTW* place) {
  (void)info;
  (void)kind;
  (void)place;
  return remove(path);
}
static void remove_all(const char* directory) { nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

int main(void) {
  tlfs_error* error = NULL;
  schemas();
  tlfs_options* options = tlfs_options_create();
  tlfs_options_set_log_level(options, "off", Z);
  tlfs_node* node = tlfs_node_open(options, &error);
  tlfs_options_destroy(options);
  MUST(node != NULL);
  tlfs_schema* todo = schema();
  uint8_t id[TLFS_ID_SIZE];
  MUST(tlfs_document_create(node, todo, "list", Z, id, &error));
  edits(node, id);
  subscriptions(node, id);
  old_versions(node, id);
  char* json = NULL;
  MUST(tlfs_document_list(node, &json, NULL, &error));
  CHECK(strstr(json, "\"name\":\"list\",\"package\":\"todo\",\"version\":\"0.1.0\"") != NULL, "documents are listed");
  tlfs_free(json);
  MUST(tlfs_document_history(node, id, 10, &json, NULL, &error));
  CHECK(json[0] == '[', "there is a history");
  tlfs_free(json);
  MUST(tlfs_document_status(node, id, &json, NULL, &error));
  CHECK(strstr(json, "\"disk_error\":null") != NULL, "a document says how it stands");
  tlfs_free(json);
  MUST(tlfs_node_tree(node, &json, NULL, &error));
  CHECK(strstr(json, "\"children\":[") != NULL, "the tree of actors can be seen");
  tlfs_free(json);
  CHECK(!tlfs_peers(node, &json, NULL, &error) && tlfs_error_kind(error) == TLFS_UNAVAILABLE,
        "without a network there are no peers");
  tlfs_error_destroy(error);
  error = NULL;
  MUST(tlfs_document_delete(node, id, &error));
  CHECK(!tlfs_document_read(node, id, ".", Z, &json, NULL, NULL, NULL), "a deleted document is gone");
  CHECK(!tlfs_document_list(NULL, &json, NULL, NULL), "a handle that is NULL is refused");
  tlfs_node_close(node);
  tlfs_node_close(NULL);
  sharing(todo);
  offers(todo);
  char directory[] = "/tmp/tlfs-c-test-XXXXXX";
  if (mkdtemp(directory))
    withheld(todo, directory);
  else
    CHECK(false, "there is room for a directory");
  remove_all(directory);
  tlfs_schema_destroy(todo);
  if (failures == 0) puts("tlfs_test: all is well");
  return failures == 0 ? 0 : 1;
}
