#include "render/read_trail.h"

static int check(struct reader *reader, int result)
{
    return result == 0 ? 0 : part_no_memory(reader);
}

/* An array of at most `most`. */
static int read_count(struct reader *reader, const json_t *list, const char *key, size_t most, size_t *count)
{
    *count = json_array_size(list);
    return *count <= most ? 0 : error_set(reader->error, "%s: more than %zu", key, most);
}

static int read_verdict(struct reader *reader, const json_t *object, enum reason *reason, char **detail)
{
    *reason = REASON_USABLE;
    if (strcmp(part_text(object, "verdict"), "valid") != 0 && part_reason(reader, object, "verdict", reason) != 0) {
        return -1;
    }
    return check(reader, trail_set(detail, part_text(object, "detail")));
}

static int read_rules(struct reader *reader, const json_t *list, struct trail_rules *rules)
{
    size_t count;

    if (read_count(reader, list, "rules", MAX_TRAIL_RULES, &count) != 0) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *rule = json_array_get(list, i);
        enum reason reason;
        if (part_reason(reader, rule, "reason", &reason) != 0 ||
            check(reader, trail_add_rule(rules, reason, part_text(rule, "detail"), part_text(rule, "clause"))) != 0) {
            return -1;
        }
    }
    return 0;
}

static int read_links(struct reader *reader, const json_t *list, struct trail_chain *chain)
{
    size_t count;
    int result = read_count(reader, list, "links", MAX_CHAIN, &count);

    for (size_t i = 0; result == 0 && i < count; i++) {
        const json_t *link = json_array_get(list, i);
        result = check(reader, trail_add_link(chain, part_text(link, "subject"),
                                              part_text(link, "fingerprint_sha256")));
    }
    return result;
}

static int read_evidence(struct reader *reader, const json_t *list, struct trail_chain *chain)
{
    size_t count;
    int result = read_count(reader, list, "revocation", MAX_TRAIL_EVIDENCE, &count);

    for (size_t i = 0; result == 0 && i < count; i++) {
        const json_t *item = json_array_get(list, i);
        bool ocsp = strcmp(part_text(item, "kind"), evidence_word(EVIDENCE_OCSP)) == 0;
        struct trail_evidence evidence = {
            .link = (uint32_t)part_number(item, "link", MAX_CHAIN),
            .kind = ocsp ? EVIDENCE_OCSP : EVIDENCE_CRL,
            .source = (char *)part_text(item, "source"),
            .number = (char *)part_text(item, "crl_number"),
            .word = (char *)part_text(item, "status"),
        };
        result = part_time(reader, item, "this_update", &evidence.this_update) != 0 ||
                 part_time(reader, item, "next_update", &evidence.next_update) != 0 ||
                 check(reader, trail_add_evidence(chain, &evidence)) != 0 ? -1 : 0;
    }
    return result;
}

static int read_chain(struct reader *reader, const json_t *object, struct trail *trail)
{
    struct trail_chain *chain = trail_add_chain(trail);

    if (chain == NULL) {
        return part_no_memory(reader);
    }
    chain->complete = json_is_true(json_object_get(object, "complete"));
    if (read_links(reader, json_object_get(object, "links"), chain) != 0 ||
        read_verdict(reader, object, &chain->reason, &chain->text) != 0 ||
        read_rules(reader, json_object_get(object, "rules"), &chain->rules) != 0) {
        return -1;
    }
    return read_evidence(reader, json_object_get(object, "revocation"), chain);
}

static int read_chains(struct reader *reader, const json_t *list, struct trail *trail)
{
    size_t count;
    int result = read_count(reader, list, "chains", MAX_TRAIL_CHAINS, &count);

    for (size_t i = 0; result == 0 && i < count; i++) {
        result = read_chain(reader, json_array_get(list, i), trail);
    }
    return result;
}

int read_trail(struct reader *reader, const json_t *object, struct trail **trail_)
{
    const char *policy = part_text(object, "policy");
    const json_t *path = json_object_get(object, "path");

    if (object == NULL) {
        return 0;
    }
    struct trail *trail = *trail_ = trail_new();
    if (trail == NULL || trail_set(&trail->policy, strcmp(policy, "trust") != 0 ? policy : "") != 0 ||
        trail_set(&trail->place, part_text(object, "place")) != 0) {
        return part_no_memory(reader);
    }
    trail->chains_left_out = (size_t)part_number(object, "chains_left_out", INT32_MAX);
    if ((path != NULL && read_verdict(reader, path, &trail->path_reason, &trail->path_text) != 0) ||
        read_rules(reader, json_object_get(object, "rules"), &trail->rules) != 0) {
        return -1;
    }
    return read_chains(reader, json_object_get(object, "chains"), trail);
}
