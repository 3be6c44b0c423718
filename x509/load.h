/*
 * Certificates and CRLs out of files: PEM with any number of them, DER, PKCS#7
 * certs-only in either form, serialized stores (x509/sst.h). A folder stands for
 * all its files.
 */
#ifndef X509_LOAD_H
#define X509_LOAD_H

#include "base/error.h"
#include "x509/trust.h"

/* Adds every certificate of the file, or of the folder's files. -1: the words name path and cause; a file without a
 * certificate is a fault, and so is a certificate that cannot be parsed. One that its store restricts to uses other
 * than emailProtection is logged and left aside. */
int load_certificates(const char *path, bool anchor, struct cert_list *list, struct error *error);

/* Likewise for CRLs; those that are no evidence are logged and left aside. */
int load_crls(const char *path, const struct issuers *issuers, struct crl_list *list, struct error *error);

/* Takes over what is in `cert`. -1: out of memory, and it is freed. */
int cert_list_add(struct cert_list *list, struct cert *cert);
void cert_list_free(struct cert_list *list);

#endif
