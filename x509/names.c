#include "x509/names.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

struct walk {
    bool (*visit)(void *context, struct bytes address, enum name_place place);
    void *context;
    int left;    /* of MAX_CERTIFICATE_NAMES, in one place */
    bool beyond; /* there were more */
};

static bool is_ascii(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

static bool walk_string(struct walk *walk, const ASN1_STRING *string, bool ascii_only, enum name_place place)
{
    struct bytes text = {ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)};

    return walk->visit(walk->context, text, ascii_only && !is_ascii(text) ? NAME_ILLEGIBLE : place);
}

/* False: no more are looked at here. */
static bool take_one(struct walk *walk)
{
    walk->beyond = walk->beyond || walk->left == 0;
    return walk->left > 0 && walk->left-- > 0;
}

static bool walk_general_name(struct walk *walk, const GENERAL_NAME *name)
{
    const OTHERNAME *other;

    if (name->type == GEN_EMAIL) {
        return walk_string(walk, name->d.rfc822Name, true, NAME_ALTERNATIVE);
    }
    other = name->type == GEN_OTHERNAME ? name->d.otherName : NULL;
    if (other == NULL || OBJ_obj2nid(other->type_id) != NID_id_on_SmtpUTF8Mailbox) {
        return true;
    }
    if (other->value == NULL || other->value->type != V_ASN1_UTF8STRING) {
        return walk->visit(walk->context, bytes_of(NULL, 0), NAME_ILLEGIBLE);
    }
    return walk_string(walk, other->value->value.utf8string, false, NAME_ALTERNATIVE);
}

static int walk_alternatives(struct walk *walk, const X509 *x509, bool *go_on)
{
    int found = -1;
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, &found, NULL);

    for (int i = 0; *go_on && i < sk_GENERAL_NAME_num(names) && take_one(walk); i++) {
        *go_on = walk_general_name(walk, sk_GENERAL_NAME_value(names, i));
    }
    GENERAL_NAMES_free(names);
    return names != NULL || found == -1 ? 0 : -1;
}

/* emailAddress is an IA5String (RFC 2985 5.2.1); UTF8String is seen, for addresses of RFC 6531. */
static void walk_subject(struct walk *walk, const X509_NAME *subject, bool *go_on)
{
    int at = -1;

    walk->left = MAX_CERTIFICATE_NAMES;
    while (*go_on && (at = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, at)) >= 0 && take_one(walk)) {
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
        int type = ASN1_STRING_type(value);

        bool is_legible = type == V_ASN1_IA5STRING || type == V_ASN1_PRINTABLESTRING || type == V_ASN1_UTF8STRING;

        *go_on = is_legible ? walk_string(walk, value, type != V_ASN1_UTF8STRING, NAME_SUBJECT)
                            : walk->visit(walk->context, bytes_of(NULL, 0), NAME_ILLEGIBLE);
    }
}

int names_each(const X509 *x509, bool (*visit)(void *context, struct bytes address, enum name_place place),
               void *context)
{
    struct walk walk = {visit, context, MAX_CERTIFICATE_NAMES, false};
    bool go_on = true;

    if (walk_alternatives(&walk, x509, &go_on) < 0) {
        return -1;
    }
    walk_subject(&walk, X509_get_subject_name(x509), &go_on);
    return walk.beyond && go_on ? 1 : 0;
}

struct comparison {
    const struct address *address;
    bool exact_local_part;
    enum names_match best;
};

static bool equal_without_case(struct bytes a, struct bytes b)
{
    return a.size == b.size && strncasecmp((const char *)a.data, (const char *)b.data, a.size) == 0;
}

/*
 * Octet for octet but for the case of ASCII letters. Normalised like the asked
 * one, U+212A KELVIN SIGN in a certificate would name the mailbox of "k": so
 * only a domain in U-labels, and quotes around ASCII, are anything else than
 * they seem. That also tells most names apart without reading them.
 */
static bool may_be_same(const struct address *asked, struct bytes text)
{
    size_t local = asked->local_size + 1; /* with the '@' */

    if (equal_without_case(text, address_bytes(asked))) {
        return true;
    }
    if (is_ascii(text)) {
        return text.size > 0 && text.data[0] == '"';
    }
    return strcmp(asked->text, asked->display) != 0 && text.size > local &&
           equal_without_case(bytes_of(text.data, local), bytes_of(asked->text, local));
}

static bool is_same(const struct comparison *comparison, struct bytes text)
{
    const struct address *asked = comparison->address;
    struct address named;

    return may_be_same(asked, text) && address_parse(text, &named) == ADDRESS_OK &&
           bytes_equal(address_bytes(&named), address_bytes(asked)) &&
           (!comparison->exact_local_part ||
            (text.size > asked->local_size && memcmp(text.data, asked->text, asked->local_size + 1) == 0));
}

static bool compare(void *context, struct bytes text, enum name_place place)
{
    struct comparison *comparison = context;
    enum names_match match = NAMES_OTHER;

    if (place != NAME_ILLEGIBLE && is_same(comparison, text)) {
        match = place == NAME_ALTERNATIVE ? NAMES_IN_ALTERNATIVE : NAMES_IN_SUBJECT;
    }
    comparison->best = match > comparison->best ? match : comparison->best;
    return comparison->best < NAMES_IN_SUBJECT;
}

enum names_match names_match(const X509 *x509, const struct address *address, bool exact_local_part)
{
    struct comparison comparison = {address, exact_local_part, NAMES_NONE};
    int walked = names_each(x509, compare, &comparison);

    if (walked < 0) {
        return NAMES_UNREAD;
    }
    return walked > 0 && comparison.best < NAMES_BEYOND ? NAMES_BEYOND : comparison.best;
}

/* The next mail value from *at on, which is moved behind it, as an address. False: there are no more. */
static bool next_mail(const char **at, struct address *mail)
{
    while (*at != NULL && **at != '\0') {
        size_t size = strcspn(*at, "\n");
        struct bytes text = bytes_of(*at, size);

        *at += size + ((*at)[size] == '\n');
        if (address_parse(text, mail) == ADDRESS_OK) {
            return true;
        }
    }
    return false;
}

enum names_match names_match_any(const X509 *x509, const char *mails, bool exact_local_part)
{
    enum names_match best = NAMES_NONE;
    struct address mail;

    while (best < NAMES_IN_SUBJECT && best != NAMES_UNREAD && next_mail(&mails, &mail)) {
        best = names_match(x509, &mail, exact_local_part);
    }
    return best;
}

bool names_are_of(const char *mails, const struct address *address)
{
    struct address mail;

    while (next_mail(&mails, &mail)) {
        if (bytes_equal(address_bytes(&mail), address_bytes(address))) {
            return true;
        }
    }
    return false;
}

bool names_have_domain(const X509 *x509, const char *domain)
{
    struct bytes wanted = bytes_of_string(domain);
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    bool found = false;

    for (int i = 0; !found && i < sk_GENERAL_NAME_num(names) && i < MAX_CERTIFICATE_NAMES; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_DNS) {
            const ASN1_STRING *text = name->d.dNSName;

            found = equal_without_case((struct bytes){ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)},
                                       wanted);
        }
    }
    GENERAL_NAMES_free(names);
    return found;
}
