#include "render/text_trail.h"

#include <stdio.h>

#include "base/text.h"

#define TREE_STEP 2

static void write_rule(struct writer *writer, const char *label, const char *before, const struct trail_rule *rule)
{
    bool has_clause = rule->clause[0] != '\0';

    FIELD(writer, label, before, reason_word(rule->reason), ": ", rule->text, has_clause ? " (" : "", rule->clause,
          has_clause ? ")" : "");
}

static void write_rules(struct writer *writer, const struct trail_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        write_rule(writer, i == 0 ? "breaks" : "", "", &rules->items[i]);
    }
}

/* The anchor at the root of the tree, so that what was issued stands below its issuer. */
static void write_links(struct writer *writer, const struct trail_chain *chain)
{
    int deeper = writer->deeper;

    for (size_t i = chain->link_count; i > 0; i--) {
        bool is_anchor = chain->complete && i == chain->link_count;
        writer->deeper += TREE_STEP;
        FIELD(writer, "", chain->subjects[i - 1], is_anchor ? " (anchor)" : "");
    }
    writer->deeper = deeper;
}

static void write_evidence(struct writer *writer, const struct trail_chain *chain)
{
    static const char *const kinds[] = {[EVIDENCE_CRL] = "CRL", [EVIDENCE_OCSP] = "OCSP answer"};
    char this_update[TEXT_TIME_BYTES], next_update[TEXT_TIME_BYTES];

    for (size_t i = 0; i < chain->evidence_count; i++) {
        const struct trail_evidence *evidence = &chain->evidence[i];
        bool dated = evidence->this_update != 0, ends = evidence->next_update != 0;
        const char *subject = evidence->link < chain->link_count ? chain->subjects[evidence->link] : "?";
        FIELD(writer, "", kinds[evidence->kind], " about ", subject, ": ", evidence->word,
              evidence->number[0] != '\0' ? ", number " : "", evidence->number, dated ? ", of " : "",
              dated ? text_time(evidence->this_update, this_update) : "", ends ? " until " : "",
              ends ? text_time(evidence->next_update, next_update) : "", evidence->source[0] != '\0' ? ", from " : "",
              evidence->source);
    }
}

static void write_chain(struct writer *writer, const struct trail_chain *chain, size_t number)
{
    bool valid = chain->reason == REASON_USABLE;
    char start[32];

    snprintf(start, sizeof(start), "%zu. ", number);
    FIELD(writer, number == 1 ? "chains" : "", start, valid ? "valid" : reason_word(chain->reason),
          chain->complete ? "" : ", leads to no anchor", valid && chain->text[0] != '\0' ? ": " : "",
          valid ? chain->text : "");
    writer->deeper += 1;
    write_links(writer, chain);
    writer->deeper += TREE_STEP;
    for (size_t i = 0; i < chain->rules.count; i++) {
        write_rule(writer, "", "breaks ", &chain->rules.items[i]);
    }
    write_evidence(writer, chain);
    writer->deeper -= TREE_STEP + 1;
}

void text_trail(struct writer *writer, const struct trail *trail)
{
    char left_out[64];

    if (trail->place[0] != '\0') {
        FIELD(writer, "place", trail->place);
    }
    FIELD(writer, "policy", trail->policy[0] != '\0' ? trail->policy : "trust");
    write_rules(writer, &trail->rules);
    if (trail->path_reason != REASON_UNJUDGED) {
        bool valid = trail->path_reason == REASON_USABLE;
        FIELD(writer, "path", valid ? "valid" : reason_word(trail->path_reason),
              trail->path_text[0] != '\0' ? ": " : "", trail->path_text);
    }
    for (size_t i = 0; i < trail->chain_count; i++) {
        write_chain(writer, &trail->chains[i], i + 1);
    }
    if (trail->chains_left_out > 0) {
        snprintf(left_out, sizeof(left_out), "and %zu more, not kept", trail->chains_left_out);
        FIELD(writer, "", left_out);
    }
}
