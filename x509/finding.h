/*
 * What a rule found: one reason, and the words for it. The words name the
 * object, the clause, and what is wrong; they are safe to show.
 */
#ifndef X509_FINDING_H
#define X509_FINDING_H

#include "base/limits.h"
#include "base/outcome.h"

struct finding {
    enum reason reason;
    char detail[MAX_DETAIL_BYTES + 1];
};

/* Always returns false, so that a rule can end in `return finding_set(…)`. */
bool finding_set(struct finding *finding, enum reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Empties libcrypto's queue of errors of this thread. True: one of them was about memory, so that what just failed says
 * nothing about the certificate. */
bool finding_was_memory(void);

#endif
