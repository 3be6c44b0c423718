/*
 * Microsoft's serialized certificate store, the .sst file, in which Exchange
 * keeps its virtual certificate collection (MS-OSHARED 2.3.2.5): certificates,
 * CRLs and trust lists, each after its properties. All numbers are u32,
 * little-endian.
 *
 *   file      version 0 ‖ type "CERT" ‖ element … ‖ end
 *   element   property … ‖ kind (0x20 certificate, 0x21 CRL, 0x22 CTL) ‖ encoding 1 ‖ length ‖ DER
 *   property  id (1 to 0xffff, but none of the kinds) ‖ encoding 1 ‖ length ‖ bytes
 *   end       0 ‖ 0 ‖ 0, and nothing after it
 */
#ifndef X509_SST_H
#define X509_SST_H

#include "base/bytes.h"
#include "base/error.h"

enum sst_kind { SST_CERTIFICATE = 0x20, SST_CRL = 0x21, SST_CTL = 0x22 };

/* All borrowed from the file. */
struct sst_element {
    enum sst_kind kind;
    struct bytes der;
    struct bytes friendly_name; /* property 11: UTF-16LE, often with a NUL at its end */
    struct bytes usages;        /* property 9: extKeyUsage (RFC 5280 4.2.1.12), DER */
    bool has_usages;
};

/* By what it begins with. */
bool sst_is(struct bytes file);

/* Calls `visit` for each element, in the order of the file; stops at the first -1, which it returns. -1 also for a file
 * that is not well-formed, which shows only when the walk comes there. */
int sst_each(struct bytes file, int (*visit)(void *context, const struct sst_element *element, struct error *error),
             void *context, struct error *error);

#define SST_NAME_BYTES 256

/* The friendly name in UTF-8, cut, and fit to be shown; "" where there is none. Returns `out`. */
const char *sst_name(const struct sst_element *element, char out[SST_NAME_BYTES]);

#endif
