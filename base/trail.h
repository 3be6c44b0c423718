/*
 * How a verdict came about, for explain: plain data that judge() writes down
 * when asked to (x509/notes.c) and render/ shows. Being made it belongs to its
 * maker alone; once made it is immutable and reference-counted.
 *
 * Whoever makes one keeps to the limits of base/limits.h: MAX_TRAIL_*. What does
 * not fit is counted, not forgotten.
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

/* Rules broken, in the order in which they were asked. */
struct trail_rules {
    struct trail_rule *items;
    size_t count;
};

/* One chain that was tried. */
struct trail_chain {
    char **subjects;            /* leaf first */
    char **fingerprints;        /* SHA-256, hex */
    size_t link_count;
    bool complete;              /* ends in an anchor */
    enum reason reason;         /* of the path alone, the leaf's usages and addresses apart */
    char *text;                 /* why, or a remark; "" */
    struct trail_rules rules;
    struct trail_evidence *evidence;
    size_t evidence_count;
};

struct trail {
    atomic_uint references;
    char *policy;               /* of which rule of trust-rules; "": trust */
    struct trail_rules rules;   /* broken by the leaf itself */
    struct trail_chain *chains; /* in the order in which they were tried */
    size_t chain_count;
    size_t chains_left_out;     /* tried as well, beyond what is kept */
    enum reason path_reason;    /* verdict on the best path alone; REASON_UNJUDGED: none was looked for (malformed) */
    char *path_text;
    char *place;                /* why it stands where it does: "first: …"; "": refused */
};

/* One reference, the caller's; every string is "". NULL: out of memory. */
struct trail *trail_new(void);
struct trail *trail_ref(struct trail *trail); /* NULL gives NULL */
void trail_free(struct trail **trail);        /* gives the reference back, sets the pointer to NULL */

/* The making. Strings are copied. -1, or NULL: out of memory; the trail is still whole. */
int trail_set(char **text, const char *value); /* of a string of the trail: policy, path_text, place, a chain's text */
int trail_add_rule(struct trail_rules *rules, enum reason reason, const char *text, const char *clause);
struct trail_chain *trail_add_chain(struct trail *trail); /* valid until the next one */
int trail_add_link(struct trail_chain *chain, const char *subject, const char *fingerprint);
int trail_add_evidence(struct trail_chain *chain, const struct trail_evidence *evidence);

/* What it costs in memory, about: an answer that holds it counts it in. */
size_t trail_bytes(const struct trail *trail);

#endif
