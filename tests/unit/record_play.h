/*
 * Answers that tests of records write and read, and rings that seal these.
 */
#ifndef TESTS_UNIT_RECORD_PLAY_H
#define TESTS_UNIT_RECORD_PLAY_H

#include "base/answer.h"
#include "base/known_issuers.h"
#include "base/seal.h"

/* Two usable certificates that share an issuer, one refused with a chain of its own, one malformed; two directories. */
void sample_fill(struct answer_draft *draft);

struct answer *answer_of_draft(struct answer_draft *draft); /* and frees the draft's parts */
struct answer *sample_found(void);
struct answer *sample_none(void);

/* What record_decode() filled, as an answer; ends the draft. */
struct answer *answer_of_record(struct answer_draft *draft);

/* Of the sample's policy, or of another one: "root", which is in its chains, and "issuer ten", which is not. */
struct known_issuers *sample_known(bool other_policy);

/* For the setup and teardown of a group: what the sample's policy has. */
extern struct known_issuers *known;
int know(void **state);
int forget(void **state);

/* Of one key or, where `second` is not NULL, two. */
struct seal_ring *ring_of(const char *first, const char *second);

#endif
