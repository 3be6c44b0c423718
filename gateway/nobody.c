#include "gateway/nobody.h"

/* Its own, or one that nobody has; else it takes the place of another. */
static struct nobody_times *times_of(struct nobody *nobody, uint64_t scope)
{
    struct nobody_times *found = NULL;
    for (size_t i = 0; i < NOBODY_SCOPES; i++) {
        struct nobody_times *times = &nobody->scopes[i];
        if (times->count > 0 && times->scope == scope) {
            return times;
        }
        if (times->count == 0 && found == NULL) {
            found = times;
        }
    }
    return found != NULL ? found : &nobody->scopes[scope % NOBODY_SCOPES];
}

void nobody_note(struct nobody *nobody, uint64_t scope, int64_t took_us)
{
    struct nobody_times *times = times_of(nobody, scope);
    if (times->scope != scope) {
        times->count = 0;
        times->scope = scope;
    }
    times->us[times->count++ % NOBODY_TIMES] = took_us;
}

int64_t nobody_time_us(const struct nobody *nobody, uint64_t domain_hash, uint64_t draw)
{
    const struct nobody_times *known[NOBODY_SCOPES];
    size_t count = 0;
    for (size_t i = 0; i < NOBODY_SCOPES; i++) {
        if (nobody->scopes[i].count > 0) {
            known[count++] = &nobody->scopes[i];
        }
    }
    if (count == 0) {
        return 0;
    }
    const struct nobody_times *times = known[domain_hash % count];
    int64_t us = times->us[draw % (times->count < NOBODY_TIMES ? times->count : NOBODY_TIMES)];
    return us < NOBODY_LONGEST_MS * 1000 ? us : NOBODY_LONGEST_MS * 1000;
}
