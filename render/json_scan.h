/*
 * JSON from outside, loaded within bounds.
 *
 * jansson bounds the depth of nesting alone, and far off; a document of ten
 * megabytes of "[0,0,0" would cost hundreds in memory. So the text is counted
 * first, then loaded.
 */
#ifndef RENDER_JSON_SCAN_H
#define RENDER_JSON_SCAN_H

#include <jansson.h>

#include "base/bytes.h"
#include "base/error.h"

/* An object; the caller's reference. No string has a NUL in it, so each is one of C. NULL: empty, too large, too deep,
 * too many members, not JSON, or not an object. A member that stands twice is a fault: who reads the first and who
 * reads the last would see different documents. */
json_t *json_scan_load(struct bytes json, struct error *error);

/* The same, but a string may have a NUL: for who reads each by its length, and refuses that one alone. */
json_t *json_scan_load_with_nul(struct bytes json, struct error *error);

#endif
