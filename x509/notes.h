/*
 * Takes notes while a verdict comes about: the hand that writes the trail
 * (base/trail.h), for judge_request.explain.
 *
 * The rules of leaves (rules.c), the search for paths (path.c) and the judging
 * of one path (path_judge.c) call these where something is settled. Each takes
 * NULL, which is what they have when nobody asked: then nothing happens. Notes
 * never change a verdict.
 *
 * Failure is sticky, as in struct buffer: memory may run out anywhere, and
 * judge() asks once, at the end.
 */
#ifndef X509_NOTES_H
#define X509_NOTES_H

#include "base/trail.h"
#include "x509/path.h"

struct notes {
    struct trail *trail;        /* being written; owned */
    struct trail_chain *chain;  /* the one being judged; NULL: none, or it is beyond the limit */
    bool in_chain;              /* one is, kept or not */
    size_t complete;            /* chains kept that end in an anchor */
    bool failed;
};

/* `policy`: the name of the rule of trust-rules; "": trust. */
void notes_begin(struct notes *notes, const char *policy);
/* The trail, now the caller's; NULL: something failed. */
struct trail *notes_take(struct notes *notes);
void notes_free(struct notes *notes);

/* A broken rule: of the chain that is open, or else of the leaf. */
void notes_rule(struct notes *notes, const struct finding *finding);

/* Opens a chain, from the leaf on. Without an anchor at its end it is one that led nowhere. */
void notes_chain(struct notes *notes, const struct cert *const *certs, size_t count);
/* The certificate above the last one, for chains that end with it. */
void notes_link(struct notes *notes, const struct cert *cert);
/* What a verdict on it found about the revocation of its links. */
void notes_evidence(struct notes *notes, const struct verdict *verdict);
/* Closes it with why it leads nowhere, or with the verdict on it. */
void notes_chain_end(struct notes *notes, const struct finding *finding);
/* How many chains were tried so far, kept or not. */
size_t notes_tried(const struct notes *notes);

/* The verdict on the path by itself, whatever the leaf's own rules say. */
void notes_path(struct notes *notes, const struct finding *finding);

/* "keyUsage lacks keyEncipherment (RFC 5280 4.2.1.3)" → text and clause. The one place that parts them; without a
 * clause at its end, all of it is text. */
struct detail_parts {
    char text[MAX_DETAIL_BYTES + 1];
    char clause[MAX_DETAIL_BYTES + 1];
};
void detail_part(const char *detail, struct detail_parts *parts);

#endif
