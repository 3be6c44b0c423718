#include "x509/crl_sorted.h"

#include <openssl/x509v3.h>
#include <stdlib.h>

size_t crl_index_name(const struct crl_index *index, const X509_NAME *name, bool *found)
{
    size_t low = 0, high = index->name_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (X509_NAME_cmp(index->names[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = low < index->name_count && X509_NAME_cmp(index->names[low].name, name) == 0;
    return low;
}

uint32_t crl_serial_beginning(struct bytes serial)
{
    uint32_t beginning = 0;

    for (size_t i = 0; i < sizeof(beginning) && i < serial.size; i++) {
        beginning = beginning << 8 | serial.data[i];
    }
    return beginning;
}

static int compare_serials(const struct crl_index *index, const struct crl_entry *entry, uint32_t beginning,
                           struct bytes serial)
{
    if (entry->serial_size != serial.size) {
        return entry->serial_size < serial.size ? -1 : 1;
    }
    if (entry->beginning != beginning) {
        return entry->beginning < beginning ? -1 : 1;
    }
    return memcmp(index->serials + entry->serial, serial.data, serial.size);
}

/* Of an entry that stands there twice, the one that revokes comes first. */
static int compare(const void *a, const void *b, void *context)
{
    const struct crl_index *index = context;
    const struct crl_entry *left = a, *right = b;
    int order;

    if (left->issuer != right->issuer) {
        return left->issuer < right->issuer ? -1 : 1;
    }
    order = compare_serials(index, left, right->beginning,
                            bytes_of(index->serials + right->serial, right->serial_size));
    if (order == 0) {
        order = (left->reason == CRL_REASON_REMOVE_FROM_CRL) - (right->reason == CRL_REASON_REMOVE_FROM_CRL);
    }
    return order != 0 ? order : left->serial < right->serial ? -1 : left->serial > right->serial;
}

void crl_index_sort(struct crl_index *index)
{
    for (size_t i = 1; i < index->count; i++) {
        if (compare(&index->entries[i - 1], &index->entries[i], index) > 0) {
            qsort_r(index->entries, index->count, sizeof(index->entries[0]), compare, index);
            return;
        }
    }
}

static const struct crl_entry *find(const struct crl_index *index, uint16_t issuer, struct bytes serial)
{
    uint32_t beginning = crl_serial_beginning(serial);
    size_t low = 0, high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct crl_entry *entry = &index->entries[middle];

        if (entry->issuer < issuer ||
            (entry->issuer == issuer && compare_serials(index, entry, beginning, serial) < 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < index->count && index->entries[low].issuer == issuer &&
        compare_serials(index, &index->entries[low], beginning, serial) == 0) {
        return &index->entries[low];
    }
    return NULL;
}

const struct crl_entry *crl_index_find(const struct crl_index *index, const X509_NAME *issuer,
                                       const ASN1_INTEGER *serial)
{
    uint8_t wanted[MAX_VALUE_BYTES];
    int size = ASN1_STRING_length(serial);
    bool found;
    size_t place = crl_index_name(index, issuer, &found);

    if (!found || size >= MAX_VALUE_BYTES - 1) {
        return NULL;
    }
    wanted[0] = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
    memcpy(wanted + 1, ASN1_STRING_get0_data(serial), (size_t)size);
    return find(index, index->names[place].id, bytes_of(wanted, (size_t)size + 1));
}

bool crl_index_removes(const struct crl_index *index, const X509_NAME *issuer, struct bytes serial)
{
    bool found;
    size_t place = crl_index_name(index, issuer, &found);
    const struct crl_entry *entry = found ? find(index, index->names[place].id, serial) : NULL;

    return entry != NULL && entry->reason == CRL_REASON_REMOVE_FROM_CRL;
}
