/*
 * One reading of an LDAP URL (RFC 4516) that a certificate names: a CRL
 * distribution point or an issuer's entry on a server that nobody configured.
 */
#ifndef LDAP_REMOTE_H
#define LDAP_REMOTE_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/network.h"

/* Rules of the connection: see fetch/fetcher.h, whose struct fetch_rules gateway/ hands over as these. */
struct remote_rules {
    const struct network *networks;
    size_t network_count;
    int64_t timeout_ms;
    size_t max_bytes; /* of all values together */
};

/* Waits, at most timeout_ms. Anonymous, in clear, base scope, one entry; the host is resolved here and its address
 * checked; no referral is followed. Only certificateRevocationList, authorityRevocationList, deltaRevocationList and
 * cACertificate may be asked for. Calls `take` for each value; -1 from it ends the reading. -1: the words say why. */
int remote_read(const char *url, const struct remote_rules *rules, int (*take)(void *context, struct bytes value),
                void *context, struct error *error);

#endif
