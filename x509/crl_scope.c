#include "x509/crl_scope.h"

/* The names of one point: a list, or one, or both. */
struct names {
    const GENERAL_NAMES *list;
    const X509_NAME *one;
};

static unsigned reasons_of(const ASN1_BIT_STRING *flags)
{
    unsigned reasons = 0;

    if (flags == NULL) {
        return REASONS_ALL;
    }
    for (int bit = 1; bit <= 8; bit++) {
        reasons |= ASN1_BIT_STRING_get_bit(flags, bit) != 0 ? 1U << bit : 0;
    }
    return reasons;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static const X509_NAME *first_directory_name(const GENERAL_NAMES *names)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        if (sk_GENERAL_NAME_value(names, i)->type == GEN_DIRNAME) {
            return sk_GENERAL_NAME_value(names, i)->d.directoryName;
        }
    }
    return NULL;
}

bool crl_points_read(struct crl_points *points, const struct cert *cert)
{
    int found = -1;

    *points = (struct crl_points){.cert = cert};
    points->stated = X509_get_ext_d2i(cert->x509, NID_crl_distribution_points, &found, NULL);
    if (points->stated == NULL && found != -1) {
        return false;
    }
    points->issuer_names = X509_get_ext_d2i(cert->x509, NID_issuer_alt_name, NULL, NULL);
    points->count = (size_t)least(sk_DIST_POINT_num(points->stated), MAX_CRL_POINTS) + 1;
    if (points->stated == NULL) {
        points->count = 1;
    }
    for (size_t i = 0; i + 1 < points->count; i++) {
        DIST_POINT *point = sk_DIST_POINT_value(points->stated, (int)i);
        const X509_NAME *base = point->CRLissuer != NULL ? first_directory_name(point->CRLissuer) : cert_issuer(cert);

        if (point->distpoint != NULL && base != NULL && DIST_POINT_set_dpname(point->distpoint, base) != 1) {
            crl_points_free(points);
            return false;
        }
    }
    return true;
}

void crl_points_free(struct crl_points *points)
{
    sk_DIST_POINT_pop_free(points->stated, DIST_POINT_free);
    GENERAL_NAMES_free(points->issuer_names);
    *points = (struct crl_points){0};
}

const DIST_POINT *crl_points_get(const struct crl_points *points, size_t index)
{
    return index + 1 < points->count ? sk_DIST_POINT_value(points->stated, (int)index) : NULL;
}

const X509_NAME *crl_points_issuer(const struct crl_points *points, size_t index, size_t which)
{
    const DIST_POINT *point = crl_points_get(points, index);

    if (point == NULL || point->CRLissuer == NULL) {
        return which == 0 ? cert_issuer(points->cert) : NULL;
    }
    for (int i = 0; i < least(sk_GENERAL_NAME_num(point->CRLissuer), MAX_POINT_NAMES); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(point->CRLissuer, i);

        if (name->type == GEN_DIRNAME && which-- == 0) {
            return name->d.directoryName;
        }
    }
    return NULL;
}

static bool lists_meet(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
    for (int i = 0; i < least(sk_GENERAL_NAME_num(a), MAX_POINT_NAMES); i++) {
        for (int k = 0; k < least(sk_GENERAL_NAME_num(b), MAX_POINT_NAMES); k++) {
            if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, k)) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool is_among(const X509_NAME *name, const GENERAL_NAMES *names)
{
    for (int i = 0; i < least(sk_GENERAL_NAME_num(names), MAX_POINT_NAMES); i++) {
        const GENERAL_NAME *other = sk_GENERAL_NAME_value(names, i);

        if (other->type == GEN_DIRNAME && X509_NAME_cmp(name, other->d.directoryName) == 0) {
            return true;
        }
    }
    return false;
}

static bool names_meet(const struct names *a, const struct names *b)
{
    return (a->list != NULL && b->list != NULL && lists_meet(a->list, b->list)) ||
           (a->one != NULL && b->list != NULL && is_among(a->one, b->list)) ||
           (b->one != NULL && a->list != NULL && is_among(b->one, a->list)) ||
           (a->one != NULL && b->one != NULL && X509_NAME_cmp(a->one, b->one) == 0);
}

/* A relative name was made whole by DIST_POINT_set_dpname(). */
static struct names names_of(const DIST_POINT_NAME *name)
{
    return name->type == 0 ? (struct names){name->name.fullname, NULL} : (struct names){NULL, name->dpname};
}

/* RFC 5280 6.3.3 (b)(2)(i): a point without a name of its own has that of its cRLIssuer; the implied one has the names
 * of the certificate's issuer. */
static struct names names_at(const struct crl_points *points, size_t index)
{
    const DIST_POINT *point = crl_points_get(points, index);

    if (point == NULL) {
        return (struct names){points->issuer_names, cert_issuer(points->cert)};
    }
    return point->distpoint != NULL ? names_of(point->distpoint) : (struct names){point->CRLissuer, NULL};
}

static bool kind_is_covered(const ISSUING_DIST_POINT *scope, const struct cert *cert)
{
    bool ca = cert_is_ca(cert);

    return scope->onlyattr <= 0 && !(scope->onlyuser > 0 && ca) && !(scope->onlyCA > 0 && !ca);
}

/* Whether the CRL's issuer is one that the point names, and, where that is stated as cRLIssuer, the CRL indirect:
 * (b)(1). */
static bool issuer_is_named(const struct crl *crl, const struct crl_points *points, size_t index)
{
    const DIST_POINT *point = crl_points_get(points, index);
    const X509_NAME *name;

    if (point != NULL && point->CRLissuer != NULL && (crl->scope == NULL || crl->scope->indirectCRL <= 0)) {
        return false;
    }
    for (size_t i = 0; (name = crl_points_issuer(points, index, i)) != NULL; i++) {
        if (X509_NAME_cmp(name, crl->issuer) == 0) {
            return true;
        }
    }
    return false;
}

bool crl_scope_covers(const struct crl *crl, const struct crl_points *points, size_t index, unsigned *reasons)
{
    const DIST_POINT *point = crl_points_get(points, index);
    struct names own, stated;

    *reasons = point != NULL ? reasons_of(point->reasons) : REASONS_ALL;
    if (!issuer_is_named(crl, points, index)) {
        return false;
    }
    if (crl->scope == NULL) {
        return true;
    }
    *reasons &= reasons_of(crl->scope->onlysomereasons);
    if (crl->scope->distpoint != NULL) {
        own = names_of(crl->scope->distpoint);
        stated = names_at(points, index);
        if (!names_meet(&own, &stated)) {
            return false;
        }
    }
    return kind_is_covered(crl->scope, points->cert);
}
