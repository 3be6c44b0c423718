/*
 * The order of a CRL's index, for crl_index.c, which makes it.
 */
#ifndef X509_CRL_SORTED_H
#define X509_CRL_SORTED_H

#include "x509/crl_index.h"

/* Where the name is among the index's names, or would be. */
size_t crl_index_name(const struct crl_index *index, const X509_NAME *name, bool *found);

/* What crl_entry.beginning is, of a serial number as it stands in `serials`. */
uint32_t crl_serial_beginning(struct bytes serial);

/* An authority may list its entries in order, and then nothing is to be done. */
void crl_index_sort(struct crl_index *index);

#endif
