/*
 * How long it takes to find nobody.
 *
 * Where no directory is for a domain, that is known at once; so who asks could
 * tell by the clock which domains somebody has given us a directory for. Such a
 * question is therefore answered after a time that a directory took of late to
 * say that it has nobody: one of those that are asked for one domain, always the
 * same for all of this domain. The answer goes into memory as every other one, so
 * that both come as fast the second time.
 *
 * Directories that have said nothing yet are not imitated, nor what they take
 * beyond NOBODY_LONGEST_MS, as each such question has a place among those under
 * way meanwhile. Engine thread only.
 */
#ifndef GATEWAY_NOBODY_H
#define GATEWAY_NOBODY_H

#include <stddef.h>
#include <stdint.h>

#define NOBODY_LONGEST_MS 250
#define NOBODY_SCOPES 16 /* directories that are asked together; more share these */
#define NOBODY_TIMES 32  /* of each, the last ones */

struct nobody {
    struct nobody_times {
        uint64_t scope; /* see world_scope_number() */
        size_t count;   /* all that were noted */
        int64_t us[NOBODY_TIMES];
    } scopes[NOBODY_SCOPES];
};

/* The directories of this scope had nobody, and said so after this time. */
void nobody_note(struct nobody *nobody, uint64_t scope, int64_t took_us);

/* Such a time, for a domain of this hash: any of those noted of one scope, by `draw`. 0: none is known. */
int64_t nobody_time_us(const struct nobody *nobody, uint64_t domain_hash, uint64_t draw);

#endif
