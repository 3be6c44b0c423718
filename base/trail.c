#include "base/trail.h"

#include <stdlib.h>
#include <string.h>

const char *evidence_word(enum evidence_kind kind)
{
    return kind == EVIDENCE_OCSP ? "ocsp" : "crl";
}

/* Room for one more behind `count` items, emptied. NULL: out of memory, and nothing changed. */
static void *grown(void *items, size_t count, size_t size)
{
    char *larger = realloc(items, (count + 1) * size);

    if (larger != NULL) {
        memset(larger + count * size, 0, size);
    }
    return larger;
}

int trail_set(char **text, const char *value)
{
    char *copy = strdup(value);

    if (copy == NULL) {
        return -1;
    }
    free(*text);
    *text = copy;
    return 0;
}

struct trail *trail_new(void)
{
    struct trail *trail = calloc(1, sizeof(*trail));

    if (trail == NULL) {
        return NULL;
    }
    atomic_init(&trail->references, 1);
    if (trail_set(&trail->policy, "") < 0 || trail_set(&trail->path_text, "") < 0 ||
        trail_set(&trail->place, "") < 0) {
        trail_free(&trail);
    }
    return trail;
}

struct trail *trail_ref(struct trail *trail)
{
    if (trail != NULL) {
        atomic_fetch_add_explicit(&trail->references, 1, memory_order_relaxed);
    }
    return trail;
}

static void rules_free(struct trail_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        free(rules->items[i].text);
        free(rules->items[i].clause);
    }
    free(rules->items);
}

static void evidence_free(struct trail_evidence *evidence)
{
    free(evidence->source);
    free(evidence->number);
    free(evidence->word);
}

static void chain_free(struct trail_chain *chain)
{
    for (size_t i = 0; i < chain->link_count; i++) {
        free(chain->subjects[i]);
        free(chain->fingerprints[i]);
    }
    for (size_t i = 0; i < chain->evidence_count; i++) {
        evidence_free(&chain->evidence[i]);
    }
    rules_free(&chain->rules);
    free(chain->subjects);
    free(chain->fingerprints);
    free(chain->evidence);
    free(chain->text);
}

void trail_free(struct trail **trail)
{
    struct trail *gone = *trail;

    *trail = NULL;
    if (gone == NULL || atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < gone->chain_count; i++) {
        chain_free(&gone->chains[i]);
    }
    free(gone->chains);
    rules_free(&gone->rules);
    free(gone->policy);
    free(gone->path_text);
    free(gone->place);
    free(gone);
}

int trail_add_rule(struct trail_rules *rules, enum reason reason, const char *text, const char *clause)
{
    struct trail_rule rule = {.reason = reason, .text = strdup(text), .clause = strdup(clause)};
    struct trail_rule *items =
        rule.text != NULL && rule.clause != NULL ? grown(rules->items, rules->count, sizeof(rule)) : NULL;

    if (items == NULL) {
        free(rule.text);
        free(rule.clause);
        return -1;
    }
    rules->items = items;
    items[rules->count++] = rule;
    return 0;
}

struct trail_chain *trail_add_chain(struct trail *trail)
{
    struct trail_chain *chains = grown(trail->chains, trail->chain_count, sizeof(chains[0]));

    if (chains == NULL) {
        return NULL;
    }
    trail->chains = chains;
    if (trail_set(&chains[trail->chain_count].text, "") < 0) {
        return NULL;
    }
    return &chains[trail->chain_count++];
}

int trail_add_link(struct trail_chain *chain, const char *subject, const char *fingerprint)
{
    char **subjects = grown(chain->subjects, chain->link_count, sizeof(subjects[0]));
    char **fingerprints = NULL;

    if (subjects != NULL) {
        chain->subjects = subjects;
        fingerprints = grown(chain->fingerprints, chain->link_count, sizeof(fingerprints[0]));
    }
    if (fingerprints == NULL) {
        return -1;
    }
    chain->fingerprints = fingerprints;
    subjects[chain->link_count] = strdup(subject);
    fingerprints[chain->link_count] = strdup(fingerprint);
    if (subjects[chain->link_count] == NULL || fingerprints[chain->link_count] == NULL) {
        free(subjects[chain->link_count]);
        free(fingerprints[chain->link_count]);
        return -1;
    }
    chain->link_count++;
    return 0;
}

int trail_add_evidence(struct trail_chain *chain, const struct trail_evidence *evidence)
{
    struct trail_evidence copy = *evidence;
    struct trail_evidence *items = NULL;

    copy.source = strdup(evidence->source);
    copy.number = strdup(evidence->number);
    copy.word = strdup(evidence->word);
    if (copy.source != NULL && copy.number != NULL && copy.word != NULL) {
        items = grown(chain->evidence, chain->evidence_count, sizeof(items[0]));
    }
    if (items == NULL) {
        evidence_free(&copy);
        return -1;
    }
    chain->evidence = items;
    items[chain->evidence_count++] = copy;
    return 0;
}

static size_t rules_bytes(const struct trail_rules *rules)
{
    size_t bytes = rules->count * sizeof(rules->items[0]);

    for (size_t i = 0; i < rules->count; i++) {
        bytes += strlen(rules->items[i].text) + strlen(rules->items[i].clause) + 2;
    }
    return bytes;
}

static size_t chain_bytes(const struct trail_chain *chain)
{
    size_t bytes = sizeof(*chain) + strlen(chain->text) + 1 + rules_bytes(&chain->rules) +
                   chain->evidence_count * sizeof(chain->evidence[0]);

    for (size_t i = 0; i < chain->link_count; i++) {
        bytes += 2 * sizeof(char *) + strlen(chain->subjects[i]) + strlen(chain->fingerprints[i]) + 2;
    }
    for (size_t i = 0; i < chain->evidence_count; i++) {
        const struct trail_evidence *evidence = &chain->evidence[i];

        bytes += strlen(evidence->source) + strlen(evidence->number) + strlen(evidence->word) + 3;
    }
    return bytes;
}

size_t trail_bytes(const struct trail *trail)
{
    size_t bytes = 0;

    if (trail != NULL) {
        bytes = sizeof(*trail) + rules_bytes(&trail->rules) + strlen(trail->policy) + strlen(trail->path_text) +
                strlen(trail->place) + 3;
        for (size_t i = 0; i < trail->chain_count; i++) {
            bytes += chain_bytes(&trail->chains[i]);
        }
    }
    return bytes;
}
