#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/made.h"
#include "x509/notes.h"

static void must(bool held, const char *what)
{
    if (!held) {
        fprintf(stderr, "made: %s\n", what);
        abort();
    }
}

static void check_same(const struct certificate *plain, const struct certificate *explained)
{
    const struct revocation *a = &plain->revocation, *b = &explained->revocation;

    must(plain->reason == explained->reason && strcmp(plain->detail, explained->detail) == 0, "explained: verdict");
    must(plain->der == explained->der || bytes_equal(blob_bytes(plain->der), blob_bytes(explained->der)),
         "explained: leaf");
    must(plain->chain_count == explained->chain_count && plain->not_after == explained->not_after, "explained: chain");
    for (size_t i = 0; i < plain->chain_count; i++) {
        must(bytes_equal(blob_bytes(plain->chain[i]), blob_bytes(explained->chain[i])), "explained: chain");
    }
    must(a->status == b->status && a->revoked_at == b->revoked_at && a->crl_reason == b->crl_reason &&
             a->this_update == b->this_update && a->next_update == b->next_update && a->awaited == b->awaited,
         "explained: revocation");
}

/* What every trail must hold to, whatever it tells of. */
static void check_trail(const struct certificate *certificate)
{
    const struct trail *trail = certificate->trail;
    bool usable = certificate->reason == REASON_USABLE, own = trail != NULL && trail->rules.count > 0;
    struct detail_parts parts;

    must(trail != NULL, "trail: missing");
    detail_part(certificate->detail, &parts);
    must(own || trail->path_reason == certificate->reason, "trail: the path alone decides");
    must(!own || (trail->rules.items[0].reason == certificate->reason &&
                  strcmp(trail->rules.items[0].text, parts.text) == 0 &&
                  strcmp(trail->rules.items[0].clause, parts.clause) == 0),
         "trail: the first broken rule names the reason");
    must((trail->place[0] != '\0') == usable && !(own && usable), "trail: usable ones have a place, and no broken rule");
    for (size_t i = 1; i < trail->rules.count; i++) {
        must(trail->rules.items[i - 1].reason < trail->rules.items[i].reason, "trail: rules stand in order");
    }
    for (size_t i = 0; i < trail->chain_count; i++) {
        const struct trail_chain *chain = &trail->chains[i];

        must(chain->link_count > 0 && chain->link_count <= MAX_CHAIN, "trail: links");
        must(chain->reason != REASON_UNJUDGED && (chain->reason == REASON_USABLE) == (chain->rules.count == 0),
             "trail: a chain is usable or says which rule it breaks");
        must(chain->rules.count == 0 || chain->rules.items[0].reason == chain->reason, "trail: first rule of a chain");
    }
}

void made_explained(const struct judge_request *plainly, const struct answer_draft *plain)
{
    struct judge_request request = *plainly;
    struct answer_draft explained = {0};

    request.explain = true;
    must(judge(&request, &explained, NULL) == 0, "judge, explaining");
    must(explained.certificate_count == plain->certificate_count && explained.usable_count == plain->usable_count,
         "explained: count");
    for (size_t i = 0; i < plain->certificate_count; i++) {
        must(plain->certificates[i].trail == NULL, "trail: nobody asked");
        check_same(&plain->certificates[i], &explained.certificates[i]);
        check_trail(&explained.certificates[i]);
    }
    answer_draft_free(&explained);
}
