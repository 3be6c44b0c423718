#include "x509/name_forms.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/domain.h"
#include "base/text.h"
#include "x509/finding.h"

static struct bytes string_bytes(const ASN1_STRING *string)
{
    return (struct bytes){ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)};
}

static bool is_smtp_utf8(const GENERAL_NAME *general)
{
    return general->type == GEN_OTHERNAME && OBJ_obj2nid(general->d.otherName->type_id) == NID_id_on_SmtpUTF8Mailbox;
}

static bool equal_nocase(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || strncasecmp((const char *)a.data, (const char *)b.data, a.size) == 0);
}

static bool ends_in_nocase(struct bytes text, struct bytes tail)
{
    return text.size >= tail.size && equal_nocase(bytes_of(text.data + text.size - tail.size, tail.size), tail);
}

static bool is_ascii_without_nul(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == 0 || text.data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* A host as A-labels; names of one label are hosts, too. One that is none leaves the name unreadable. */
static int read_host(struct bytes text, struct form_name *name)
{
    struct domain domain;

    if (text.size == 0 || !text_is_utf8_string(text) || !domain_parse(text, 1, &domain)) {
        return 0;
    }
    name->host = strdup(domain.text);
    name->readable = name->host != NULL;
    return name->readable ? 0 : -1;
}

static bool find_last_at(struct bytes text, size_t *at)
{
    const uint8_t *found = text.size > 0 ? memrchr(text.data, '@', text.size) : NULL;

    *at = found != NULL ? (size_t)(found - text.data) : 0;
    return found != NULL;
}

static int read_mailbox(struct bytes text, struct form_name *name)
{
    size_t at;

    name->form = FORM_MAIL;
    name->text = text;
    if (!find_last_at(text, &at) || at == 0 || memchr(text.data, 0, at) != NULL) {
        return 0;
    }
    name->local_size = at;
    return read_host(bytes_of(text.data + at + 1, text.size - at - 1), name);
}

/* The host of "scheme://user@host:port/path"; only a host name can be compared (RFC 5280 4.2.1.10). */
static struct bytes uri_host(struct bytes uri)
{
    const char *text = (const char *)uri.data, *end = text + uri.size;
    const char *scheme = memmem(text, uri.size, "://", 3), *host = scheme != NULL ? scheme + 3 : end;
    const char *stop = host;

    while (stop < end && strchr("/?#", *stop) == NULL) {
        stop++;
    }
    for (const char *at = host; at < stop; at++) {
        host = *at == '@' ? at + 1 : host;
    }
    for (const char *at = host; at < stop; at++) {
        stop = *at == ':' ? at : stop;
    }
    return bytes_of(host, (size_t)(stop - host));
}

/* "example.org" the host, ".example.org" what is below it; of mail also "bob@example.org". RFC 5280 4.2.1.10 has
 * A-labels only; a base with other letters says nothing that could be relied on. An empty one stands for every host. */
static int read_host_base(struct bytes text, struct form_name *base)
{
    size_t at = 0;
    bool mailbox = base->form == FORM_MAIL && find_last_at(text, &at);
    struct bytes host = mailbox ? bytes_of(text.data + at + 1, text.size - at - 1) : text;

    base->text = text;
    base->local_size = mailbox ? at : 0;
    if (!is_ascii_without_nul(text)) {
        return 0;
    }
    if (text.size == 0) {
        base->readable = true;
        return 0;
    }
    base->subtree = !mailbox && host.data[0] == '.';
    return read_host(bytes_of(host.data + base->subtree, host.size - base->subtree), base);
}

static int read_smtp_utf8(const GENERAL_NAME *general, struct form_name *name)
{
    const ASN1_TYPE *value = general->d.otherName->value;

    name->form = FORM_MAIL;
    if (value == NULL || value->type != V_ASN1_UTF8STRING) {
        return 0;
    }
    return read_mailbox(string_bytes(value->value.utf8string), name);
}

static int read_text(const GENERAL_NAME *general, bool is_base, struct form_name *name)
{
    struct bytes text = string_bytes(general->d.ia5);

    name->text = text;
    if (general->type == GEN_IPADD) {
        name->form = FORM_ADDRESS;
        name->readable = is_base ? text.size == 8 || text.size == 32 : text.size == 4 || text.size == 16;
        return 0;
    }
    if (general->type == GEN_DNS) {
        name->form = FORM_DNS;
        name->readable = is_ascii_without_nul(text);
        return 0;
    }
    name->form = general->type == GEN_EMAIL ? FORM_MAIL : FORM_URI;
    if (is_base) {
        return read_host_base(text, name);
    }
    if (text.size == 0 || !is_ascii_without_nul(text)) {
        return 0;
    }
    return general->type == GEN_EMAIL ? read_mailbox(text, name) : read_host(uri_host(text), name);
}

static int read_general(const GENERAL_NAME *general, bool is_base, struct form_name *name)
{
    *name = (struct form_name){.form = FORM_OTHER, .general = general};
    switch (general->type) {
    case GEN_EMAIL:
    case GEN_DNS:
    case GEN_URI:
    case GEN_IPADD:
        return read_text(general, is_base, name);
    case GEN_DIRNAME:
        *name = form_name_of_directory(general->d.directoryName);
        return 0;
    default:
        break;
    }
    if (is_smtp_utf8(general)) {
        /* As a base it is not to be used (RFC 9598 6): unreadable, so that it is not passed over. */
        name->form = FORM_MAIL;
        return is_base ? 0 : read_smtp_utf8(general, name);
    }
    return 0;
}

int form_name_of(const GENERAL_NAME *general, struct form_name *name)
{
    return read_general(general, false, name);
}

int form_name_of_base(const GENERAL_NAME *general, struct form_name *base)
{
    return read_general(general, true, base);
}

/* Of whatever string type: an address that is not constrained for its type would be a way around constraints. */
int form_name_of_subject_mail(const ASN1_STRING *value, struct form_name *name)
{
    int size;

    *name = (struct form_name){.form = FORM_MAIL};
    size = ASN1_STRING_to_UTF8(&name->converted, value);
    if (size < 0) {
        return finding_was_memory() ? -1 : 0;
    }
    return read_mailbox(bytes_of(name->converted, (size_t)size), name);
}

struct form_name form_name_of_directory(const X509_NAME *directory)
{
    return (struct form_name){.form = FORM_DIRECTORY, .readable = true, .directory = directory};
}

void form_name_clear(struct form_name *name)
{
    free(name->host);
    OPENSSL_free(name->converted);
    *name = (struct form_name){0};
}

bool form_names_meet(const struct form_name *base, const struct form_name *name)
{
    if (base->form != name->form || base->form != FORM_OTHER) {
        return base->form == name->form;
    }
    return base->general->type == name->general->type &&
           (base->general->type != GEN_OTHERNAME ||
            OBJ_cmp(base->general->d.otherName->type_id, name->general->d.otherName->type_id) == 0);
}

static bool is_quoted(const struct form_name *name)
{
    return name->text.size > 0 && name->text.data[0] == '"';
}

int form_names_cost(const struct form_name *base, const struct form_name *name)
{
    if (base->form == FORM_DIRECTORY) {
        return 64;
    }
    return base->form == FORM_MAIL && base->local_size > 0 && (is_quoted(base) || is_quoted(name)) ? 64 : 1;
}

static bool is_below(const char *host, const char *base)
{
    size_t size = strlen(host), tail = strlen(base);

    return size > tail && host[size - tail - 1] == '.' && strcmp(host + size - tail, base) == 0;
}

static bool host_matches(const struct form_name *base, const struct form_name *name, bool excluded)
{
    if (base->host == NULL) {
        return excluded;
    }
    return base->subtree ? is_below(name->host, base->host) : strcmp(name->host, base->host) == 0;
}

/* Quotes may stand around a local part for no reason (RFC 5321 4.1.2). */
static bool are_same_mailbox(const struct form_name *a, const struct form_name *b)
{
    struct address left, right;

    if (equal_nocase(bytes_of(a->text.data, a->local_size), bytes_of(b->text.data, b->local_size))) {
        return true;
    }
    return (is_quoted(a) || is_quoted(b)) && address_parse(a->text, &left) == ADDRESS_OK &&
           address_parse(b->text, &right) == ADDRESS_OK && left.local_size == right.local_size &&
           memcmp(left.text, right.text, left.local_size) == 0;
}

static bool mail_matches(const struct form_name *base, const struct form_name *name, bool excluded)
{
    if (!host_matches(base, name, excluded) || base->local_size == 0) {
        return host_matches(base, name, excluded);
    }
    if (excluded) {
        return are_same_mailbox(base, name);
    }
    return base->local_size == name->local_size && memcmp(base->text.data, name->text.data, base->local_size) == 0;
}

/* "example.org" stands for itself and all below; what begins with a dot, for what is below; nothing, for all. */
static bool dns_matches(struct bytes base, struct bytes name)
{
    return base.size == 0 || equal_nocase(name, base) ||
           (name.size > base.size && ends_in_nocase(name, base) &&
            (base.data[0] == '.' || name.data[name.size - base.size - 1] == '.'));
}

static bool address_matches(struct bytes base, struct bytes address)
{
    if (base.size != 2 * address.size) {
        return false;
    }
    for (size_t i = 0; i < address.size; i++) {
        if (((base.data[i] ^ address.data[i]) & base.data[address.size + i]) != 0) {
            return false;
        }
    }
    return true;
}

/* Whether the name begins with all RDNs of the base, as X509_NAME_cmp() compares them. */
static enum form_match directory_matches(const X509_NAME *base, const X509_NAME *name)
{
    int count = X509_NAME_entry_count(base), all = X509_NAME_entry_count(name);
    enum form_match match = MATCH_NO_MEMORY;
    X509_NAME *first;

    if (count > all || count == 0) {
        return count == 0 ? MATCH : MATCH_NOT;
    }
    if (count < all && X509_NAME_ENTRY_set(X509_NAME_get_entry(name, count)) ==
                           X509_NAME_ENTRY_set(X509_NAME_get_entry(name, count - 1))) {
        return MATCH_NOT; /* would end within an RDN */
    }
    first = X509_NAME_dup(name);
    if (first != NULL) {
        int order;

        while (X509_NAME_entry_count(first) > count) {
            X509_NAME_ENTRY_free(X509_NAME_delete_entry(first, X509_NAME_entry_count(first) - 1));
        }
        order = X509_NAME_cmp(first, base);
        match = order == 0 ? MATCH : order == -2 ? MATCH_NO_MEMORY : MATCH_NOT;
    }
    X509_NAME_free(first);
    return match;
}

enum form_match form_names_match(const struct form_name *base, const struct form_name *name, bool excluded)
{
    bool matches = false;

    switch (base->form) {
    case FORM_MAIL:
        matches = mail_matches(base, name, excluded);
        break;
    case FORM_URI:
        matches = host_matches(base, name, excluded);
        break;
    case FORM_DNS:
        matches = dns_matches(base->text, name->text);
        break;
    case FORM_ADDRESS:
        matches = address_matches(base->text, name->text);
        break;
    case FORM_DIRECTORY:
        return directory_matches(base->directory, name->directory);
    case FORM_OTHER:
        break;
    }
    return matches ? MATCH : MATCH_NOT;
}
