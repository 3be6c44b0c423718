/*
 * Names as name constraints compare them (RFC 5280 4.2.1.10), one form at a
 * time. rfc822Name, SmtpUTF8Mailbox (RFC 9598 6) and the subject's emailAddress
 * are one form: all three name a mailbox.
 *
 * Two readings of "matches" keep constraints tight from both sides. A permitted
 * subtree is read as it is written: the local part octet for octet (RFC 5280
 * 7.5). An excluded one takes in whatever we would take for the same mailbox:
 * who may not issue for bob@example.org may not issue for Bob@example.org.
 */
#ifndef X509_NAME_FORMS_H
#define X509_NAME_FORMS_H

#include <openssl/x509v3.h>

#include "base/bytes.h"

enum name_form { FORM_MAIL, FORM_DNS, FORM_DIRECTORY, FORM_URI, FORM_ADDRESS, FORM_OTHER };

/* One name of a certificate, or one base of a constraint. What it points to is borrowed, but for what is owned. */
struct form_name {
    enum name_form form;
    bool readable;               /* false: it cannot be compared with another of its form */
    bool subtree;                /* of a base of FORM_MAIL or FORM_URI: a leading dot, so only what is below it */
    struct bytes text;           /* as it stands there, for words; local part of FORM_MAIL is in it */
    size_t local_size;           /* of FORM_MAIL, up to the '@'; of a base 0: all mailboxes of the host */
    char *host;                  /* FORM_MAIL, FORM_URI: A-labels, lower case; owned. NULL: an empty base */
    const X509_NAME *directory;
    const GENERAL_NAME *general; /* FORM_OTHER: what tells its kind */
    unsigned char *converted;    /* owned by libcrypto's allocator: `text` of a subject's emailAddress */
};

/* -1: out of memory. Whatever came, form_name_clear() is owed. */
int form_name_of(const GENERAL_NAME *general, struct form_name *name);
int form_name_of_base(const GENERAL_NAME *general, struct form_name *base);
int form_name_of_subject_mail(const ASN1_STRING *value, struct form_name *name);
struct form_name form_name_of_directory(const X509_NAME *directory);
void form_name_clear(struct form_name *name);

/* Whether a constraint on `base` says anything about `name`. */
bool form_names_meet(const struct form_name *base, const struct form_name *name);

/* What a comparison costs, in comparisons of short texts. */
int form_names_cost(const struct form_name *base, const struct form_name *name);

enum form_match { MATCH_NOT, MATCH, MATCH_NO_MEMORY };

/* Both readable, and of forms that meet. `excluded`: see above. */
enum form_match form_names_match(const struct form_name *base, const struct form_name *name, bool excluded);

#endif
