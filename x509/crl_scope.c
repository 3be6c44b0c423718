#include "x509/crl_scope.h"

bool crl_scope_has_all_reasons(const ISSUING_DIST_POINT *scope)
{
    return scope == NULL || scope->onlysomereasons == NULL;
}

static bool name_is_among(const X509_NAME *name, const GENERAL_NAMES *names)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *other = sk_GENERAL_NAME_value(names, i);

        if (other->type == GEN_DIRNAME && X509_NAME_cmp(name, other->d.directoryName) == 0) {
            return true;
        }
    }
    return false;
}

static bool names_meet(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(a); i++) {
        for (int k = 0; k < sk_GENERAL_NAME_num(b); k++) {
            if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, k)) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* A full name is a list of names of one point (type 0); a relative one was completed by DIST_POINT_set_dpname(). */
static bool points_meet(const DIST_POINT_NAME *a, const DIST_POINT_NAME *b)
{
    if (a->type == 0 && b->type == 0) {
        return names_meet(a->name.fullname, b->name.fullname);
    }
    if (a->type == 0) {
        return b->dpname != NULL && name_is_among(b->dpname, a->name.fullname);
    }
    if (b->type == 0) {
        return a->dpname != NULL && name_is_among(a->dpname, b->name.fullname);
    }
    return a->dpname != NULL && b->dpname != NULL && X509_NAME_cmp(a->dpname, b->dpname) == 0;
}

/* RFC 5280 6.3.3 (b)(2)(i). A point with reasons of its own or another CRL issuer is not one that this CRL can stand
 * for alone. */
static bool point_is_named(const DIST_POINT_NAME *scope, const struct cert *cert)
{
    STACK_OF(DIST_POINT) *points = X509_get_ext_d2i(cert->x509, NID_crl_distribution_points, NULL, NULL);
    bool named = false;

    for (int i = 0; i < sk_DIST_POINT_num(points) && !named; i++) {
        DIST_POINT *point = sk_DIST_POINT_value(points, i);

        named = point->distpoint != NULL && point->CRLissuer == NULL && point->reasons == NULL &&
                DIST_POINT_set_dpname(point->distpoint, cert_issuer(cert)) == 1 && points_meet(scope, point->distpoint);
    }
    sk_DIST_POINT_pop_free(points, DIST_POINT_free);
    return named;
}

bool crl_scope_covers(const ISSUING_DIST_POINT *scope, const struct cert *cert)
{
    bool ca = cert_is_ca(cert);

    if (scope == NULL) {
        return true;
    }
    if (scope->onlyattr > 0 || (scope->onlyuser > 0 && ca) || (scope->onlyCA > 0 && !ca)) {
        return false;
    }
    return scope->distpoint == NULL || point_is_named(scope->distpoint, cert);
}
