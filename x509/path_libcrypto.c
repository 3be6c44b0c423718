#include <openssl/x509_vfy.h>

#include "x509/path_check.h"
#include "x509/shown.h"

/* What X509_verify_cert() says, in our words; what is not here is bad_chain, by RFC 5280 6.1. */
static const struct {
    int error;
    enum reason reason;
    const char *clause; /* of RFC 5280; NULL: 6.1 */
} errors[] = {
    {X509_V_ERR_NO_EXPLICIT_POLICY, REASON_BAD_CHAIN, "6.1.5 (g)"},
    {X509_V_ERR_INVALID_POLICY_EXTENSION, REASON_BAD_CHAIN, "4.2.1.4"},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, REASON_BAD_CHAIN, "6.1.4 (m)"},
    {X509_V_ERR_INVALID_CA, REASON_BAD_CHAIN, "6.1.4 (k)"},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, REASON_BAD_CHAIN, "6.1.4 (n)"},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, REASON_BAD_CHAIN, "6.1.3 (a)(1)"},
    {X509_V_ERR_PERMITTED_VIOLATION, REASON_BAD_CHAIN, "6.1.3 (b)"},
    {X509_V_ERR_EXCLUDED_VIOLATION, REASON_BAD_CHAIN, "6.1.3 (c)"},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, REASON_UNKNOWN_CRITICAL_EXTENSION},
    {X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, REASON_WEAK_KEY},
    {X509_V_ERR_CA_KEY_TOO_SMALL, REASON_WEAK_KEY},
    {X509_V_ERR_EE_KEY_TOO_SMALL, REASON_WEAK_KEY},
    {X509_V_ERR_CA_MD_TOO_WEAK, REASON_WEAK_SIGNATURE},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, REASON_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, REASON_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, REASON_UNTRUSTED},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, REASON_UNTRUSTED},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, REASON_UNTRUSTED},
    {X509_V_ERR_CERT_UNTRUSTED, REASON_UNTRUSTED},
    {X509_V_ERR_CERT_REJECTED, REASON_UNTRUSTED},
    {X509_V_ERR_INVALID_EXTENSION, REASON_BAD_CHAIN},
    {X509_V_ERR_OUT_OF_MEM, REASON_INTERNAL},
};

static enum reason reason_of(int error, const char **clause)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (errors[i].error == error) {
            *clause = errors[i].clause != NULL ? errors[i].clause : "6.1";
            return errors[i].reason;
        }
    }
    *clause = "6.1";
    return REASON_BAD_CHAIN;
}

static bool refuse(const struct path *path, X509_STORE_CTX *context, struct finding *finding)
{
    int error = X509_STORE_CTX_get_error(context);
    X509 *current = X509_STORE_CTX_get_current_cert(context);
    const char *clause;
    enum reason reason = reason_of(error, &clause);
    char name[SHOWN_NAME_BYTES];

    reason = finding_was_memory() ? REASON_INTERNAL : reason;
    if (current == NULL) {
        current = path->certs[0]->x509;
    }
    return finding_set(finding, reason, "\"%s\": %s (RFC 5280 %s)",
                       shown_name(X509_get_subject_name(current), name), X509_verify_cert_error_string(error), clause);
}

/* The inputs of RFC 5280 6.1.1 (c), (e), (f) and (g). Any policy will do where none is asked for, but where a CA wants
 * one, there must be one. */
static bool set_policies(X509_VERIFY_PARAM *parameters, const struct initial_policies *initial)
{
    ASN1_OBJECT *any = OBJ_nid2obj(NID_any_policy);
    size_t count = initial->count > 0 ? initial->count : 1;

    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_POLICY_CHECK |
                                                (initial->require_explicit ? X509_V_FLAG_EXPLICIT_POLICY : 0UL) |
                                                (initial->inhibit_mapping ? X509_V_FLAG_INHIBIT_MAP : 0UL) |
                                                (initial->inhibit_any ? X509_V_FLAG_INHIBIT_ANY : 0UL));
    for (size_t i = 0; i < count; i++) {
        ASN1_OBJECT *oid = OBJ_dup(initial->count > 0 ? initial->oids[i] : any);

        if (oid == NULL || X509_VERIFY_PARAM_add0_policy(parameters, oid) != 1) {
            ASN1_OBJECT_free(oid);
            return false;
        }
    }
    return true;
}

/*
 * The anchor alone is trusted, the rest is offered as it was found. Dates are
 * our own rules, so that an expired leaf is not taken for anything else; so is
 * the leaf's purpose. X509_V_FLAG_X509_STRICT would also refuse what does no
 * harm and is widespread, such as a missing authorityKeyIdentifier. Host names
 * are no business of a mail certificate: without the flag, a common name that
 * looks like one would be held against dNSName constraints.
 */
static bool set_parameters(X509_STORE_CTX *context, const struct initial_policies *initial)
{
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);

    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    X509_VERIFY_PARAM_set_auth_level(parameters, 0);
    X509_VERIFY_PARAM_set_depth(parameters, MAX_CHAIN);
    return set_policies(parameters, initial);
}

/* Where names were misread, x509/name_constraints.h alone has the word on them. */
static int hear_libcrypto(int good, X509_STORE_CTX *context)
{
    static const int of_names[] = {
        X509_V_ERR_PERMITTED_VIOLATION,           X509_V_ERR_EXCLUDED_VIOLATION,
        X509_V_ERR_SUBTREE_MINMAX,                X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE,
        X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, X509_V_ERR_UNSUPPORTED_NAME_SYNTAX,
    };
    const bool *names_misread = X509_STORE_CTX_get_app_data(context);
    int error = X509_STORE_CTX_get_error(context);

    for (size_t i = 0; !good && *names_misread && i < sizeof(of_names) / sizeof(of_names[0]); i++) {
        if (error == of_names[i]) {
            X509_STORE_CTX_set_error(context, X509_V_OK);
            return 1;
        }
    }
    return good;
}

/* With its key, which libcrypto asks for. The caller's to X509_free(); NULL: out of memory. */
static X509 *whole_leaf(const struct cert *leaf)
{
    const uint8_t *at = leaf->der->data;

    if (X509_get0_pubkey(leaf->x509) == NULL) {
        return d2i_X509(NULL, &at, (long)leaf->der->size);
    }
    X509_up_ref(leaf->x509);
    return leaf->x509;
}

bool path_check_libcrypto(const struct path *path, const struct initial_policies *initial, bool names_misread,
                          struct finding *finding)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *trusted = sk_X509_new_null(), *untrusted = sk_X509_new_null();
    X509 *leaf = whole_leaf(path->certs[0]);
    bool ready = context != NULL && trusted != NULL && untrusted != NULL && leaf != NULL &&
                 sk_X509_push(trusted, path->certs[path->count - 1]->x509) > 0;
    bool valid = false;

    for (size_t i = 1; i + 1 < path->count && ready; i++) {
        ready = sk_X509_push(untrusted, path->certs[i]->x509) > 0;
    }
    if (ready && X509_STORE_CTX_init(context, NULL, leaf, untrusted) == 1 && set_parameters(context, initial) &&
        X509_STORE_CTX_set_app_data(context, &names_misread) == 1) {
        X509_STORE_CTX_set_verify_cb(context, hear_libcrypto);
        X509_STORE_CTX_set0_trusted_stack(context, trusted);
        valid = X509_verify_cert(context) == 1 || refuse(path, context, finding);
    } else {
        finding_set(finding, REASON_INTERNAL, "out of memory");
    }
    X509_STORE_CTX_free(context);
    X509_free(leaf);
    sk_X509_free(trusted);
    sk_X509_free(untrusted);
    return valid;
}
