// The schema that the example apps work on.
#pragma once

#include "schema/compiler/compile.h"

namespace tlfs::examples {

inline std::shared_ptr<const schema::Package> todos_package() {
  static const auto compiled = schema::compile(R"(
todos { 0.1.0 {
  .: Struct
  .tasks: Array    .tasks.[]: Struct    .tasks.[].title: MVReg<String>    .tasks.[].done: EWFlag
                                        .tasks.[].due: MVReg<i64>         .tasks.[].reminded: EWFlag
  .archive: Array  .archive.[]: Struct  .archive.[].title: MVReg<String>
} }
)",
                                               "todos.tlfs");
  return compiled->front().package;
}

}  // namespace tlfs::examples
