/*
 * Answers that tests of records write and read, and rings that seal these.
 */
#ifndef TESTS_UNIT_RECORD_PLAY_H
#define TESTS_UNIT_RECORD_PLAY_H

#include "base/answer.h"
#include "base/seal.h"

/* Two usable certificates that share an issuer, one refused with a chain of its own, one malformed; two directories. */
void sample_fill(struct answer_draft *draft);

struct answer *answer_of_draft(struct answer_draft *draft); /* and frees the draft's parts */
struct answer *sample_found(void);
struct answer *sample_none(void);

/* Of one key or, where `second` is not NULL, two. */
struct seal_ring *ring_of(const char *first, const char *second);

#endif
