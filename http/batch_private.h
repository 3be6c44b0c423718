/*
 * A batch under way. Private to http/batch*.c.
 *
 *   batch.c       reads who is asked for, has them looked up, tells what came
 *   batch_send.c  the answer, once everybody is in it
 */
#ifndef HTTP_BATCH_PRIVATE_H
#define HTTP_BATCH_PRIVATE_H

#include "http/bundle.h"
#include "http/lookups.h"
#include "render/batch.h"

#define OUTCOMES (OUTCOME_FOUND + 1)

struct batch {
    struct request *request;
    struct recipient_list list; /* what was asked, as it was sent */
    struct bundle *bundle;      /* of the certificates, where these are wanted; NULL: everybody is told of in JSON */
    bool partial;               /* it is wanted although somebody has none */
    struct buffer body;         /* of the answer, as far as nobody has to be waited for: those told of, in JSON */
    size_t told;                /* recipients that are in it; with a bundle, only those who are not in there */
    size_t allowed;             /* of the recipients, those before this one may be looked up by this client */
    size_t nones, nones_paid;   /* told "none" so far; and at most, in all times that we told */
    bool is_shut;               /* one more must not be told, nor then anything else */
    size_t outcomes[OUTCOMES];  /* of those that were looked up */
    size_t untold;              /* who was not: a limit, or too much is under way */
    int64_t retry_after_s;      /* the longest of the unknown ones */
    bool waits;                 /* somebody has to be waited for: what comes behind is told later */
    struct lookups lookups;
    size_t *question_of;        /* recipient → number of its question, 0: none. NULL: there are no questions */
};

enum MHD_Result batch_send(struct batch *batch);

#endif
