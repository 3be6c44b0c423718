/*
 * What RFC 5280 6.1 asks of a path beyond the rules of x509/path_judge.c:
 * path lengths, policies, and whatever libcrypto knows of.
 *
 * libcrypto has the word, by X509_verify_cert(), but for two kinds of paths.
 * Misread ones: it takes a certificate for self-signed that has the same subject
 * and issuer and no authorityKeyIdentifier, and goes no further from there. But
 * a CA that changed its key may have signed the new one's certificate with the
 * old one (RFC 4210 4.4), and old software left the identifier out. And plain
 * ones, most of all: nothing in them is beyond the rules of ours, so that
 * libcrypto would check once more what was checked, all signatures included,
 * and would need an object of the recipient's key for it.
 */
#ifndef X509_PATH_CHECK_H
#define X509_PATH_CHECK_H

#include "x509/path.h"

/* Whether a certificate below the anchor looks self-signed. It is not: the next one's key is another, and signed it. */
bool path_is_misread(const struct path *path);

/* Signatures, names, keyCertSign, path lengths and policies. False: the finding says which is broken. */
bool path_check_misread(const struct path *path, const struct initial_policies *initial, struct finding *finding);

/* Whether no certificate has anything in it that libcrypto alone may know how to judge. */
bool path_is_plain(const struct path *path);

/* Path lengths and policies; the rest was tested link by link, or is a rule of x509/path_judge.c. True: libcrypto would
 * say so too. */
bool path_check_plain(const struct path *path, const struct initial_policies *initial, struct finding *finding);

/* `names_misread`: see name_constraints_check(). False: the finding has libcrypto's words. */
bool path_check_libcrypto(const struct path *path, const struct initial_policies *initial, bool names_misread,
                          struct finding *finding);

#endif
