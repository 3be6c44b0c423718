#include <stdlib.h>
#include <strings.h>

#include "base/metrics.h"
#include "base/text.h"
#include "ldap/link.h"

/* RFC 4523 4.1, RFC 2798 2.8. Some servers know one of the two spellings only. */
const struct search_kind kind_recipient = {
    .attributes = (const char *const[]){"userCertificate;binary", "userCertificate", "userSMIMECertificate;binary",
                                        "userSMIMECertificate", "mail", NULL},
    .rows = (const struct attribute_row[]){{"userCertificate", ATTRIBUTE_USER_CERTIFICATE},
                                           {"2.5.4.36", ATTRIBUTE_USER_CERTIFICATE},
                                           {"userSMIMECertificate", ATTRIBUTE_USER_SMIME_CERTIFICATE},
                                           {"2.16.840.1.113730.3.1.40", ATTRIBUTE_USER_SMIME_CERTIFICATE},
                                           {NULL}},
    .most_values = MAX_VALUES,
    .takes_mails = true,
};

/* RFC 4523 4.2; and 4.1, where a signer of CRLs that is no CA has its certificate. */
const struct search_kind kind_issuers = {
    .attributes = (const char *const[]){"cACertificate;binary", "cACertificate", "userCertificate;binary",
                                        "userCertificate", NULL},
    .rows = (const struct attribute_row[]){{"cACertificate"}, {"2.5.4.37"}, {"userCertificate"}, {"2.5.4.36"}, {NULL}},
    .most_values = MAX_ENTRY_VALUES,
    .may_be_absent = true,
};

/* RFC 4523 4.4, 4.5, 4.6. */
const struct search_kind kind_crls = {
    .attributes = (const char *const[]){"certificateRevocationList;binary", "certificateRevocationList",
                                        "authorityRevocationList;binary", "authorityRevocationList",
                                        "deltaRevocationList;binary", "deltaRevocationList", NULL},
    .rows = (const struct attribute_row[]){{"certificateRevocationList"}, {"2.5.4.39"}, {"authorityRevocationList"},
                                           {"2.5.4.38"}, {"deltaRevocationList"}, {"2.5.4.53"}, {NULL}},
    .most_values = MAX_ENTRY_VALUES,
    .may_be_absent = true,
};

const struct search_kind kind_names = {
    .attributes = (const char *const[]){"mail", NULL},
    .rows = (const struct attribute_row[]){{NULL}},
    .takes_mails = true,
};

/* An entry's own addresses. RFC 4524 2.16. */
static const char *const MAIL_NAMES[] = {"mail", "rfc822Mailbox", "0.9.2342.19200300.100.1.3"};

/* What became of a request, by its result code; any other code is a refusal. */
static const struct {
    int code;
    enum asked_result result;
} RESULTS[] = {
    {LDAP_SUCCESS, ASKED_ANSWERED},
    {LDAP_SIZELIMIT_EXCEEDED, ASKED_CUT_OFF},
    {LDAP_TIMELIMIT_EXCEEDED, ASKED_CUT_OFF},
    {LDAP_ADMINLIMIT_EXCEEDED, ASKED_CUT_OFF},
};

/* An entry that is not there: none of this name, no name at all, one of another server's. */
static const int ABSENT[] = {LDAP_NO_SUCH_OBJECT, LDAP_INVALID_DN_SYNTAX, LDAP_REFERRAL};

/* One entry while it is read. */
struct entry {
    struct search *search;
    const struct directory_config *config;
    const struct server *server;
    struct berval dn;
    size_t first_value; /* of this entry, in the search's values */
    uint32_t indexes[2]; /* values seen of each attribute */
    char mails[MAX_ENTRY_MAILS][MAX_ADDRESS_BYTES + 1]; /* normalised, each once */
    size_t mail_count, mails_read;
    bool lacks_mails; /* there are more than are taken */
};

/* The worst that was said of any part is what is said of the whole. */
static void worsen(struct search *search, const struct server *server, enum asked_result result, const char *words)
{
    if (result > search->so_far) {
        search->so_far = result;
        error_set(&search->words, "%s: search: %s", server->name, words);
    }
}

static const struct attribute_row *find_attribute(const struct search_kind *kind, struct bytes description)
{
    for (const struct attribute_row *row = kind->rows; row->name != NULL; row++) {
        if (entry_names(description, row->name)) {
            return row;
        }
    }
    return NULL;
}

static bool is_mail(struct bytes description)
{
    for (size_t i = 0; i < sizeof(MAIL_NAMES) / sizeof(MAIL_NAMES[0]); i++) {
        if (entry_names(description, MAIL_NAMES[i])) {
            return true;
        }
    }
    return false;
}

/* The DN as valid UTF-8, cut at a character. */
static char *copy_dn(struct berval dn)
{
    size_t size = dn.bv_len < MAX_DN_BYTES ? dn.bv_len : MAX_DN_BYTES;
    bool is_utf8 = text_is_utf8(bytes_of(dn.bv_val, dn.bv_len));

    while (is_utf8 && size < dn.bv_len && size > 0 && ((unsigned char)dn.bv_val[size] & 0xc0) == 0x80) {
        size--;
    }
    char *copy = malloc(size + 1);

    if (copy == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)dn.bv_val[i];

        copy[i] = c == '\0' || (c >= 0x80 && !is_utf8) ? '?' : (char)c;
    }
    copy[size] = '\0';
    return copy;
}

static bool is_known(const struct entry *entry, enum attribute attribute, struct bytes value)
{
    const struct search_result *result = entry->search->result;

    for (size_t i = entry->first_value; i < result->value_count; i++) {
        if (result->values[i].attribute == attribute && bytes_equal(blob_bytes(result->values[i].value), value)) {
            return true;
        }
    }
    return false;
}

static int make_room(struct search *search)
{
    struct search_result *result = search->result;

    if (result->value_count < search->capacity) {
        return 0;
    }
    size_t capacity = search->capacity == 0 ? 4 : 2 * search->capacity;
    struct found_value *values = realloc(result->values, capacity * sizeof(*values));

    if (values == NULL) {
        return -1;
    }
    result->values = values;
    search->capacity = capacity;
    return 0;
}

static void append_value(const struct entry *entry, enum attribute attribute, uint32_t index, struct bytes value)
{
    struct search_result *result = entry->search->result;
    struct found_value found = {.attribute = attribute, .index = index};

    if (make_room(entry->search) == 0) {
        found.value = blob_new(value);
        found.dn = copy_dn(entry->dn);
    }
    if (found.value == NULL || found.dn == NULL) {
        blob_free(&found.value);
        free(found.dn);
        entry->search->out_of_memory = true;
        return;
    }
    result->values[result->value_count++] = found;
}

/* False: no more values are taken. */
static bool collect_value(struct entry *entry, enum attribute attribute, struct bytes value)
{
    if (is_known(entry, attribute, value)) {
        return true;
    }
    uint32_t index = entry->indexes[attribute]++;

    if (value.size > entry->search->max_value_bytes) {
        count(COUNT_LIMIT_VALUE_BYTES);
        worsen(entry->search, entry->server, ASKED_CUT_OFF,
               entry->search->dn == NULL ? "a value is larger than value-size" : "a value is larger than is taken");
        return true;
    }
    if (entry->search->result->value_count == entry->search->kind->most_values) {
        count(COUNT_LIMIT_VALUES);
        worsen(entry->search, entry->server, ASKED_CUT_OFF, "there are more values than are taken");
        return false;
    }
    append_value(entry, attribute, index, value);
    return !entry->search->out_of_memory;
}

/* Who searches for a name would take those that are there for all. Beside a value they only say whose it is. */
static void leave_mails_out(struct entry *entry)
{
    if (entry->search->name == NULL || entry->lacks_mails) {
        return;
    }
    entry->lacks_mails = true;
    count(COUNT_LIMIT_VALUES);
    worsen(entry->search, entry->server, ASKED_CUT_OFF, "an entry has more addresses than are taken");
}

/* What is no address is nobody's. Of too many the first are kept, and the one that was asked for. */
static void collect_mail(struct entry *entry, struct bytes value)
{
    struct address address;

    if (entry->mails_read == MAX_ENTRY_MAILS_READ) {
        leave_mails_out(entry);
        return;
    }
    entry->mails_read++;
    if (address_parse(value, &address) != ADDRESS_OK) {
        return;
    }
    for (size_t i = 0; i < entry->mail_count; i++) {
        if (strcmp(entry->mails[i], address.text) == 0) {
            return;
        }
    }
    if (entry->mail_count < MAX_ENTRY_MAILS) {
        memcpy(entry->mails[entry->mail_count++], address.text, address.size + 1);
    } else if (strcmp(entry->search->address.text, address.text) == 0) {
        memcpy(entry->mails[MAX_ENTRY_MAILS - 1], address.text, address.size + 1);
    } else {
        leave_mails_out(entry);
    }
}

/* Each value of the entry gets the mails, once all of the entry is read: they may stand behind the values. Who searches
 * for a name gets them alone. */
static void share_mails(const struct entry *entry)
{
    struct search_result *result = entry->search->result;
    struct buffer lines;

    buffer_init(&lines, MAX_MAILS_BYTES);
    for (size_t i = 0; i < entry->mail_count; i++) {
        buffer_append_string(&lines, entry->mails[i]);
        buffer_append_char(&lines, '\n');
    }
    if (entry->search->name != NULL) {
        buffer_append_bytes(&result->mails, buffer_bytes(&lines));
        entry->search->out_of_memory = entry->search->out_of_memory || result->mails.failed;
    }
    for (size_t i = entry->first_value; i < result->value_count; i++) {
        result->values[i].mails = strdup(buffer_string(&lines));
        if (lines.failed || result->values[i].mails == NULL) {
            entry->search->out_of_memory = true;
        }
    }
    buffer_free(&lines);
}

static bool collect_attribute(void *context, struct bytes description, const struct berval *values)
{
    struct entry *entry = context;
    const struct attribute_row *row = find_attribute(entry->search->kind, description);

    bool are_mails = entry->search->kind->takes_mails && is_mail(description);

    for (size_t i = 0; are_mails && values != NULL && values[i].bv_val != NULL; i++) {
        collect_mail(entry, bytes_of(values[i].bv_val, values[i].bv_len));
    }
    if (row == NULL) {
        return true;
    }
    if (entry_is_piece(description)) {
        worsen(entry->search, entry->server, ASKED_CUT_OFF, "the server gave only a range of the values");
    }
    for (size_t i = 0; values != NULL && values[i].bv_val != NULL; i++) {
        if (!collect_value(entry, row->attribute, bytes_of(values[i].bv_val, values[i].bv_len))) {
            return false;
        }
    }
    return true;
}

static enum collected collect_entry(struct entry *entry, struct link *link, LDAPMessage *message)
{
    struct search_result *result = entry->search->result;
    uint64_t most = entry->search->dn != NULL ? 1 : (uint64_t)entry->config->max_entries;

    if (result->entries >= most) {
        count(COUNT_LIMIT_ENTRIES);
        worsen(entry->search, entry->server, ASKED_CUT_OFF, "there are more entries than are taken");
        return COLLECT_FULL;
    }
    BerElement *ber = NULL;

    if (ldap_get_dn_ber(link->handle, message, &ber, &entry->dn) != LDAP_SUCCESS) {
        return COLLECT_BAD;
    }
    result->entries++;
    enum collected collected = entry_read(ber, collect_attribute, entry);

    ber_free(ber, 0);
    if (entry->search->kind->takes_mails) {
        share_mails(entry);
    }
    return collected;
}

static enum asked_result result_of(const struct search_kind *kind, int code)
{
    for (size_t i = 0; kind->may_be_absent && i < sizeof(ABSENT) / sizeof(ABSENT[0]); i++) {
        if (ABSENT[i] == code) {
            return ASKED_ANSWERED;
        }
    }
    for (size_t i = 0; i < sizeof(RESULTS) / sizeof(RESULTS[0]); i++) {
        if (RESULTS[i].code == code) {
            return RESULTS[i].result;
        }
    }
    return ASKED_UNAVAILABLE;
}

static enum collected collect_result(struct search *search, struct link *link, const struct server *server,
                                     LDAPMessage *message)
{
    char *diagnostic = NULL;
    struct error words;
    int code = LDAP_OTHER;

    if (ldap_parse_result(link->handle, message, &code, NULL, &diagnostic, NULL, NULL, 0) != LDAP_SUCCESS) {
        return COLLECT_BAD;
    }
    if (code == LDAP_SIZELIMIT_EXCEEDED) {
        count(COUNT_LIMIT_ENTRIES);
    }
    link_words(code, diagnostic, &words);
    worsen(search, server, result_of(search->kind, code), words.text);
    ldap_memfree(diagnostic);
    return COLLECT_DONE;
}

enum collected collect_message(struct search *search, struct link *link, LDAPMessage *message)
{
    const struct server *server = &search->directory->servers[link->server];
    struct entry entry = {
        .search = search,
        .config = &search->directory->config,
        .server = server,
        .first_value = search->result->value_count,
    };

    switch (ldap_msgtype(message)) {
    case LDAP_RES_SEARCH_ENTRY:
        return collect_entry(&entry, link, message);
    case LDAP_RES_SEARCH_RESULT:
        return collect_result(search, link, server, message);
    case LDAP_RES_SEARCH_REFERENCE: /* another server's part of the tree: has a directory of its own, or is not asked */
    case LDAP_RES_INTERMEDIATE:
        return COLLECT_MORE;
    default:
        return COLLECT_BAD;
    }
}
