/*
 * Judging here, as the gateway does: by the policy of the options, again and
 * again while what verdicts lack can be fetched.
 */
#ifndef CLI_ASSESS_H
#define CLI_ASSESS_H

#include "cli/evidence.h"
#include "x509/judge.h"

struct assessor;

/* Loads the policy. NULL: the words name the option. */
struct assessor *assessor_open(const struct options *options, struct error *error);
/* After the directory is closed that it may still read from. */
void assessor_close(struct assessor **assessor);

/* For what is at hand already; see collector_offer(). */
struct collector *assessor_collector(struct assessor *assessor);

struct assessment {
    const struct address *address;       /* NULL: not asked */
    const struct candidate *candidates;
    size_t count;
    struct directory *directory;         /* whose entries of issuers may be read; NULL: none */
    int64_t deadline_ms;                 /* clock_mono_ms(): nothing is fetched any more */
};

/* Fills in the draft's certificates and made_at, at most MAX_NEED_ROUNDS times, until nothing that is missing may be
 * had. -1: out of memory; the draft then holds none. */
int assessor_judge(struct assessor *assessor, const struct assessment *assessment, struct answer_draft *draft);

#endif
