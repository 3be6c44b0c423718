#include <stddef.h>

#include "gateway/conclude.h"
#include "gateway/steps.h"

bool judge_with_news(struct flight *flight)
{
    return evidence_store_number(flight->lookup->parts.evidence) != flight->evidence_number &&
           judge_candidates(flight, flight->judging) == 0;
}

static void on_ready(struct evidence_wait *wait)
{
    struct flight *flight = (struct flight *)((char *)wait - offsetof(struct flight, wait));
    flight->awaits_evidence = false;
    if (!judge_with_news(flight) && !(flight->wait.holds_back && fetch_what_lacks(flight))) {
        flight_has_evidence(flight);
    }
    flight_release(flight);
}

/* Only what the directories sent is worth waiting for: another verdict was made of the same values before. And whoever
 * wants to know why: the path of a value that the leaf's own rules refuse was not looked for before. */
static bool may_wait(const struct flight *flight)
{
    bool is_worth_it = flight->judging == JUDGING_FOUND ? !flight->answered : flight->judging == JUDGING_EXPLAINED;

    return is_worth_it && !flight->deadline_passed && flight->rounds < MAX_NEED_ROUNDS;
}

/* Who has something usable does not wait for a place that failed the last time; and each round but the last ends with
 * the first news, because a place that hangs shall not hold up the one that answered. */
bool fetch_what_lacks(struct flight *flight)
{
    struct evidence_store *store = flight->lookup->parts.evidence;
    if (flight->needs.count == 0) {
        return false;
    }
    if (!may_wait(flight)) {
        evidence_store_want(store, &flight->needs, NULL);
        return false;
    }
    flight->rounds++;
    flight->wait = (struct evidence_wait){
        .ready = on_ready,
        .for_all = flight->rounds == MAX_NEED_ROUNDS,
        .is_patient = flight->verdict->outcome != OUTCOME_FOUND,
    };
    evidence_store_want(store, &flight->needs, &flight->wait);
    if (flight->wait.pending == 0) {
        return judge_with_news(flight);
    }
    flight->open++;
    flight->awaits_evidence = true;
    return true;
}

void fetch_no_longer(struct flight *flight)
{
    if (flight->awaits_evidence) {
        evidence_store_forget(flight->lookup->parts.evidence, &flight->wait);
        flight->awaits_evidence = false;
        flight->open--;
    }
}

bool is_revoked_since(struct lookup *lookup, const struct answer *answer)
{
    for (size_t i = 0; i < answer->usable_count; i++) {
        const struct certificate *certificate = &answer->certificates[i];
        if (evidence_store_revokes(lookup->parts.evidence, certificate->links, certificate->link_count)) {
            return true;
        }
    }
    return false;
}

void shorten_provisional(struct flight *flight)
{
    if (flight->needs.count == 0 || flight->verdict->outcome != OUTCOME_NONE ||
        !evidence_store_may_come(flight->lookup->parts.evidence, &flight->needs)) {
        return;
    }
    const struct lives lives = world_lives(flight->world);
    conclude_lacking(&flight->draft, &lives);
    struct answer *shorter = answer_make(&flight->draft);
    if (shorter != NULL) {
        answer_free(&flight->verdict);
        flight->verdict = shorter;
    }
    flight->is_provisional = true;
}
