#include "x509/crl_index.h"

#include <openssl/x509v3.h>
#include <stdlib.h>

#include "x509/cert.h"
#include "x509/shown.h"

/* RFC 5280 5.3. What is critical and not here puts the CRL aside. */
static const int known_extensions[] = {NID_crl_reason, NID_invalidity_date, NID_certificate_issuer};

/* One walk. */
struct making {
    struct crl_index *index;
    bool indirect;
    uint16_t issuer; /* that of the entry before, RFC 5280 5.3.3 */
    size_t names_room;
    struct error *error;
};

static size_t name_place(const struct crl_index *index, const X509_NAME *name, bool *found)
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

static int reserve_name(struct making *making)
{
    size_t room = making->names_room > 0 ? 2 * making->names_room : 1;
    struct crl_index_name *grown;

    if (making->index->name_count < making->names_room) {
        return 0;
    }
    grown = realloc(making->index->names, room * sizeof(*grown));
    if (grown == NULL) {
        return -1;
    }
    making->index->names = grown;
    making->names_room = room;
    return 0;
}

/* Takes the name's id, giving it one if it is new. */
static enum crl_taken name_id(struct making *making, const X509_NAME *name, uint16_t *id)
{
    struct crl_index *index = making->index;
    bool found;
    size_t place = name_place(index, name, &found);
    X509_NAME *copy;

    if (found) {
        *id = index->names[place].id;
        return CRL_TAKEN;
    }
    if (index->name_count == MAX_CRL_ISSUERS) {
        error_set(making->error, "entries of more than %d issuers", MAX_CRL_ISSUERS);
        return CRL_ASIDE;
    }
    copy = X509_NAME_dup(name);
    if (copy == NULL || reserve_name(making) < 0) {
        X509_NAME_free(copy);
        error_set(making->error, "out of memory");
        return CRL_BROKEN;
    }
    memmove(&index->names[place + 1], &index->names[place], (index->name_count - place) * sizeof(index->names[0]));
    *id = (uint16_t)index->name_count++;
    index->names[place] = (struct crl_index_name){copy, *id};
    return CRL_TAKEN;
}

static const X509_NAME *only_directory_name(const GENERAL_NAMES *names)
{
    const X509_NAME *only = NULL;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_DIRNAME) {
            if (only != NULL) {
                return NULL;
            }
            only = name->d.directoryName;
        }
    }
    return only;
}

static enum crl_taken read_issuer(struct making *making, const X509_REVOKED *entry)
{
    int found = -1;
    GENERAL_NAMES *names = X509_REVOKED_get_ext_d2i(entry, NID_certificate_issuer, &found, NULL);
    const X509_NAME *name = names != NULL ? only_directory_name(names) : NULL;
    enum crl_taken taken = CRL_TAKEN;

    if (names == NULL && found == -1) {
        return CRL_TAKEN;
    }
    if (name == NULL) {
        error_set(making->error, "an entry's certificateIssuer is not one directory name (RFC 5280 5.3.3)");
        taken = CRL_ASIDE;
    } else if (!making->indirect) {
        error_set(making->error, "an entry's certificateIssuer in a CRL that is not indirect (RFC 5280 5.3.3)");
        taken = CRL_ASIDE;
    } else {
        taken = name_id(making, name, &making->issuer);
    }
    GENERAL_NAMES_free(names);
    return taken;
}

static enum crl_taken check_extensions(struct making *making, const X509_REVOKED *entry)
{
    char name[80];

    for (int i = 0; i < X509_REVOKED_get_ext_count(entry); i++) {
        X509_EXTENSION *extension = X509_REVOKED_get_ext(entry, i);
        const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
        bool known = false;

        for (size_t k = 0; k < sizeof(known_extensions) / sizeof(known_extensions[0]); k++) {
            known = known || OBJ_obj2nid(object) == known_extensions[k];
        }
        if (i == MAX_EXTENSIONS || X509_REVOKED_get_ext_by_OBJ(entry, object, i) >= 0) {
            error_set(making->error, "an entry's extension %s stands there twice (RFC 5280 5.3)",
                      shown_object(object, name, sizeof(name)));
            return CRL_BROKEN;
        }
        if (!known && X509_EXTENSION_get_critical(extension)) {
            error_set(making->error, "an entry's critical extension %s, which is not supported (RFC 5280 5.3)",
                      shown_object(object, name, sizeof(name)));
            return CRL_ASIDE;
        }
    }
    return CRL_TAKEN;
}

static enum crl_taken read_reason(struct making *making, const X509_REVOKED *entry, int8_t *reason)
{
    int found = -1;
    ASN1_ENUMERATED *value = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, &found, NULL);
    long number;

    *reason = -1;
    if (value == NULL) {
        if (found != -1) {
            error_set(making->error, "an entry's reasonCode cannot be read (RFC 5280 5.3.1)");
        }
        return found == -1 ? CRL_TAKEN : CRL_BROKEN;
    }
    number = ASN1_ENUMERATED_get(value);
    *reason = number >= 0 && number <= CRL_REASON_AA_COMPROMISE ? (int8_t)number : (int8_t)-1;
    ASN1_ENUMERATED_free(value);
    return CRL_TAKEN;
}

/* A serial number too long for any certificate that we would look at is left out. */
static void append(struct crl_index *index, const ASN1_INTEGER *serial, const struct crl_entry *entry)
{
    int size = ASN1_STRING_length(serial);

    if (size >= MAX_VALUE_BYTES - 1) {
        return;
    }
    index->entries[index->count] = *entry;
    index->entries[index->count].serial = (uint32_t)index->serial_bytes;
    index->entries[index->count].serial_size = (uint16_t)(size + 1);
    index->count++;
    index->serials[index->serial_bytes++] = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
    memcpy(index->serials + index->serial_bytes, ASN1_STRING_get0_data(serial), (size_t)size);
    index->serial_bytes += (size_t)size;
}

static enum crl_taken read_entry(struct making *making, const X509_REVOKED *revoked)
{
    struct crl_entry entry = {.reason = -1};
    enum crl_taken taken = CRL_TAKEN;

    if (cert_time(X509_REVOKED_get0_revocationDate(revoked), &entry.revoked_at) < 0) {
        error_set(making->error, "an entry's revocationDate is not a time (RFC 5280 5.1.2.6)");
        return CRL_BROKEN;
    }
    if (X509_REVOKED_get_ext_count(revoked) > 0) {
        taken = check_extensions(making, revoked);
        taken = taken == CRL_TAKEN ? read_issuer(making, revoked) : taken;
        taken = taken == CRL_TAKEN ? read_reason(making, revoked, &entry.reason) : taken;
    }
    if (taken == CRL_TAKEN) {
        entry.issuer = making->issuer;
        append(making->index, X509_REVOKED_get0_serialNumber(revoked), &entry);
    }
    return taken;
}

static int compare_serials(const struct crl_index *index, const struct crl_entry *entry, struct bytes serial)
{
    if (entry->serial_size != serial.size) {
        return entry->serial_size < serial.size ? -1 : 1;
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
    order = compare_serials(index, left, bytes_of(index->serials + right->serial, right->serial_size));
    if (order == 0) {
        order = (left->reason == CRL_REASON_REMOVE_FROM_CRL) - (right->reason == CRL_REASON_REMOVE_FROM_CRL);
    }
    return order != 0 ? order : left->serial < right->serial ? -1 : left->serial > right->serial;
}

/* Room for all at once: how many there are and how long their serial numbers are is known before. */
static bool reserve(struct crl_index *index, STACK_OF(X509_REVOKED) *entries)
{
    size_t count = entries != NULL ? (size_t)sk_X509_REVOKED_num(entries) : 0, bytes = 0;

    for (size_t i = 0; i < count; i++) {
        bytes += 1 + (size_t)ASN1_STRING_length(
                         X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(entries, (int)i)));
    }
    index->entries = calloc(count + 1, sizeof(index->entries[0]));
    index->serials = malloc(bytes + 1);
    return index->entries != NULL && index->serials != NULL && bytes <= UINT32_MAX;
}

enum crl_taken crl_index_make(struct crl_index *index, X509_CRL *x509, bool indirect, struct error *error)
{
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(x509);
    struct making making = {.index = index, .indirect = indirect, .error = error};
    enum crl_taken taken = CRL_BROKEN;

    *index = (struct crl_index){0};
    if (!reserve(index, entries)) {
        error_set(error, "out of memory");
    } else {
        taken = name_id(&making, X509_CRL_get_issuer(x509), &making.issuer);
    }
    for (int i = 0; i < sk_X509_REVOKED_num(entries) && taken == CRL_TAKEN; i++) {
        taken = read_entry(&making, sk_X509_REVOKED_value(entries, i));
    }
    if (taken != CRL_TAKEN) {
        crl_index_free(index);
    } else if (index->count > 1) {
        qsort_r(index->entries, index->count, sizeof(index->entries[0]), compare, index);
    }
    return taken;
}

void crl_index_free(struct crl_index *index)
{
    for (size_t i = 0; i < index->name_count; i++) {
        X509_NAME_free(index->names[i].name);
    }
    free(index->names);
    free(index->entries);
    free(index->serials);
    *index = (struct crl_index){0};
}

static const struct crl_entry *find(const struct crl_index *index, uint16_t issuer, struct bytes serial)
{
    size_t low = 0, high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct crl_entry *entry = &index->entries[middle];

        if (entry->issuer < issuer || (entry->issuer == issuer && compare_serials(index, entry, serial) < 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < index->count && index->entries[low].issuer == issuer &&
        compare_serials(index, &index->entries[low], serial) == 0) {
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
    size_t place = name_place(index, issuer, &found);

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
    size_t place = name_place(index, issuer, &found);
    const struct crl_entry *entry = found ? find(index, index->names[place].id, serial) : NULL;

    return entry != NULL && entry->reason == CRL_REASON_REMOVE_FROM_CRL;
}

void crl_index_each(const struct crl_index *index,
                    void (*visit)(void *context, const X509_NAME *issuer, struct bytes serial, int reason),
                    void *context)
{
    const X509_NAME *names[MAX_CRL_ISSUERS] = {NULL};

    for (size_t i = 0; i < index->name_count; i++) {
        names[index->names[i].id] = index->names[i].name;
    }
    for (size_t i = 0; i < index->count; i++) {
        const struct crl_entry *entry = &index->entries[i];

        visit(context, names[entry->issuer], bytes_of(index->serials + entry->serial, entry->serial_size),
              entry->reason);
    }
}

size_t crl_index_bytes(const struct crl_index *index)
{
    return index->count * sizeof(index->entries[0]) + index->serial_bytes + index->name_count * 256;
}
