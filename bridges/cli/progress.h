// How far several pieces of work are: bars that redraw themselves on a terminal, plain lines anywhere else.
//
// Belongs to one thread. Debian has no library for this, and it is little.
#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "runtime/base/environment.h"

namespace tlfs::cli {

// Whether the descriptor (1 for stdout, 2 for stderr) is a terminal that understands cursor movement.
bool is_terminal(int descriptor);

class Progress {
 public:
  using Row = std::size_t;

  static constexpr std::size_t kMaxRows = 16;
  static constexpr std::size_t kMaxLabel = 18;                      // code points; more are cut off
  static constexpr std::chrono::milliseconds kRedrawInterval{100};  // live
  static constexpr std::uint64_t kPlainSteps = 5;                   // plain: so many lines for each row

  // `out` and `clock` outlive this. `live` says that `out` is a terminal.
  Progress(std::ostream& out, bool live, const Clock& clock);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // A new row; its clock starts now. `unit` is what is counted, in the plural. At most kMaxRows rows.
  Row add(std::string label, std::uint64_t total, std::string unit);
  // Cheap enough to be called for every item.
  void set(Row row, std::uint64_t done);
  // A line that stays, above the bars.
  void say(const std::string& line);
  // Draws the last state and leaves it standing. Called by the destructor too; nothing may follow.
  void finish();

 private:
  struct State {
    std::string label, unit;
    std::uint64_t total, done = 0;
    std::uint64_t plain_steps_said = 0;
    std::chrono::nanoseconds started, last;
  };
  std::string describe(const State& row) const;
  void erase();
  void draw();

  std::ostream& out_;
  const bool live_;
  const Clock& clock_;
  std::vector<State> rows_;
  std::size_t drawn_ = 0;  // rows that stand on the screen above the cursor
  std::chrono::nanoseconds drawn_at_{0};
  bool finished_ = false;
};

}  // namespace tlfs::cli
