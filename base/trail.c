#include "base/trail.h"

#include <stdlib.h>

const char *evidence_word(enum evidence_kind kind)
{
    return kind == EVIDENCE_OCSP ? "ocsp" : "crl";
}

struct trail *trail_ref(struct trail *trail)
{
    if (trail != NULL) {
        atomic_fetch_add_explicit(&trail->references, 1, memory_order_relaxed);
    }
    return trail;
}

static void rules_free(struct trail_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(rules[i].text);
        free(rules[i].clause);
    }
    free(rules);
}

static void chain_free(struct trail_chain *chain)
{
    for (size_t i = 0; i < chain->link_count; i++) {
        free(chain->subjects[i]);
        free(chain->fingerprints[i]);
    }
    for (size_t i = 0; i < chain->evidence_count; i++) {
        free(chain->evidence[i].source);
        free(chain->evidence[i].number);
        free(chain->evidence[i].word);
    }
    rules_free(chain->rules, chain->rule_count);
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
    rules_free(gone->rules, gone->rule_count);
    free(gone->policy);
    free(gone->path_text);
    free(gone->place);
    free(gone);
}
