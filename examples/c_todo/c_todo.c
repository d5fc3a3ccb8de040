/* A list of things to do, kept in a directory: c_todo DIRECTORY add TEXT | list */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tlfs.h>

#define Z TLFS_ZERO_TERMINATED

static const char* kSchema = "todo { 0.1.0 { .: Struct  .tasks: Array  .tasks.[]: Text } }";

static void need(bool good, tlfs_error* const* error) {
  if (good) return;
  fprintf(stderr, "c_todo: %s\n", *error ? tlfs_error_message(*error) : "failed");
  exit(1);
}

/* The first document that there is, or a new one. Its id is the first member of the first object of the list. */
static void find(tlfs_node* node, uint8_t id[TLFS_ID_SIZE]) {
  tlfs_error* error = NULL;
  char* json = NULL;
  need(tlfs_document_list(node, &json, NULL, &error), &error);
  const char* hex = strstr(json, "\"id\":\"");
  if (hex) {
    for (int i = 0; i < TLFS_ID_SIZE; ++i) {
      unsigned byte = 0;
      sscanf(hex + 6 + 2 * i, "%2x", &byte);
      id[i] = (uint8_t)byte;
    }
  } else {
    tlfs_schema* schema = tlfs_schema_compile(kSchema, Z, NULL, 0, &error);
    need(schema != NULL, &error);
    need(tlfs_document_create(node, schema, "todo", Z, id, &error), &error);
    tlfs_schema_destroy(schema);
  }
  tlfs_free(json);
}

/* The JSON of a task, and its path; NULL beyond the last one. */
static char* task_at(tlfs_node* node, const uint8_t* id, uint64_t index, char path[64]) {
  tlfs_error* error = NULL;
  char* json = NULL;
  snprintf(path, 64, ".tasks[%llu]", (unsigned long long)index);
  if (!tlfs_document_read(node, id, path, Z, &json, NULL, NULL, &error)) {
    need(tlfs_error_kind(error) == TLFS_INPUT, &error);
    tlfs_error_destroy(error);
  }
  return json;
}

static void add(tlfs_node* node, const uint8_t* id, const char* text) {
  tlfs_error* error = NULL;
  uint64_t count = 0;
  char path[64];
  char* task = NULL;
  while ((task = task_at(node, id, count, path)) != NULL) {
    tlfs_free(task);
    ++count;
  }
  tlfs_transaction* t = tlfs_transaction_create(node, id);
  tlfs_insert_json(t, ".tasks", Z, count, "[\"\"]", Z);
  tlfs_splice(t, path, Z, 0, 0, text, Z);
  need(tlfs_transaction_commit(t, NULL, &error), &error);
  tlfs_transaction_destroy(t);
}

static void list(tlfs_node* node, const uint8_t* id) {
  char path[64];
  char* task = NULL;
  for (uint64_t i = 0; (task = task_at(node, id, i, path)) != NULL; ++i) {
    printf("%llu %.*s\n", (unsigned long long)i, (int)strlen(task) - 2, task + 1); /* without its quotes */
    tlfs_free(task);
  }
}

int main(int argc, char** argv) {
  const bool adds = argc == 4 && strcmp(argv[2], "add") == 0;
  if (!adds && !(argc == 3 && strcmp(argv[2], "list") == 0)) {
    fprintf(stderr, "usage: c_todo DIRECTORY add TEXT | list\n");
    return 2;
  }
  tlfs_error* error = NULL;
  tlfs_options* options = tlfs_options_create();
  tlfs_options_set_directory(options, argv[1], Z);
  tlfs_node* node = tlfs_node_open(options, &error);
  tlfs_options_destroy(options);
  need(node != NULL, &error);
  uint8_t id[TLFS_ID_SIZE];
  find(node, id);
  if (adds) {
    add(node, id, argv[3]);
  } else {
    list(node, id);
  }
  tlfs_node_close(node);
  return 0;
}
