/*
 * Answers as most are, by number: one usable certificate of about 900 bytes with its issuer and root, from one
 * directory. For measurements only: whatever fails ends the program.
 *
 * The certificates are copies of one that an authority made, each with a serial number of its own: they parse, and no
 * signature of theirs holds.
 */
#ifndef TESTS_BENCH_ANSWERS_H
#define TESTS_BENCH_ANSWERS_H

#include "base/answer.h"

#define ANSWERS_ADDRESS_BYTES 64

void answers_open(void);
void answers_close(void);

/* "firstname.lastname7@example.org"; its length. */
size_t answers_address(uint32_t number, char out[ANSWERS_ADDRESS_BYTES]);

/* One reference, the caller's; fresh for a day. */
struct answer *answers_new(uint32_t number);

#endif
