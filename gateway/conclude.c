#include "gateway/conclude.h"

#include "base/decide.h"

struct lives world_lives(const struct world *world)
{
    const struct cache_config *cache = &world->config->cache;
    return (struct lives){cache->ttl_s, cache->negttl_s, cache->limitttl_s, cache->stale_s};
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The moment until which every usable certificate's verdict holds. */
static int64_t verdicts_hold_until(const struct answer_draft *draft)
{
    int64_t until = INT64_MAX;
    for (size_t i = 0; i < draft->usable_count; i++) {
        const struct certificate *certificate = &draft->certificates[i];
        until = least(until, certificate->not_after);
        if (certificate->revocation.status == REVOCATION_GOOD && certificate->revocation.next_update != 0) {
            until = least(until, certificate->revocation.next_update);
        }
    }
    return until;
}

static int64_t shortened(int64_t life_s, const struct answer_draft *draft)
{
    uint64_t draw = draft->address.hash + (uint64_t)draft->made_at;
    return life_s - (int64_t)((uint64_t)life_s * (draw % 1024) / 1024 / 10);
}

/* Usable as it is, under `prefer`, but better evidence may come. */
static bool awaits_evidence(const struct answer_draft *draft)
{
    for (size_t i = 0; i < draft->usable_count; i++) {
        const struct revocation *revocation = &draft->certificates[i].revocation;
        if (revocation->status == REVOCATION_UNKNOWN && revocation->awaited) {
            return true;
        }
    }
    return false;
}

static void set_lives(struct answer_draft *draft, const struct lives *lives)
{
    if (draft->outcome == OUTCOME_UNKNOWN) {
        draft->fresh_until = draft->stale_until = draft->made_at;
        return;
    }
    draft->retry_after_s = 0;
    bool found = draft->outcome == OUTCOME_FOUND;
    bool is_provisional = draft->partial || awaits_evidence(draft);
    int64_t life_s = !found           ? lives->negttl_s
                     : is_provisional ? least(lives->ttl_s, lives->limitttl_s)
                                      : lives->ttl_s;
    int64_t bound = verdicts_hold_until(draft);
    int64_t fresh_until = draft->made_at + shortened(life_s, draft);
    draft->fresh_until = least(fresh_until, bound);
    draft->stale_until = found ? least(fresh_until + lives->stale_s, bound) : draft->fresh_until;
}

void conclude(struct answer_draft *draft, const struct lives *lives, bool deadline_passed)
{
    decide(draft, deadline_passed);
    set_lives(draft, lives);
}

void conclude_lacking(struct answer_draft *draft, const struct lives *lives)
{
    draft->fresh_until = least(draft->fresh_until, draft->made_at + lives->limitttl_s);
    if (draft->outcome != OUTCOME_FOUND) {
        draft->stale_until = draft->fresh_until;
    }
}

void conclude_again(struct answer_draft *draft, const struct lives *lives, const struct answer *before)
{
    conclude(draft, lives, false);
    draft->fresh_until = least(draft->fresh_until, before->fresh_until);
    draft->stale_until = least(draft->stale_until, before->stale_until);
}

void conclude_explained(struct answer_draft *draft, const struct lives *lives, const struct answer *before)
{
    conclude_again(draft, lives, before);
    if (draft->outcome == OUTCOME_UNKNOWN && before->outcome == OUTCOME_UNKNOWN) {
        draft->reason = before->reason;
        draft->retry_after_s = before->retry_after_s;
    }
}
