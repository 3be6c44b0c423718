#include "tests/unit/revocation_play.h"

#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static void must(bool held, const char *what)
{
    if (!held) {
        fprintf(stderr, "revocation_play: %s\n", what);
        abort();
    }
}

static GENERAL_NAME *directory_name(const X509_NAME *name)
{
    GENERAL_NAME *general = GENERAL_NAME_new();

    GENERAL_NAME_set0_value(general, GEN_DIRNAME, X509_NAME_dup(name));
    return general;
}

static GENERAL_NAME *url_name(const char *url)
{
    GENERAL_NAME *general = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    ASN1_STRING_set(text, url, -1);
    GENERAL_NAME_set0_value(general, GEN_URI, text);
    return general;
}

static DIST_POINT_NAME *point_name(const struct play_point *point)
{
    DIST_POINT_NAME *name = DIST_POINT_NAME_new();

    if (point->relative != NULL) {
        X509_NAME *relative = X509_NAME_new();

        name->type = 1;
        name->name.relativename = sk_X509_NAME_ENTRY_new_null();
        X509_NAME_add_entry_by_txt(relative, "CN", MBSTRING_UTF8, (const uint8_t *)point->relative, -1, -1, 0);
        sk_X509_NAME_ENTRY_push(name->name.relativename, X509_NAME_ENTRY_dup(X509_NAME_get_entry(relative, 0)));
        X509_NAME_free(relative);
        return name;
    }
    name->type = 0;
    name->name.fullname = GENERAL_NAMES_new();
    if (point->url != NULL) {
        sk_GENERAL_NAME_push(name->name.fullname, url_name(point->url));
    }
    if (point->name != NULL) {
        sk_GENERAL_NAME_push(name->name.fullname, directory_name(X509_get_subject_name(point->name)));
    }
    return name;
}

static bool has_name(const struct play_point *point)
{
    return point->url != NULL || point->name != NULL || point->relative != NULL;
}

static ASN1_BIT_STRING *reasons_of(const struct play_point *point)
{
    ASN1_BIT_STRING *bits = point->reasons[0] != 0 ? ASN1_BIT_STRING_new() : NULL;

    for (size_t i = 0; bits != NULL && i < 8 && point->reasons[i] != 0; i++) {
        ASN1_BIT_STRING_set_bit(bits, point->reasons[i], 1);
    }
    return bits;
}

static const char *as_extension(const char *name, uint8_t *der, int size)
{
    static char texts[32][512];
    static size_t next;
    char *text = texts[next++ % 32];
    size_t used = (size_t)snprintf(text, sizeof(texts[0]), "%s", name);

    must(size > 0 && used + 2 * (size_t)size < sizeof(texts[0]), name);
    for (int i = 0; i < size; i++) {
        used += (size_t)snprintf(text + used, sizeof(texts[0]) - used, "%02x", der[i]);
    }
    OPENSSL_free(der);
    return text;
}

const char *play_points(const struct play_point *points, size_t count)
{
    STACK_OF(DIST_POINT) *all = sk_DIST_POINT_new_null();
    uint8_t *der = NULL;
    int size;

    for (size_t i = 0; i < count; i++) {
        DIST_POINT *point = DIST_POINT_new();

        point->distpoint = has_name(&points[i]) ? point_name(&points[i]) : NULL;
        point->reasons = reasons_of(&points[i]);
        if (points[i].crl_issuer != NULL) {
            point->CRLissuer = GENERAL_NAMES_new();
            sk_GENERAL_NAME_push(point->CRLissuer, directory_name(X509_get_subject_name(points[i].crl_issuer)));
        }
        sk_DIST_POINT_push(all, point);
    }
    size = i2d_CRL_DIST_POINTS(all, &der);
    sk_DIST_POINT_pop_free(all, DIST_POINT_free);
    return as_extension("2.5.29.31=DER:", der, size);
}

const char *play_scope(const struct play_point *point, bool indirect)
{
    ISSUING_DIST_POINT *scope = ISSUING_DIST_POINT_new();
    uint8_t *der = NULL;
    int size;

    scope->distpoint = has_name(point) ? point_name(point) : NULL;
    scope->onlysomereasons = reasons_of(point);
    scope->indirectCRL = indirect ? 0xff : 0;
    size = i2d_ISSUING_DIST_POINT(scope, &der);
    ISSUING_DIST_POINT_free(scope);
    return as_extension("2.5.29.28=critical,DER:", der, size);
}

const char *play_entry_issuer(const X509 *issuer)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    uint8_t *der = NULL;
    int size;

    sk_GENERAL_NAME_push(names, directory_name(X509_get_subject_name(issuer)));
    size = i2d_GENERAL_NAMES(names, &der);
    GENERAL_NAMES_free(names);
    return as_extension("2.5.29.29=critical,DER:", der, size);
}

struct blob *play_crl(const X509_CRL *crl)
{
    uint8_t *der = NULL;
    int size = i2d_X509_CRL(crl, &der);
    struct blob *blob = blob_new(bytes_of(der, (size_t)size));

    OPENSSL_free(der);
    return blob;
}

struct need play_need(enum need_kind kind, const char *url, const X509 *subject, const X509 *issuer)
{
    struct need need = {
        .kind = kind,
        .url = strdup(url),
        .subject = made_blob(subject),
        .issuer = issuer != NULL ? made_blob(issuer) : NULL,
    };

    need.key = need_key(&need);
    return need;
}

bool play_arrives(struct evidence **evidence, struct policy *policy, const struct need *need, struct blob *object,
                  int64_t now, struct arrival_report *report)
{
    struct policies *policies = policies_of(policy);
    struct bytes bytes = object != NULL ? blob_bytes(object) : bytes_of(NULL, 0);
    const struct arrival arrival = {
        .need = need,
        .objects = &bytes,
        .count = object != NULL,
        .source = need->url != NULL ? need->url : need->dn,
        .now = now,
    };
    struct arrival_report own;
    struct evidence *after = evidence_add(*evidence, policies, &arrival, &own);

    if (after != NULL) {
        evidence_free(evidence);
        *evidence = after;
    }
    if (report != NULL) {
        *report = own;
    } else {
        arrival_report_free(&own);
    }
    policies_free(&policies);
    blob_free(&object);
    return after != NULL;
}

void play_judge(struct policy *policy, const struct evidence *evidence, const X509 *leaf, int64_t now, int may_ask,
                struct play_judged *judged)
{
    struct policies *policies = policies_of(policy);
    struct blob *value = made_blob(leaf);
    struct answer_draft draft = {.certificate_count = 0};
    const struct candidate candidate = {value, {"corp", "uid=alice,dc=example", ATTRIBUTE_USER_CERTIFICATE, 0}};
    const struct judge_request request = {
        .policies = policies,
        .evidence = evidence,
        .address = &draft.address,
        .candidates = &candidate,
        .count = 1,
        .now = now,
        .ask_urls = (may_ask & PLAY_URLS) != 0,
        .ask_directories = (may_ask & PLAY_DIRECTORIES) != 0,
        .ask_ocsp = (may_ask & PLAY_OCSP) != 0,
        .ask_issuers = (may_ask & PLAY_ISSUERS) != 0,
    };
    const struct certificate *certificate;

    *judged = (struct play_judged){.reason = REASON_UNJUDGED};
    must(address_parse(bytes_of_string(MADE_ADDRESS), &draft.address) == ADDRESS_OK, "address");
    must(judge(&request, &draft, &judged->needs) == 0 && draft.certificate_count == 1, "judge");
    certificate = &draft.certificates[0];
    judged->reason = certificate->reason;
    judged->revocation = certificate->revocation;
    snprintf(judged->detail, sizeof(judged->detail), "%s", certificate->detail);
    for (; judged->link_count < certificate->link_count && judged->link_count < 4; judged->link_count++) {
        judged->links[judged->link_count] = certificate->links[judged->link_count];
    }
    answer_draft_free(&draft);
    blob_free(&value);
    policies_free(&policies);
}
