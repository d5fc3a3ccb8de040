// Sequences built as a whole, from a snapshot.
#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/utf.h"
#include "runtime/document/sequence_tree.h"

namespace tlfs::document {

void Sequence::sleep(std::unique_ptr<SequenceSource> source) {
  TLFS_CHECK(empty(), "only an empty sequence takes its content from a source");
  visible_ = source->visible();
  utf16_ = source->utf16();
  asleep_ = std::move(source);
}

void Sequence::build_from_source() {
  const std::unique_ptr<SequenceSource> source = std::move(asleep_);
  visible_ = utf16_ = 0;
  source->build(*this);
  finish_build();
}

void Sequence::build_append(const Span& added, std::string_view text) {
  if (!last_ || last_->spans.size() >= kMaxSpans / 2 || (with_text_ && last_->text.size() > kMaxLeafText / 2)) {
    auto* leaf = new SequenceLeaf;
    leaf->owner = this;
    leaf->previous = last_;
    if (last_) leaf->spans.reserve(kMaxSpans / 2);
    (last_ ? last_->next : first_) = leaf;
    last_ = leaf;
  }
  // A long run is cut so that no leaf grows beyond its text limit.
  Span span = added;
  while (with_text_ && span.visible && text.size() > kMaxLeafText / 2) {
    const std::string_view first = utf8_prefix(text, kMaxLeafText / 2);
    Span head = span;
    head.length = static_cast<std::uint32_t>(measure(first).code_points);
    build_append(head, first);
    text.remove_prefix(first.size());
    span.id += head.length;
    span.length -= head.length;
    span.parent = span.anchor = span.id - 1;
    span.side = Side::right;
    if (text.size() > kMaxLeafText / 2) continue;
    build_append(span, text);
    return;
  }
  SequenceLeaf* leaf = last_;
  leaf->spans.push_back(span);
  table_->set(span.id, span.length, leaf);
  if (span.visible) {
    leaf->visible += span.length;
    if (with_text_) {
      leaf->text += text;
      leaf->utf16 += text.size() == span.length ? span.length : measure(text).utf16;
    }
  }
}

void Sequence::finish_build() {
  std::vector<void*> level;
  for (SequenceLeaf* leaf = first_; leaf; leaf = leaf->next) {
    visible_ += leaf->visible;
    utf16_ += leaf->utf16;
    level.push_back(leaf);
  }
  bool above_leaves = true;
  while (level.size() > 1) {
    std::vector<void*> up;
    for (std::size_t i = 0; i < level.size();) {
      auto* node = new SequenceInner;
      node->above_leaves = above_leaves;
      // Leave room to grow, and never a last node with a single child.
      std::size_t take = std::min<std::size_t>(kFanout * 3 / 4, level.size() - i);
      if (level.size() - i - take == 1) --take;
      for (std::size_t k = 0; k < take; ++k, ++i) {
        if (above_leaves) {
          auto* leaf = static_cast<SequenceLeaf*>(level[i]);
          node->insert(node->size, leaf, leaf->visible, leaf->utf16);
        } else {
          auto* inner = static_cast<SequenceInner*>(level[i]);
          node->insert(node->size, inner, inner->sum_visible(), inner->sum_utf16());
        }
      }
      up.push_back(node);
    }
    level = std::move(up);
    above_leaves = false;
  }
  if (!level.empty() && !above_leaves) root_ = static_cast<SequenceInner*>(level[0]);
}

}  // namespace tlfs::document
