#include "x509/wants.h"

#include <stdlib.h>

#include "x509/evidence_view.h"
#include "x509/ocsp.h"
#include "x509/places.h"

/* One visit to the names of a point. */
struct visit {
    struct wants *wants;
    struct needs *needs; /* NULL: only look what is held */
    struct need need;    /* all but the place */
    bool possible, held; /* some place exists; what came from one is current */
};

/* Takes the place up if it is one. The need's own strings go back to the caller. */
static void consider(struct visit *visit)
{
    struct digest key = need_key(&visit->need);

    switch (evidence_holds(visit->wants->evidence, &key, visit->wants->now)) {
    case HELD_EMPTY:
        return;
    case HELD_CURRENT:
        visit->possible = visit->held = true;
        return;
    case HELD_PAST:
    case HELD_NOT:
        visit->possible = true;
        if (visit->needs != NULL) {
            needs_add(visit->needs, &visit->need);
        }
    }
}

static void consider_url(struct visit *visit, char *url)
{
    visit->need.url = url;
    consider(visit);
    visit->need.url = NULL;
}

static void consider_entry(struct visit *visit, char *dn)
{
    char *directory = visit->wants->directory != NULL && dn != NULL ? strdup(visit->wants->directory) : NULL;

    if (directory != NULL) {
        visit->need.directory = directory;
        visit->need.dn = dn;
        consider(visit);
        visit->need.directory = visit->need.dn = NULL;
    }
    free(directory);
}

static void consider_name(struct visit *visit, const X509_NAME *name)
{
    char *dn = visit->wants->directory != NULL && name != NULL ? place_dn(name) : NULL;

    consider_entry(visit, dn);
    free(dn);
}

static void consider_uri(struct visit *visit, const ASN1_STRING *uri, bool urls)
{
    char *url = place_url(uri), *dn = url != NULL ? place_ldap_dn(url) : NULL;

    if (dn != NULL) {
        consider_entry(visit, dn);
    } else if (url != NULL && urls && !place_is_hostless(url)) {
        consider_url(visit, url);
    }
    free(url);
    free(dn);
}

static void consider_names(struct visit *visit, const GENERAL_NAMES *names)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < MAX_POINT_NAMES; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_URI) {
            consider_uri(visit, name->d.uniformResourceIdentifier, visit->wants->urls);
        } else if (name->type == GEN_DIRNAME) {
            consider_name(visit, name->d.directoryName);
        }
    }
}

static void consider_point(struct visit *visit, const DIST_POINT *point)
{
    if (point->distpoint != NULL && point->distpoint->type == 0) {
        consider_names(visit, point->distpoint->name.fullname);
    } else if (point->distpoint != NULL) {
        consider_name(visit, point->distpoint->dpname);
    }
    if (point->CRLissuer != NULL) {
        consider_names(visit, point->CRLissuer);
    }
}

/* A CRL that another signs is of no use without that one's certificate. */
static void consider_crl_issuer(struct visit *visit, const DIST_POINT *point)
{
    struct visit signer = {
        .wants = visit->wants, .needs = visit->needs, .need = {.kind = NEED_ISSUER, .subject = visit->need.subject}};

    if (point->CRLissuer != NULL) {
        consider_names(&signer, point->CRLissuer);
    }
}

static bool consider_points(struct wants *wants, struct needs *needs, const struct crl_points *points,
                            const struct cert *issuer)
{
    struct visit visit = {
        .wants = wants,
        .needs = needs,
        .need = {.kind = NEED_CRL, .subject = points->cert->der, .issuer = issuer->der},
    };

    for (size_t i = 0; i < points->count; i++) {
        const DIST_POINT *point = crl_points_get(points, i);

        if (point != NULL) {
            consider_point(&visit, point);
            consider_crl_issuer(&visit, point);
        } else {
            consider_name(&visit, cert_issuer(points->cert));
        }
    }
    return visit.possible;
}

bool wants_crls(struct wants *wants, const struct crl_points *points, const struct cert *issuer)
{
    return consider_points(wants, &wants->revocation, points, issuer);
}

void wants_own_crls(struct wants *wants, const struct crl_points *points, const struct cert *issuer)
{
    consider_points(wants, &wants->fresher, points, issuer);
}

bool wants_configured(struct wants *wants, char *const *urls, size_t count)
{
    bool possible = false;

    for (size_t i = 0; i < count && wants->configured; i++) {
        struct visit visit = {.wants = wants, .needs = &wants->revocation, .need = {.kind = NEED_CRL}};

        consider_url(&visit, urls[i]);
        possible = possible || (visit.possible && !visit.held);
    }
    return possible;
}

/* Calls for each URL of that method in authorityInfoAccess (RFC 5280 4.2.2.1). */
static void consider_access(struct visit *visit, const struct cert *cert, int method)
{
    AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(cert->x509, NID_info_access, NULL, NULL);

    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access) && i < MAX_POINT_NAMES; i++) {
        const ACCESS_DESCRIPTION *description = sk_ACCESS_DESCRIPTION_value(access, i);

        if (OBJ_obj2nid(description->method) == method && description->location->type == GEN_URI) {
            consider_uri(visit, description->location->d.uniformResourceIdentifier, true);
        }
    }
    AUTHORITY_INFO_ACCESS_free(access);
}

bool wants_ocsp(struct wants *wants, const struct cert *cert, const struct cert *issuer)
{
    struct visit visit = {wants, &wants->revocation, {.kind = NEED_OCSP, .subject = cert->der, .issuer = issuer->der},
                          false, false};

    if (!wants->ocsp || !ocsp_is_offered(cert)) {
        return false;
    }
    visit.need.request = ocsp_request(cert, issuer);
    if (visit.need.request != NULL) {
        consider_access(&visit, cert, NID_ad_OCSP);
    }
    blob_free(&visit.need.request);
    return visit.possible;
}

static void consider_freshest(struct visit *visit, const STACK_OF(DIST_POINT) *points)
{
    for (int i = 0; i < sk_DIST_POINT_num(points) && i < MAX_CRL_POINTS; i++) {
        const DIST_POINT *point = sk_DIST_POINT_value(points, i);

        if (point->distpoint != NULL && point->distpoint->type == 0) {
            consider_names(visit, point->distpoint->name.fullname);
        }
    }
}

void wants_deltas(struct wants *wants, const struct crl *crl, const struct cert *cert, const struct cert *issuer)
{
    STACK_OF(DIST_POINT) *own = X509_get_ext_d2i(cert->x509, NID_freshest_crl, NULL, NULL);
    struct visit visit = {wants, NULL, {.kind = NEED_CRL, .subject = cert->der, .issuer = issuer->der}, false, false};

    consider_freshest(&visit, own);
    consider_freshest(&visit, crl->freshest);
    if (visit.possible && !visit.held) {
        visit.needs = &wants->fresher;
        consider_freshest(&visit, own);
        consider_freshest(&visit, crl->freshest);
    }
    sk_DIST_POINT_pop_free(own, DIST_POINT_free);
}

bool wants_signer(struct wants *wants, const struct crl *crl, const struct cert *cert)
{
    struct visit visit = {wants, &wants->revocation, {.kind = NEED_ISSUER, .subject = cert->der}, false, false};

    consider_name(&visit, crl->issuer);
    if (crl->signer_url != NULL && wants->issuers) {
        consider_url(&visit, crl->signer_url);
    }
    return visit.possible;
}

/* A certificate that issued itself leads nowhere but to itself. */
void wants_issuer(struct wants *wants, const struct cert *cert, bool of_signer)
{
    struct visit visit = {.wants = wants,
                          .needs = of_signer ? &wants->revocation : &wants->paths,
                          .need = {.kind = NEED_ISSUER, .subject = cert->der}};

    if ((X509_get_extension_flags(cert->x509) & EXFLAG_SS) != 0) {
        return;
    }
    consider_name(&visit, cert_issuer(cert));
    if (wants->issuers) {
        consider_access(&visit, cert, NID_ad_ca_issuers);
    }
}

void wants_free(struct wants *wants)
{
    needs_free(&wants->revocation);
    needs_free(&wants->fresher);
    needs_free(&wants->paths);
}
