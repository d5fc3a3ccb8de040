#include "actors/store/output_gate.h"

#include "runtime/base/check.h"

namespace tlfs::store {

void OutputGate::add(storage::Batch batch) {
  if (batch.empty()) return;
  waiting_bytes_ += batch.bytes();
  queue_.push_back(std::move(batch));
  ++added_;
}

void OutputGate::wait(Release release) {
  if (durable_ == added_) return release({});
  if (failing_) return release(*failing_);
  waiters_.push_back({added_, std::move(release)});
}

std::shared_ptr<const storage::Batch> OutputGate::next() {
  if (under_way_) return nullptr;
  if (!batch_) {
    if (queue_.empty()) return nullptr;
    auto joined = std::make_shared<storage::Batch>(std::move(queue_.front()));
    queue_.pop_front();
    ++sent_;
    while (!queue_.empty() && joined->bytes() + queue_.front().bytes() <= kMaxJoinedBytes &&
           joined->writes().size() + queue_.front().writes().size() <= kMaxJoinedRecords) {
      joined->append(queue_.front());
      queue_.pop_front();
      ++sent_;
    }
    batch_ = std::move(joined);
  }
  under_way_ = true;
  return batch_;
}

void OutputGate::succeeded() {
  TLFS_CHECK(under_way_, "a request succeeded that was not made");
  under_way_ = false;
  waiting_bytes_ -= batch_->bytes();
  batch_ = nullptr;
  durable_ = sent_;
  failing_.reset();
  release_up_to(durable_, {});
}

void OutputGate::failed(const Error& error) {
  TLFS_CHECK(under_way_, "a request failed that was not made");
  under_way_ = false;
  failing_ = error;
  release_up_to(added_, error);
}

void OutputGate::release_up_to(std::uint64_t ticket, const Status& status) {
  // A waiter may wait again; it then stands behind those that are here.
  std::deque<Waiter> released;
  while (!waiters_.empty() && waiters_.front().ticket <= ticket) {
    released.push_back(std::move(waiters_.front()));
    waiters_.pop_front();
  }
  for (Waiter& waiter : released) waiter.release(status);
}

}  // namespace tlfs::store
