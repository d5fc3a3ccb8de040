#include "bridges/cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "bridges/cli/figures.h"
#include "runtime/base/check.h"
#include "runtime/base/utf.h"

namespace tlfs::cli {
namespace {

constexpr std::size_t kBarWidth = 20;

std::uint64_t share(std::uint64_t done, std::uint64_t total, std::uint64_t of) {
  if (total == 0 || done >= total) return of;
  return static_cast<std::uint64_t>(static_cast<double>(done) / static_cast<double>(total) * static_cast<double>(of));
}

std::string bar(std::uint64_t done, std::uint64_t total) {
  const std::uint64_t full = share(done, total, kBarWidth);
  std::string text;
  for (std::size_t i = 0; i < kBarWidth; ++i) text += i < full ? "█" : "░";
  return text;
}

}  // namespace

bool is_terminal(int descriptor) {
  const char* term = std::getenv("TERM");
  return isatty(descriptor) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

Progress::Progress(std::ostream& out, bool live, const Clock& clock) : out_(out), live_(live), clock_(clock) {}

Progress::~Progress() { finish(); }

Progress::Row Progress::add(std::string label, std::uint64_t total, std::string unit) {
  TLFS_CHECK(rows_.size() < kMaxRows, "more than " + std::to_string(kMaxRows) + " rows of progress");
  label.resize(byte_offset_of_code_point(label, kMaxLabel));
  const auto now = clock_.monotonic();
  rows_.push_back({std::move(label), std::move(unit), total, 0, 0, now, now});
  if (live_) draw();
  return rows_.size() - 1;
}

void Progress::set(Row index, std::uint64_t done) {
  TLFS_CHECK(index < rows_.size(), "no such row of progress");
  State& row = rows_[index];
  const bool completes = done >= row.total && row.done < row.total;
  row.done = done;
  if (live_) {
    row.last = clock_.monotonic();
    if (completes || row.last - drawn_at_ >= kRedrawInterval) draw();
    return;
  }
  const std::uint64_t step = share(done, row.total, kPlainSteps);
  if (step <= row.plain_steps_said) return;
  row.plain_steps_said = step;
  row.last = clock_.monotonic();
  out_ << describe(row) << '\n' << std::flush;
}

void Progress::say(const std::string& line) {
  erase();
  out_ << line << '\n' << std::flush;
  if (live_) draw();
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (live_) draw();
}

std::string Progress::describe(const State& row) const {
  std::string text = row.label;
  const std::uint64_t length = measure(row.label).code_points;
  text.append(kMaxLabel - length + 1, ' ');
  if (live_) text += bar(row.done, row.total) + " ";
  std::string percent = std::to_string(share(row.done, row.total, 100));
  text.append(3 - std::min<std::size_t>(3, percent.size()), ' ');
  text += percent + " %  " + format_count(row.done) + " of " + format_count(row.total) + " " + row.unit;
  return text + ", " + format_rate(row.done, row.last - row.started);
}

void Progress::erase() {
  if (drawn_ == 0) return;
  out_ << "\x1b[" << drawn_ << "A\r\x1b[J";  // up, to the first column, clear to the end
  drawn_ = 0;
}

void Progress::draw() {
  erase();
  // The terminal does not wrap these lines, or going up would miss the first.
  out_ << "\x1b[?7l";
  for (const State& row : rows_) out_ << describe(row) << '\n';
  out_ << "\x1b[?7h" << std::flush;
  drawn_ = rows_.size();
  drawn_at_ = clock_.monotonic();
}

}  // namespace tlfs::cli
