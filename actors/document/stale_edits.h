// Edits that were made on an earlier revision, brought to the current one.
//
// Indices in paths follow their element, wherever it went. A position stands before or behind what was inserted or
// removed elsewhere; what was inserted at that very position comes first. A range that is to be removed keeps what
// others have put into it meanwhile, so it may become several edits; elements that others have put something into
// stay.
#pragma once

#include "actors/document/edit.h"

namespace tlfs::document_actor {

// `edits` were made on the value before `since` and are mapped to the value after it, as `document` holds it now.
// Errc::gone when an edit is inside an array element that was removed meanwhile. Errc::stale for what cannot be mapped:
// positions in a text or array that was replaced as a whole, and a second edit of one text or array in one write when
// that has changed meanwhile.
Status map_edits(std::vector<Edit>& edits, document::TextUnit unit, const std::vector<document::Patch>& since,
                 const document::Document& document);

}  // namespace tlfs::document_actor
