/*
 * How a verdict came about, for explain: plain data that judge() writes down
 * when asked to, and render/ shows. Immutable and reference-counted once made.
 */
#ifndef BASE_TRAIL_H
#define BASE_TRAIL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"

/* A rule that was broken. */
struct trail_rule {
    enum reason reason;
    char *text;   /* "keyUsage lacks keyEncipherment" */
    char *clause; /* "RFC 5280 4.2.1.3"; "": none */
};

enum evidence_kind { EVIDENCE_CRL, EVIDENCE_OCSP };
const char *evidence_word(enum evidence_kind kind); /* "crl" "ocsp" */

/* What was found about the revocation of one link of a chain. */
struct trail_evidence {
    uint32_t link;              /* 0: the leaf */
    enum evidence_kind kind;
    char *source;               /* URL, file, or "corp: cn=CA,dc=example" */
    char *number;               /* CRL number (RFC 5280 5.2.3), decimal; "": none stated */
    int64_t this_update, next_update;
    char *word;                 /* "good" "revoked" "silent", or why it does not count */
};

/* One chain that was tried. */
struct trail_chain {
    char **subjects;            /* leaf first */
    char **fingerprints;        /* SHA-256, hex */
    size_t link_count;
    bool complete;              /* ends in an anchor */
    enum reason reason;         /* of the path alone, the leaf's usages and addresses apart */
    char *text;
    struct trail_rule *rules;   /* broken ones */
    size_t rule_count;
    struct trail_evidence *evidence;
    size_t evidence_count;
};

struct trail {
    atomic_uint references;
    char *policy;               /* of which rule of trust-rules; "": trust */
    struct trail_rule *rules;   /* broken by the leaf itself */
    size_t rule_count;
    struct trail_chain *chains; /* in the order in which they were tried */
    size_t chain_count;
    enum reason path_reason;    /* verdict on the best path alone; REASON_UNJUDGED: none was looked for (malformed) */
    char *path_text;
    char *place;                /* why it stands where it does: "first: …"; "": refused */
};

struct trail *trail_ref(struct trail *trail); /* NULL gives NULL */
void trail_free(struct trail **trail);        /* gives the reference back, sets the pointer to NULL */

#endif
