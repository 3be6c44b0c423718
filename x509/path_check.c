#include "x509/path_check.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "x509/shown.h"

bool path_is_misread(const struct path *path)
{
    for (size_t i = 0; i + 1 < path->count; i++) {
        if ((X509_get_extension_flags(path->certs[i]->x509) & EXFLAG_SS) != 0) {
            return true;
        }
    }
    return false;
}

static bool refuse(struct finding *finding, const struct cert *cert, const char *what)
{
    char name[SHOWN_NAME_BYTES];

    return finding_set(finding, finding_was_memory() ? REASON_INTERNAL : REASON_BAD_CHAIN, "\"%s\": %s",
                       shown_name(cert_subject(cert), name), what);
}

static bool check_links(const struct path *path, struct finding *finding)
{
    for (size_t i = 0; i + 1 < path->count; i++) {
        X509 *x509 = path->certs[i]->x509, *issuer = path->certs[i + 1]->x509;

        if (X509_check_issued(issuer, x509) != X509_V_OK) {
            return refuse(finding, path->certs[i], "not issued by the next of the path (RFC 5280 6.1.3 (a)(4))");
        }
        if (X509_verify(x509, X509_get0_pubkey(issuer)) != 1) {
            return refuse(finding, path->certs[i], "not signed by the next of the path (RFC 5280 6.1.3 (a)(1))");
        }
    }
    return true;
}

/* Self-issued ones are not counted. */
static bool check_lengths(const struct path *path, struct finding *finding)
{
    long below = 0;

    for (size_t i = 1; i < path->count; i++) {
        long most = X509_get_pathlen(path->certs[i]->x509);

        if (most >= 0 && below > most) {
            return refuse(finding, path->certs[i], "path length constraint exceeded (RFC 5280 6.1.4 (m))");
        }
        below += (X509_get_extension_flags(path->certs[i]->x509) & EXFLAG_SI) == 0;
    }
    return true;
}

static bool fill(const struct path *path, const struct initial_policies *initial, STACK_OF(X509) *certs,
                 STACK_OF(ASN1_OBJECT) *oids)
{
    bool filled = certs != NULL && oids != NULL;

    for (size_t i = 0; i < path->count && filled; i++) {
        filled = sk_X509_push(certs, path->certs[i]->x509) > 0;
    }
    for (size_t i = 0; i < initial->count && filled; i++) {
        filled = sk_ASN1_OBJECT_push(oids, initial->oids[i]) > 0;
    }
    return filled && (initial->count > 0 || sk_ASN1_OBJECT_push(oids, OBJ_nid2obj(NID_any_policy)) > 0);
}

static bool check_policies(const struct path *path, const struct initial_policies *initial, struct finding *finding)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    STACK_OF(ASN1_OBJECT) *oids = sk_ASN1_OBJECT_new_null();
    unsigned flags = (initial->require_explicit ? X509_V_FLAG_EXPLICIT_POLICY : 0U) |
                     (initial->inhibit_mapping ? X509_V_FLAG_INHIBIT_MAP : 0U) |
                     (initial->inhibit_any ? X509_V_FLAG_INHIBIT_ANY : 0U);
    X509_POLICY_TREE *tree = NULL;
    int explicit_policy = 0;
    int result = fill(path, initial, certs, oids) ? X509_policy_check(&tree, &explicit_policy, certs, oids, flags)
                                                  : X509_PCY_TREE_INTERNAL;

    X509_policy_tree_free(tree);
    sk_X509_free(certs);
    sk_ASN1_OBJECT_free(oids);
    switch (result) {
    case X509_PCY_TREE_VALID:
        return true;
    case X509_PCY_TREE_FAILURE:
        return refuse(finding, path->certs[0], "no explicit policy (RFC 5280 6.1.5 (g))");
    case X509_PCY_TREE_INVALID:
        return refuse(finding, path->certs[0], "a policy extension of its path is invalid (RFC 5280 4.2.1.4)");
    default:
        return finding_set(finding, REASON_INTERNAL, "out of memory");
    }
}

bool path_check_misread(const struct path *path, const struct initial_policies *initial, struct finding *finding)
{
    return check_links(path, finding) && check_lengths(path, finding) && check_policies(path, initial, finding);
}

/* An authority of 1: basicConstraints says CA, and keyUsage, where there is one, keyCertSign. libcrypto is content with
 * less only of the anchor. */
bool path_is_plain(const struct path *path)
{
    for (size_t i = 0; i < path->count; i++) {
        int authority = i > 0 ? X509_check_ca(path->certs[i]->x509) : 1;
        bool is_anchor = i + 1 == path->count;

        if (!path->certs[i]->plain || (is_anchor ? authority == 0 : authority != 1)) {
            return false;
        }
    }
    return path->count > 1;
}

bool path_check_plain(const struct path *path, const struct initial_policies *initial, struct finding *finding)
{
    return check_lengths(path, finding) && check_policies(path, initial, finding);
}
