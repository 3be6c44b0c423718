#include "x509/crl_index.h"

#include <openssl/x509v3.h>
#include <stdlib.h>

#include "x509/cert.h"
#include "x509/crl_plain.h"
#include "x509/crl_sorted.h"
#include "x509/shown.h"

/* RFC 5280 5.3. What is critical and not here puts the CRL aside. */
static const int known_extensions[] = {NID_crl_reason, NID_invalidity_date, NID_certificate_issuer};

/* One walk. */
struct making {
    struct crl_index *index;
    bool indirect;
    uint16_t issuer; /* that of the entry before, RFC 5280 5.3.3 */
    size_t names_room, entries_room;
    struct error *error;
};

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
    size_t place = crl_index_name(index, name, &found);
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

static bool reserve_entry(struct making *making)
{
    struct crl_index *index = making->index;
    size_t room = 2 * making->entries_room + 16;
    struct crl_entry *grown;

    if (index->count < making->entries_room) {
        return true;
    }
    grown = realloc(index->entries, room * sizeof(*grown));
    if (grown != NULL) {
        index->entries = grown;
        making->entries_room = room;
    }
    return grown != NULL;
}

/* A serial number too long for any certificate that we would look at is left out. */
static enum crl_taken append(struct making *making, bool negative, struct bytes magnitude, struct crl_entry entry)
{
    struct crl_index *index = making->index;
    uint8_t *serial = index->serials + index->serial_bytes;

    if (magnitude.size >= MAX_VALUE_BYTES - 1) {
        return CRL_TAKEN;
    }
    if (!reserve_entry(making)) {
        error_set(making->error, "out of memory");
        return CRL_BROKEN;
    }
    serial[0] = negative;
    memcpy(serial + 1, magnitude.data, magnitude.size);
    entry.serial = (uint32_t)index->serial_bytes;
    entry.serial_size = (uint16_t)(magnitude.size + 1);
    entry.beginning = crl_serial_beginning(bytes_of(serial, entry.serial_size));
    entry.issuer = making->issuer;
    index->entries[index->count++] = entry;
    index->serial_bytes += entry.serial_size;
    return CRL_TAKEN;
}

static enum crl_taken read_entry(struct making *making, const X509_REVOKED *revoked)
{
    const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(revoked);
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
        taken = append(making, ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER,
                       bytes_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)), entry);
    }
    return taken;
}

static enum crl_taken take_entry(struct making *making, struct bytes *rest)
{
    const uint8_t *at = rest->data;
    struct crl_plain plain;
    X509_REVOKED *revoked;
    enum crl_taken taken;

    if (crl_plain_take(rest, &plain)) {
        return append(making, false, plain.serial,
                      (struct crl_entry){.revoked_at = plain.revoked_at, .reason = plain.reason});
    }
    revoked = d2i_X509_REVOKED(NULL, &at, (long)rest->size);
    if (revoked == NULL) {
        error_set(making->error, "not a CRL: entry %zu cannot be read (RFC 5280 5.1.2.6)", making->index->count + 1);
        return CRL_BROKEN;
    }
    *rest = bytes_of(at, rest->size - (size_t)(at - rest->data));
    taken = read_entry(making, revoked);
    X509_REVOKED_free(revoked);
    return taken;
}

/* What was reserved and is not needed goes back. */
static void trim(struct crl_index *index)
{
    void *entries = realloc(index->entries, (index->count + 1) * sizeof(index->entries[0]));
    void *serials;

    if (entries != NULL) {
        index->entries = entries;
    }
    serials = realloc(index->serials, index->serial_bytes + 1);
    if (serials != NULL) {
        index->serials = serials;
    }
}

enum crl_taken crl_index_make(struct crl_index *index, struct bytes entries, const X509_NAME *issuer, bool indirect,
                              struct error *error)
{
    struct making making = {.index = index, .indirect = indirect, .error = error};
    enum crl_taken taken = CRL_BROKEN;

    *index = (struct crl_index){0};
    if (entries.size <= UINT32_MAX) {
        index->serials = malloc(entries.size + 1); /* all of them together are shorter than the entries */
    }
    if (index->serials == NULL) {
        error_set(error, "out of memory");
    } else {
        taken = name_id(&making, issuer, &making.issuer);
    }
    while (entries.size > 0 && taken == CRL_TAKEN) {
        taken = take_entry(&making, &entries);
    }
    if (taken != CRL_TAKEN) {
        crl_index_free(index);
    } else {
        crl_index_sort(index);
        trim(index);
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
