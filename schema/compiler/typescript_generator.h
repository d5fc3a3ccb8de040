// Typed TypeScript for one version of a package: a misspelled field does not compile.
//
// The text is an ES module that imports from "@tlfs/client" only. It says, for every struct of the version, which
// markers its fields are (Text, Counter, Flag, Bytes, Int64, Table, List; plain types for other registers), and derives
// what programs read and edit:
//
//   export interface TodoModel { title: string | null; done: Flag; body: Text; tasks: List<TaskModel> }
//   export type Todo = Snapshot<TodoModel>;        // what is read
//   export type TodoDraft = Draft<TodoModel>;      // what a transaction edits
//   ... the same for Task ...
//   export const todoSchema: Schema<TodoModel> = defineSchema<TodoModel>({ package, version, encoded, shape });
//
// A register without a default may be null: nothing was written there yet. `encoded` is the package in base64, `shape`
// is root_shape_json of schema/lens/shape.h.
//
// The root is named after the schema; a struct after its field, in the singular where it is a value of an array or a
// table. Where that name is taken, the name of the struct around it goes in front, then a number at its end.
#pragma once

#include <string>

#include "schema/lens/package.h"

namespace tlfs::schema {

// The same package and view give the same text, to the byte. `view` is one of the package's.
std::string generate_typescript(const Package& package, const View& view);

}  // namespace tlfs::schema
