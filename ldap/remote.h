/*
 * One reading of an LDAP URL (RFC 4516) that a certificate names: a CRL
 * distribution point or an issuer's entry on a server that nobody configured.
 */
#ifndef LDAP_REMOTE_H
#define LDAP_REMOTE_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/network.h"

/* Waits, at most timeout_ms; max_bytes is of all values together. Anonymous, in clear (what is read is signed; ldaps is
 * refused), base scope, one entry; the host is resolved here, and each address checked where it is connected to; no
 * referral is followed, and a URL without a host is refused. Only certificateRevocationList, authorityRevocationList,
 * deltaRevocationList and cACertificate may be asked for. Calls `take` for each value; -1 from it ends the reading,
 * with its own words if it set any. What is larger than MAX_PDU_BYTES cannot come this way. An entry that is not there
 * is a failure. The thread that calls it has SIGPIPE blocked. -1: the words say why; *refused (NULL: nobody asks):
 * because of what the URL is, or because each of the host's addresses is one that may not be connected to. */
int remote_read(const char *url, const struct network_rules *rules, int (*take)(void *context, struct bytes value),
                void *context, bool *refused, struct error *error);

#endif
