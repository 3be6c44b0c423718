/*
 * The certificates of many recipients, each once, as one PKCS#7 message. Private
 * to http/.
 *
 * Only those to encrypt to, without their issuers: who encrypts to all that is in
 * a bundle would encrypt to these as well.
 */
#ifndef HTTP_BUNDLE_H
#define HTTP_BUNDLE_H

#include "base/answer.h"
#include "base/buffer.h"

struct bundle;

struct bundle *bundle_new(size_t most); /* for so many recipients; NULL: out of memory */
void bundle_free(struct bundle **bundle);
void bundle_clear(struct bundle *bundle);

/* Takes a reference to the answer, which is found, unless its best certificate is here already. */
void bundle_add(struct bundle *bundle, struct answer *answer);
size_t bundle_count(const struct bundle *bundle);
size_t bundle_bytes(const struct bundle *bundle); /* of the message, at most */

/* Appends the message. -1: the buffer is full, or memory is out. */
int bundle_render(const struct bundle *bundle, struct buffer *out);

#endif
