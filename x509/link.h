/*
 * One number for one certificate, as CRLs name it: by issuer and serial number. The same in every process and in no
 * way secret; two that meet cost a needless judging, no more.
 */
#ifndef X509_LINK_H
#define X509_LINK_H

#include <openssl/x509.h>

#include "base/bytes.h"

uint64_t link_of(const X509 *x509);

/* The name's part of it, to be worked out once for many entries. */
uint64_t link_of_issuer(const X509_NAME *issuer);

/* `serial` as crl_index.h has it: a sign, then the magnitude. */
uint64_t link_of_entry(uint64_t issuer, struct bytes serial);

#endif
