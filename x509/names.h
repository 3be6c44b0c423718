/*
 * The mail addresses that a certificate names (RFC 8550 3, RFC 9598 3).
 */
#ifndef X509_NAMES_H
#define X509_NAMES_H

#include <openssl/x509.h>

#include "base/address.h"

/* Where an address stands: rfc822Name and SmtpUTF8Mailbox in subjectAltName, or emailAddress in the subject. */
enum name_place { NAME_ALTERNATIVE, NAME_SUBJECT, NAME_ILLEGIBLE };

/* Calls `visit` for each address, of at most MAX_CERTIFICATE_NAMES names in either place, as long as it returns true.
 * An rfc822Name or IA5String with octets above 127, or one of another type, is visited as illegible: it is no address,
 * but a certificate with such a one does name somebody. 1: there are more names. -1: memory, or
 * an extension that cannot be read, which cert_parse() would have refused. */
int names_each(const X509 *x509, bool (*visit)(void *context, struct bytes address, enum name_place place),
               void *context);

enum names_match {
    NAMES_UNREAD,        /* out of memory */
    NAMES_NONE,          /* no address at all */
    NAMES_OTHER,
    NAMES_BEYOND,        /* not among those looked at, and there are more */
    NAMES_IN_SUBJECT,
    NAMES_IN_ALTERNATIVE,
    NAMES_UNASKED        /* there was no address to look for */
};

/* Whether the certificate names `address`: domains as A-labels without case, ASCII letters of the local part without
 * case unless `exact_local_part`, which asks for the octets of the normalised address. Its other letters are compared
 * as they stand in the certificate, not normalised. */
enum names_match names_match(const X509 *x509, const struct address *address, bool exact_local_part);

/* Whether the certificate names one of an entry's mail values, each ended by '\n' as in struct source; those that are
 * no address name nobody. `mails` may be NULL. */
enum names_match names_match_any(const X509 *x509, const char *mails, bool exact_local_part);

/* Whether `address` is one of them. */
bool names_are_of(const char *mails, const struct address *address);

/* Whether subjectAltName has a dNSName that is exactly this normalised domain, without case; a wildcard is none. */
bool names_have_domain(const X509 *x509, const char *domain);

#endif
