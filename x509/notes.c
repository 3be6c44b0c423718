#include "x509/notes.h"

#include <stdio.h>

#include "x509/shown.h"

/* What a clause begins with; the words before it may quote anything. */
static const char *const sources[] = {"RFC ", "X.690 ", "MS-"};

static bool is_clause(const char *text)
{
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (strncmp(text, sources[i], strlen(sources[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Clauses have brackets of their own, "(RFC 5280 6.1.3 (a)(1))": the one that opens them is found by counting. */
static const char *opening(const char *detail)
{
    int depth = 0;

    for (const char *at = detail + strlen(detail); at > detail; at--) {
        depth += (at[-1] == ')') - (at[-1] == '(');
        if (depth == 0) {
            return at - 1;
        }
    }
    return NULL;
}

void detail_part(const char *detail, struct detail_parts *parts)
{
    size_t size = strlen(detail);
    const char *open = size > 0 && detail[size - 1] == ')' ? opening(detail) : NULL;

    parts->clause[0] = '\0';
    if (open == NULL || open == detail || open[-1] != ' ' || !is_clause(open + 1)) {
        snprintf(parts->text, sizeof(parts->text), "%s", detail);
        return;
    }
    snprintf(parts->text, sizeof(parts->text), "%.*s", (int)(open - 1 - detail), detail);
    snprintf(parts->clause, sizeof(parts->clause), "%.*s", (int)(detail + size - 1 - (open + 1)), open + 1);
}

static bool is_open(const struct notes *notes)
{
    return notes != NULL && !notes->failed;
}

static void check(struct notes *notes, int result)
{
    notes->failed = notes->failed || result < 0;
}

void notes_begin(struct notes *notes, const char *policy)
{
    if (notes == NULL) {
        return;
    }
    *notes = (struct notes){.trail = trail_new()};
    notes->failed = notes->trail == NULL;
    if (is_open(notes)) {
        check(notes, trail_set(&notes->trail->policy, policy));
    }
}

struct trail *notes_take(struct notes *notes)
{
    struct trail *trail = notes->failed ? NULL : trail_ref(notes->trail);

    notes_free(notes);
    return trail;
}

void notes_free(struct notes *notes)
{
    trail_free(&notes->trail);
    *notes = (struct notes){.failed = true};
}

void notes_rule(struct notes *notes, const struct finding *finding)
{
    struct detail_parts parts;
    struct trail_rules *rules;

    if (!is_open(notes)) {
        return;
    }
    if (finding->reason == REASON_INTERNAL) {
        notes->failed = true;
        return;
    }
    rules = notes->chain != NULL ? &notes->chain->rules : notes->in_chain ? NULL : &notes->trail->rules;
    if (rules != NULL && rules->count < MAX_TRAIL_RULES) {
        detail_part(finding->detail, &parts);
        check(notes, trail_add_rule(rules, finding->reason, parts.text, parts.clause));
    }
}

void notes_link(struct notes *notes, const struct cert *cert)
{
    char name[SHOWN_NAME_BYTES], hex[DIGEST_HEX_BYTES];

    if (is_open(notes) && notes->chain != NULL && notes->chain->link_count < MAX_CHAIN) {
        check(notes, trail_add_link(notes->chain, shown_name(cert_subject(cert), name),
                                    digest_hex(bytes_of(cert->fingerprint.bytes, DIGEST_BYTES), hex)));
    }
}

/* Whoever forges issuers by the dozen shall not push the chains that end in an anchor out of sight. */
static bool has_room(const struct notes *notes, bool complete)
{
    size_t astray = notes->trail->chain_count - notes->complete;

    return complete ? notes->complete < MAX_PATHS : astray < MAX_TRAIL_CHAINS - MAX_PATHS;
}

void notes_chain(struct notes *notes, const struct cert *const *certs, size_t count)
{
    bool complete = certs[count - 1]->anchor;

    if (!is_open(notes)) {
        return;
    }
    notes->in_chain = true;
    notes->chain = NULL;
    if (!has_room(notes, complete)) {
        notes->trail->chains_left_out++;
        return;
    }
    notes->chain = trail_add_chain(notes->trail);
    if (notes->chain == NULL) {
        notes->failed = true;
        return;
    }
    notes->chain->complete = complete;
    notes->complete += complete;
    for (size_t i = 0; i < count; i++) {
        notes_link(notes, certs[i]);
    }
}

static void note_one(struct notes *notes, const struct link_evidence *evidence)
{
    const struct trail_evidence noted = {
        .link = evidence->link,
        .kind = evidence->kind,
        .source = (char *)evidence->source,
        .number = (char *)evidence->number,
        .this_update = evidence->this_update,
        .next_update = evidence->next_update,
        .word = (char *)evidence->word,
    };

    check(notes, trail_add_evidence(notes->chain, &noted));
}

void notes_evidence(struct notes *notes, const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->evidence_count && is_open(notes) && notes->chain != NULL; i++) {
        if (notes->chain->evidence_count < MAX_TRAIL_EVIDENCE) {
            note_one(notes, &verdict->evidence[i]);
        }
    }
}

void notes_chain_end(struct notes *notes, const struct finding *finding)
{
    if (!is_open(notes)) {
        return;
    }
    if (notes->chain != NULL) {
        notes->chain->reason = finding->reason;
        check(notes, trail_set(&notes->chain->text, finding->detail));
    }
    notes->chain = NULL;
    notes->in_chain = false;
}

size_t notes_tried(const struct notes *notes)
{
    return is_open(notes) ? notes->trail->chain_count + notes->trail->chains_left_out : 0;
}

void notes_path(struct notes *notes, const struct finding *finding)
{
    if (!is_open(notes)) {
        return;
    }
    notes->failed = finding->reason == REASON_INTERNAL;
    notes->trail->path_reason = finding->reason;
    check(notes, trail_set(&notes->trail->path_text, finding->detail));
}
