/*
 * What was found in files, for --inspect: values to be judged with their
 * sources, and, of each entry or file, the issuers and CRLs beside them.
 */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include "base/error.h"
#include "cli/evidence.h"
#include "x509/judge.h"

#define FINDINGS_MAX 4096 /* values, all files together */

struct findings {
    struct candidate *candidates;
    size_t count, capacity;
    struct asked *asked;       /* one for each file, as if it were a directory */
    size_t asked_count;

    /* The file, and the entry in it, that is being read. */
    const char *file;
    char *dn;                  /* "": a file without entries */
    size_t entry_begins;       /* its first candidate */
    struct buffer mails;       /* its mails, normalised, each ended by '\n' */
    size_t mail_count;
    struct blob *offered[2][MAX_EVIDENCE_OBJECTS]; /* by OFFER_…: of this entry */
    size_t offered_count[2];
    struct collector *collector;
    char **texts;              /* owned strings of all sources */
    size_t text_count;
};

enum offer { OFFER_ISSUERS, OFFER_CRLS };

void findings_init(struct findings *findings, struct collector *collector);
void findings_free(struct findings *findings);

/* Reads one file; `name` is what sources call it, and must outlive the findings. -1: the words say why. */
int findings_read(struct findings *findings, const char *name, struct bytes content, struct error *error);

/* For the readers of one kind of file. All -1: out of memory, or too many; the words say which. */
int findings_begin_entry(struct findings *findings, const char *dn, struct error *error);
int findings_end_entry(struct findings *findings, struct error *error);
int findings_add_value(struct findings *findings, enum attribute attribute, struct bytes value, struct error *error);
int findings_offer(struct findings *findings, enum offer offer, struct bytes object, struct error *error);
void findings_add_mail(struct findings *findings, struct bytes mail); /* what is no address is passed over */

#endif
