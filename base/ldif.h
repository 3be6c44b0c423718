/*
 * LDIF read (RFC 2849), as far as ldapsearch and slapcat write it: entries with
 * their values, base64 or plain, folded lines put together, comments passed
 * over.
 *
 * Everything is bounded by the file, which the caller has bounded. Values by
 * URL ("attribute:< file:///…") are refused: a file that somebody sent shall not
 * make us read others. Change records ("changetype:") are refused as well. What
 * ldapsearch without -LLL writes behind the entries is passed over.
 */
#ifndef BASE_LDIF_H
#define BASE_LDIF_H

#include "base/buffer.h"
#include "base/error.h"

/* One value of the entry that ldif_each() is at. Valid during the call. */
struct ldif_value {
    const char *dn;            /* of the entry; "": the root */
    size_t entry;              /* number of the entry, from 0 */
    struct bytes attribute;    /* with its options, as it stands there: "userCertificate;binary" */
    struct bytes value;
};

/* Calls `visit` with each value but the DN; -1 from it ends the reading and is returned. *entries counts the entries.
 * -1: not LDIF; the words name line and cause. */
int ldif_each(struct bytes file, int (*visit)(void *context, const struct ldif_value *value, struct error *error),
              void *context, size_t *entries, struct error *error);

/* Whether the file's first line that says something is one of LDIF: "version:" or "dn:". */
bool ldif_is(struct bytes file);

/* Whether the attribute has this name, whatever its options, without case. */
bool ldif_names(struct bytes attribute, const char *name);

#endif
