#include "render/json_trail.h"

static void put_some(struct json_tree *tree, json_t *object, const char *key, const char *text)
{
    if (text[0] != '\0') {
        json_tree_put_text(tree, object, key, text);
    }
}

static void put_verdict(struct json_tree *tree, json_t *object, enum reason reason, const char *detail)
{
    json_tree_put_text(tree, object, "verdict", reason == REASON_USABLE ? "valid" : reason_word(reason));
    put_some(tree, object, "detail", detail);
}

static void put_rules(struct json_tree *tree, json_t *object, const struct trail_rules *rules)
{
    json_t *list = json_tree_put_array(tree, object, "rules");

    for (size_t i = 0; i < rules->count; i++) {
        json_t *rule = json_tree_add_object(tree, list);
        json_tree_put_text(tree, rule, "reason", reason_word(rules->items[i].reason));
        json_tree_put_text(tree, rule, "detail", rules->items[i].text);
        put_some(tree, rule, "clause", rules->items[i].clause);
    }
}

static void put_links(struct json_tree *tree, json_t *object, const struct trail_chain *chain)
{
    json_t *list = json_tree_put_array(tree, object, "links");

    for (size_t i = 0; i < chain->link_count; i++) {
        json_t *link = json_tree_add_object(tree, list);
        json_tree_put_text(tree, link, "subject", chain->subjects[i]);
        json_tree_put_text(tree, link, "fingerprint_sha256", chain->fingerprints[i]);
    }
}

static void put_evidence(struct json_tree *tree, json_t *object, const struct trail_chain *chain)
{
    json_t *list = json_tree_put_array(tree, object, "revocation");

    for (size_t i = 0; i < chain->evidence_count; i++) {
        const struct trail_evidence *evidence = &chain->evidence[i];
        json_t *item = json_tree_add_object(tree, list);
        json_tree_put_number(tree, item, "link", evidence->link);
        json_tree_put_text(tree, item, "kind", evidence_word(evidence->kind));
        put_some(tree, item, "source", evidence->source);
        put_some(tree, item, "crl_number", evidence->number);
        json_tree_put_time(tree, item, "this_update", evidence->this_update);
        json_tree_put_time(tree, item, "next_update", evidence->next_update);
        json_tree_put_text(tree, item, "status", evidence->word);
    }
}

static void put_chain(struct json_tree *tree, json_t *object, const struct trail_chain *chain)
{
    json_tree_put_bool(tree, object, "complete", chain->complete);
    put_links(tree, object, chain);
    put_verdict(tree, object, chain->reason, chain->text);
    put_rules(tree, object, &chain->rules);
    put_evidence(tree, object, chain);
}

void json_trail_put(struct json_tree *tree, json_t *object, const struct trail *trail)
{
    if (trail == NULL) {
        return;
    }
    json_t *explanation = json_tree_put_object(tree, object, "explanation");
    json_tree_put_text(tree, explanation, "policy", trail->policy[0] != '\0' ? trail->policy : "trust");
    if (trail->path_reason != REASON_UNJUDGED) {
        put_verdict(tree, json_tree_put_object(tree, explanation, "path"), trail->path_reason, trail->path_text);
    }
    put_rules(tree, explanation, &trail->rules);
    json_t *chains = json_tree_put_array(tree, explanation, "chains");
    for (size_t i = 0; i < trail->chain_count; i++) {
        put_chain(tree, json_tree_add_object(tree, chains), &trail->chains[i]);
    }
    if (trail->chains_left_out > 0) {
        json_tree_put_number(tree, explanation, "chains_left_out", (int64_t)trail->chains_left_out);
    }
    put_some(tree, explanation, "place", trail->place);
}
