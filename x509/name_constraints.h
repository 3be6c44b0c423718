/*
 * Name constraints of a path (RFC 5280 4.2.1.10 and 6.1.3 (b), (c); RFC 9598 6).
 *
 * A rule of our own, for libcrypto's has gaps where mailboxes are concerned: it
 * compares an SmtpUTF8Mailbox with the domain in A-labels as if it were another
 * one, refuses any emailAddress of the subject that is not an IA5String, and
 * lets "Bob@" pass where "bob@" is excluded. Here every form is compared, of
 * every certificate below the issuer that constrains it; a name that a
 * constraint speaks of and that cannot be compared is refused, critical or not.
 * The anchor's constraints count as well.
 */
#ifndef X509_NAME_CONSTRAINTS_H
#define X509_NAME_CONSTRAINTS_H

#include "x509/path.h"

/* False: `finding` says bad_chain, or internal when memory is out. `misread` becomes true where libcrypto's own check
 * may refuse what is good: it is ignored then. */
bool name_constraints_check(const struct path *path, bool *misread, struct finding *finding);

#endif
