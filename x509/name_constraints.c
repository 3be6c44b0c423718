#include "x509/name_constraints.h"

#include <stdlib.h>

#include "base/metrics.h"
#include "x509/name_forms.h"
#include "x509/shown.h"

/* The names of one certificate. */
struct name_list {
    struct form_name *names;
    size_t count, room;
    GENERAL_NAMES *decoded; /* what the names borrow from */
};

struct subtree {
    struct form_name base;
    bool excluded;
};

/* The constraints of one issuer. */
struct constraints {
    const struct cert *issuer;
    struct subtree *subtrees;
    size_t count;
    NAME_CONSTRAINTS *decoded;
};

struct check {
    struct finding *finding;
    bool *misread;
    int left; /* of MAX_NAME_COMPARISONS */
};

static bool out_of_memory(struct finding *finding)
{
    return finding_set(finding, REASON_INTERNAL, "out of memory");
}

static void names_free(struct name_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        form_name_clear(&list->names[i]);
    }
    free(list->names);
    GENERAL_NAMES_free(list->decoded);
    *list = (struct name_list){0};
}

static bool decode_names(const struct cert *cert, struct name_list *list)
{
    int critical = -1;
    const X509_NAME *subject = cert_subject(cert);

    list->decoded = X509_get_ext_d2i(cert->x509, NID_subject_alt_name, &critical, NULL);
    if (list->decoded == NULL && critical != -1) {
        return false; /* cert_parse() could read it */
    }
    list->room = (size_t)X509_NAME_entry_count(subject) + 1;
    list->room += list->decoded != NULL ? (size_t)sk_GENERAL_NAME_num(list->decoded) : 0;
    list->names = calloc(list->room, sizeof(list->names[0]));
    return list->names != NULL;
}

/* The whole subject, unless it is empty, the addresses in it, and the alternatives. `misread`: see the header. */
static bool names_read(const struct cert *cert, struct name_list *list, bool *misread)
{
    const X509_NAME *subject = cert_subject(cert);
    int at = -1;

    if (!decode_names(cert, list)) {
        return false;
    }
    if (X509_NAME_entry_count(subject) > 0) {
        list->names[list->count++] = form_name_of_directory(subject);
    }
    while ((at = X509_NAME_get_index_by_NID((X509_NAME *)subject, NID_pkcs9_emailAddress, at)) >= 0) {
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));

        *misread = *misread || ASN1_STRING_type(value) != V_ASN1_IA5STRING;
        if (form_name_of_subject_mail(value, &list->names[list->count++]) < 0) {
            return false;
        }
    }
    for (int i = 0; i < sk_GENERAL_NAME_num(list->decoded); i++) {
        const GENERAL_NAME *general = sk_GENERAL_NAME_value(list->decoded, i);
        struct form_name *name = &list->names[list->count++];

        if (form_name_of(general, name) < 0) {
            return false;
        }
        *misread = *misread || (general->type == GEN_OTHERNAME && name->form == FORM_MAIL);
    }
    return true;
}

static void constraints_free(struct constraints *constraints)
{
    for (size_t i = 0; i < constraints->count; i++) {
        form_name_clear(&constraints->subtrees[i].base);
    }
    free(constraints->subtrees);
    NAME_CONSTRAINTS_free(constraints->decoded);
    *constraints = (struct constraints){0};
}

/* minimum is 0 and maximum absent (RFC 5280 4.2.1.10); a subtree with others cannot be held against a name. */
static bool subtrees_add(struct constraints *constraints, const STACK_OF(GENERAL_SUBTREE) *subtrees, bool excluded)
{
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); i++) {
        const GENERAL_SUBTREE *from = sk_GENERAL_SUBTREE_value(subtrees, i);
        struct subtree *to = &constraints->subtrees[constraints->count++];

        to->excluded = excluded;
        if (form_name_of_base(from->base, &to->base) < 0) {
            return false;
        }
        if (from->maximum != NULL || (from->minimum != NULL && ASN1_INTEGER_get(from->minimum) != 0)) {
            to->base.readable = false;
        }
    }
    return true;
}

static size_t subtree_count(const STACK_OF(GENERAL_SUBTREE) *subtrees)
{
    int count = sk_GENERAL_SUBTREE_num(subtrees); /* -1: there is no such list */

    return count > 0 ? (size_t)count : 0;
}

/* False: out of memory. An issuer without constraints has none. */
static bool constraints_read(const struct cert *issuer, struct constraints *constraints)
{
    int critical = -1;

    *constraints = (struct constraints){.issuer = issuer};
    constraints->decoded = X509_get_ext_d2i(issuer->x509, NID_name_constraints, &critical, NULL);
    if (constraints->decoded == NULL) {
        return critical == -1;
    }
    constraints->subtrees = calloc(subtree_count(constraints->decoded->permittedSubtrees) +
                                       subtree_count(constraints->decoded->excludedSubtrees) + 1,
                                   sizeof(constraints->subtrees[0]));
    return constraints->subtrees != NULL &&
           subtrees_add(constraints, constraints->decoded->permittedSubtrees, false) &&
           subtrees_add(constraints, constraints->decoded->excludedSubtrees, true);
}

/* The name as a sentence has it. */
static void name_words(const struct form_name *name, char out[SHOWN_NAME_BYTES])
{
    if (name->form == FORM_DIRECTORY) {
        shown_name(name->directory, out);
    } else if (name->form == FORM_ADDRESS || name->form == FORM_OTHER) {
        snprintf(out, SHOWN_NAME_BYTES, "%s", name->form == FORM_ADDRESS ? "an IP address" : "a name of another form");
    } else {
        shown_copy(out, SHOWN_NAME_BYTES, name->text);
    }
}

static bool refuse(struct check *check, const struct constraints *constraints, const struct form_name *name,
                   const char *what)
{
    char shown[SHOWN_NAME_BYTES], issuer[SHOWN_NAME_BYTES];

    name_words(name, shown);
    shown_name(cert_subject(constraints->issuer), issuer);
    return finding_set(check->finding, REASON_BAD_CHAIN, "\"%s\" %s of issuer \"%s\"", shown, what, issuer);
}

static bool spend(struct check *check, int cost)
{
    if (check->left >= cost) {
        check->left -= cost;
        return true;
    }
    count(COUNT_LIMIT_NAME_COMPARISONS);
    return finding_set(check->finding, REASON_BAD_CHAIN, "more names and name constraints than are compared, %d "
                       "(RFC 5280 6.1.3 (b))", MAX_NAME_COMPARISONS);
}

static bool check_name(struct check *check, const struct constraints *constraints, const struct form_name *name)
{
    bool is_bound = false, is_permitted = false;

    for (size_t i = 0; i < constraints->count; i++) {
        const struct subtree *subtree = &constraints->subtrees[i];
        enum form_match match;

        if (!spend(check, 1)) {
            return false;
        }
        if (!form_names_meet(&subtree->base, name)) {
            continue;
        }
        if (!subtree->base.readable || !name->readable) {
            return refuse(check, constraints, name, "cannot be held against a subtree (RFC 5280 4.2.1.10)");
        }
        if (!spend(check, form_names_cost(&subtree->base, name) - 1)) {
            return false;
        }
        match = form_names_match(&subtree->base, name, subtree->excluded);
        if (match == MATCH_NO_MEMORY) {
            return out_of_memory(check->finding);
        }
        if (subtree->excluded && match == MATCH) {
            return refuse(check, constraints, name, "is in an excluded subtree (RFC 5280 6.1.3 (c))");
        }
        is_bound = is_bound || !subtree->excluded;
        is_permitted = is_permitted || (!subtree->excluded && match == MATCH);
    }
    return !is_bound || is_permitted ||
           refuse(check, constraints, name, "is in no permitted subtree (RFC 5280 6.1.3 (b))");
}

static bool check_certificate(struct check *check, const struct constraints *constraints, const struct cert *cert)
{
    struct name_list list = {0};
    bool misread = false;
    bool good = names_read(cert, &list, &misread) || out_of_memory(check->finding);

    for (size_t i = 0; good && i < list.count; i++) {
        good = check_name(check, constraints, &list.names[i]);
    }
    *check->misread = *check->misread || misread;
    names_free(&list);
    return good;
}

/* Self-issued certificates between leaf and issuer are left out (RFC 5280 6.1.3 (b)). */
static bool check_below(struct check *check, const struct constraints *constraints, const struct path *path,
                        size_t issuer)
{
    for (size_t i = 0; i < issuer; i++) {
        bool is_left_out = i > 0 && (X509_get_extension_flags(path->certs[i]->x509) & EXFLAG_SI) != 0;

        if (!is_left_out && !check_certificate(check, constraints, path->certs[i])) {
            return false;
        }
    }
    return true;
}

bool name_constraints_check(const struct path *path, bool *misread, struct finding *finding)
{
    struct check check = {finding, misread, MAX_NAME_COMPARISONS};
    bool good = true;

    *misread = false;
    for (size_t i = 1; good && i < path->count; i++) {
        struct constraints constraints;

        good = constraints_read(path->certs[i], &constraints) || out_of_memory(finding);
        good = good && (constraints.count == 0 || check_below(&check, &constraints, path, i));
        constraints_free(&constraints);
    }
    return good;
}
