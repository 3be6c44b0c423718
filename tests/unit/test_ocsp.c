#include <openssl/ocsp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "tests/unit/revocation_play.h"
#include "x509/ocsp.h"

/* RFC 6960: the question, and every way in which an answer does not count. */

#define SAN "subjectAltName=email:" MADE_ADDRESS
#define AIA "authorityInfoAccess=OCSP;URI:http://ocsp.example/"
#define MAY_RESPOND "extendedKeyUsage=OCSPSigning"

static X509 *root, *sub, *alice, *bob;
static X509 *responder, *no_check, *unauthorised, *expired_responder, *cousin, *no_signature, *namesakes;

static X509 *respond(const X509 *issuer, enum made_key issuer_key, const char *usage, const char *more, int64_t until)
{
    return made_certificate(&(struct made){.subject = "CN=Responder", .key = MADE_P256, .issuer = issuer,
                                           .issuer_key = issuer_key, .from = -10 * MADE_DAY, .until = until,
                                           .extensions = {usage, more}});
}

static int setup(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    root = made_root("CN=Root", MADE_RSA_ROOT);
    sub = made_intermediate("CN=Sub", MADE_RSA_CA, root, MADE_RSA_ROOT);
    alice = made_certificate(
        &(struct made){.key = MADE_RSA, .issuer = sub, .issuer_key = MADE_RSA_CA, .extensions = {SAN, AIA}});
    bob = made_certificate(
        &(struct made){.subject = "CN=Bob", .key = MADE_RSA_2, .issuer = sub, .issuer_key = MADE_RSA_CA});
    responder = respond(sub, MADE_RSA_CA, MAY_RESPOND, NULL, MADE_DAY);
    no_check = respond(sub, MADE_RSA_CA, MAY_RESPOND, "noCheck=ignored", MADE_DAY);
    unauthorised = respond(sub, MADE_RSA_CA, "extendedKeyUsage=emailProtection", NULL, MADE_DAY);
    expired_responder = respond(sub, MADE_RSA_CA, MAY_RESPOND, NULL, -1);
    cousin = respond(root, MADE_RSA_ROOT, MAY_RESPOND, NULL, MADE_DAY);
    no_signature = respond(sub, MADE_RSA_CA, MAY_RESPOND, "keyUsage=keyEncipherment", MADE_DAY);
    namesakes = respond(sub, MADE_RSA_CA_2, MAY_RESPOND, NULL, MADE_DAY); /* Sub's name, another key */
    return 0;
}

static int teardown(void **state)
{
    X509 *all[] = {root, sub, alice, bob, responder, no_check, unauthorised, expired_responder, cousin, no_signature,
                   namesakes};

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        X509_free(all[i]);
    }
    return 0;
}

/* An answer; what is left out is good, by Sub itself, of an hour ago and for a day. */
struct made_answer {
    X509 **about, **issuer;   /* NULL: alice, Sub */
    X509 **signer;            /* NULL: Sub */
    enum made_key key;        /* of the signer; 0: Sub's */
    int status;               /* V_OCSP_CERTSTATUS_… */
    int reason;
    bool sha256;
    int64_t this_update, next_update; /* from MADE_NOW; next_update -1: none */
    int64_t produced_at;
    enum { NO_NONCE, SAME_NONCE, OTHER_NONCE } nonce;
    const EVP_MD *digest;
    bool broken;
    int trouble;              /* a response status instead of an answer */
};

static ASN1_TIME *at(int64_t seconds)
{
    return ASN1_TIME_adj(NULL, MADE_NOW, 0, (long)seconds);
}

static void add_nonce(OCSP_BASICRESP *basic, const struct made_answer *made, struct blob *request)
{
    const uint8_t *from = request->data;
    OCSP_REQUEST *asked = d2i_OCSP_REQUEST(NULL, &from, (long)request->size);

    if (made->nonce == SAME_NONCE) {
        assert_int_equal(OCSP_copy_nonce(basic, asked), 1);
    } else if (made->nonce == OTHER_NONCE) {
        assert_int_equal(OCSP_basic_add1_nonce(basic, (uint8_t *)"0123456789abcdef0123456789abcdef", 32), 1);
    }
    OCSP_REQUEST_free(asked);
}

static struct blob *encode(OCSP_RESPONSE *response)
{
    uint8_t *der = NULL;
    int size = i2d_OCSP_RESPONSE(response, &der);
    struct blob *blob;

    assert_true(size > 0);
    blob = blob_new(bytes_of(der, (size_t)size));
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    return blob;
}

static struct blob *answer_of(const struct made_answer *made, struct blob *request)
{
    const EVP_MD *id_digest = made->sha256 ? EVP_sha256() : EVP_sha1();
    X509 *issuer = made->issuer != NULL ? *made->issuer : sub, *about = made->about != NULL ? *made->about : alice;
    X509 *signer = made->signer != NULL ? *made->signer : sub;
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(id_digest, about, issuer);
    bool default_life = made->this_update == 0 && made->next_update == 0;
    ASN1_TIME *this_update = at(default_life ? -3600 : made->this_update), *revoked = at(-2 * MADE_DAY);
    ASN1_TIME *next_update = made->next_update == -1 ? NULL : at(default_life ? MADE_DAY : made->next_update);
    OCSP_RESPONSE *response;
    EVP_PKEY *key = made_key(made->key != 0 ? made->key : MADE_RSA_CA);
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    assert_non_null(OCSP_basic_add1_status(basic, id, made->status, made->reason,
                                           made->status == V_OCSP_CERTSTATUS_REVOKED ? revoked : NULL, this_update,
                                           next_update));
    add_nonce(basic, made, request);
    assert_int_equal(
        EVP_DigestSignInit(context, NULL, made->digest != NULL ? made->digest : EVP_sha256(), NULL, key), 1);
    /* libcrypto would write producedAt by its own clock. */
    assert_non_null(ASN1_GENERALIZEDTIME_set((ASN1_GENERALIZEDTIME *)OCSP_resp_get0_produced_at(basic),
                                             MADE_NOW + made->produced_at));
    assert_int_equal(OCSP_basic_sign_ctx(basic, signer, context, NULL, OCSP_NOTIME), 1);
    ((uint8_t *)ASN1_STRING_get0_data(OCSP_resp_get0_signature(basic)))[9] ^= made->broken;
    response = OCSP_response_create(made->trouble, made->trouble == 0 ? basic : NULL);
    EVP_MD_CTX_free(context);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next_update);
    ASN1_TIME_free(revoked);
    OCSP_BASICRESP_free(basic);
    return encode(response);
}

static const struct {
    const char *name;
    struct made_answer made;
    const char *words; /* NULL: it counts */
    enum ocsp_word word;
} rows[] = {
    {"good", {.nonce = SAME_NONCE}, NULL, OCSP_SAYS_GOOD},
    {"good, without the nonce", {.nonce = NO_NONCE}, NULL, OCSP_SAYS_GOOD},
    {"revoked", {.status = V_OCSP_CERTSTATUS_REVOKED, .reason = 1}, NULL, OCSP_SAYS_REVOKED},
    {"unknown", {.status = V_OCSP_CERTSTATUS_UNKNOWN}, NULL, OCSP_SAYS_UNKNOWN},
    {"CertID by SHA-256", {.sha256 = true}, NULL, OCSP_SAYS_GOOD},
    {"another nonce", {.nonce = OTHER_NONCE}, "nonce", OCSP_SAYS_GOOD},
    {"about another certificate", {.about = &bob}, "not about", OCSP_SAYS_GOOD},
    {"of another issuer", {.issuer = &root}, "not about", OCSP_SAYS_GOOD},
    {"expired", {.this_update = -7200, .next_update = -3600}, "nextUpdate", OCSP_SAYS_GOOD},
    {"ends this second", {.this_update = -7200, .next_update = 0}, NULL, OCSP_SAYS_GOOD},
    {"five minutes ahead", {.this_update = 300, .next_update = 900}, NULL, OCSP_SAYS_GOOD},
    {"further ahead", {.this_update = 301, .next_update = 900}, "future", OCSP_SAYS_GOOD},
    {"produced five minutes ahead", {.produced_at = 300}, NULL, OCSP_SAYS_GOOD},
    {"produced further ahead", {.produced_at = 301}, "future", OCSP_SAYS_GOOD},
    {"within the hour, no nextUpdate", {.this_update = -3600, .next_update = -1}, NULL, OCSP_SAYS_GOOD},
    {"older than an hour, no nextUpdate", {.this_update = -3601, .next_update = -1}, "hour", OCSP_SAYS_GOOD},
    {"ends before it begins", {.this_update = 200, .next_update = 100}, "nextUpdate", OCSP_SAYS_GOOD},
    {"by a delegated responder", {.signer = &responder, .key = MADE_P256}, NULL, OCSP_SAYS_GOOD},
    {"by one that is not to be checked", {.signer = &no_check, .key = MADE_P256}, NULL, OCSP_SAYS_GOOD},
    {"by one without OCSPSigning", {.signer = &unauthorised, .key = MADE_P256}, "4.2.2.2", OCSP_SAYS_GOOD},
    {"by one that has expired", {.signer = &expired_responder, .key = MADE_P256}, "4.2.2.2", OCSP_SAYS_GOOD},
    {"by one of the issuer's issuer", {.signer = &cousin, .key = MADE_P256}, "4.2.2.2", OCSP_SAYS_GOOD},
    {"by one of another key of that name", {.signer = &namesakes, .key = MADE_P256}, "4.2.2.2", OCSP_SAYS_GOOD},
    {"by one that may not sign", {.signer = &no_signature, .key = MADE_P256}, "4.2.2.2", OCSP_SAYS_GOOD},
    {"by the issuer's issuer", {.signer = &root, .key = MADE_RSA_ROOT}, "4.2.2.2", OCSP_SAYS_GOOD},
    {"by a stranger", {.signer = &bob, .key = MADE_RSA_2}, "4.2.2.2", OCSP_SAYS_GOOD},
    {"signature broken", {.broken = true}, "4.2.2.2", OCSP_SAYS_GOOD},
    {"signed with MD5", {.digest = NULL}, NULL, OCSP_SAYS_GOOD}, /* the digest is set at run time */
    {"tryLater", {.trouble = OCSP_RESPONSE_STATUS_TRYLATER}, "trylater", OCSP_SAYS_GOOD},
    {"unauthorized", {.trouble = OCSP_RESPONSE_STATUS_UNAUTHORIZED}, "unauthorized", OCSP_SAYS_GOOD},
};

static void read_one(struct blob *request, struct blob *response, struct ocsp_answer **answer, struct error *error)
{
    struct blob *certificate = made_blob(alice), *issuer = made_blob(sub);
    struct cert cert, issued_by;
    struct finding finding;

    assert_true(cert_parse(certificate, &cert, &finding) && cert_parse(issuer, &issued_by, &finding));
    *answer = ocsp_read(&(struct ocsp_arrival){&cert, &issued_by, blob_bytes(request), blob_bytes(response),
                                               "http://ocsp.example/", MADE_NOW},
                        error);
    cert_free(&cert);
    cert_free(&issued_by);
    blob_free(&certificate);
    blob_free(&issuer);
}

static struct blob *request_of(const X509 *x509)
{
    struct blob *certificate = made_blob(x509), *issuer = made_blob(sub), *request;
    struct cert cert, issued_by;
    struct finding finding;

    assert_true(cert_parse(certificate, &cert, &finding) && cert_parse(issuer, &issued_by, &finding));
    request = ocsp_request(&cert, &issued_by);
    cert_free(&cert);
    cert_free(&issued_by);
    blob_free(&certificate);
    blob_free(&issuer);
    return request;
}

static void an_answer_counts_or_not(void **state)
{
    struct blob *request = request_of(alice);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct made_answer made = rows[i].made;
        const char *words = rows[i].words;
        struct ocsp_answer *answer;
        struct blob *response;
        struct error error = {""};

        if (strstr(rows[i].name, "MD5") != NULL) {
            made.digest = EVP_md5();
            words = "collisions";
        }
        response = answer_of(&made, request);
        read_one(request, response, &answer, &error);
        if ((answer != NULL) != (words == NULL) || (words != NULL && strstr(error.text, words) == NULL)) {
            fail_msg("%s: %s", rows[i].name, answer != NULL ? "it counts" : error.text);
        }
        if (answer != NULL) {
            assert_int_equal(answer->word, rows[i].word);
        }
        ocsp_free(&answer);
        blob_free(&response);
    }
    blob_free(&request);
}

static void no_answer_that_is_cut_counts(void **state)
{
    struct blob *request = request_of(alice), *response = answer_of(&(struct made_answer){.nonce = SAME_NONCE}, request);

    (void)state;
    for (size_t size = 0; size < response->size; size++) {
        struct blob *cut = blob_new(bytes_of(response->data, size));
        struct ocsp_answer *answer;
        struct error error;

        read_one(request, cut, &answer, &error);
        assert_null(answer);
        blob_free(&cut);
    }
    blob_free(&request);
    blob_free(&response);
}

static void a_question_has_a_nonce_of_its_own(void **state)
{
    struct blob *first = request_of(alice), *second = request_of(alice);
    const uint8_t *from = first->data;
    OCSP_REQUEST *request = d2i_OCSP_REQUEST(NULL, &from, (long)first->size);

    (void)state;
    assert_non_null(request);
    assert_int_equal(OCSP_request_onereq_count(request), 1);
    assert_true(OCSP_REQUEST_get_ext_by_NID(request, NID_id_pkix_OCSP_Nonce, -1) >= 0);
    assert_int_equal(first->size, second->size);
    assert_memory_not_equal(first->data, second->data, first->size);
    OCSP_REQUEST_free(request);
    blob_free(&first);
    blob_free(&second);
}

/* Each refresh asks anew: about the same, with a nonce of its own, and one alone. */
static void a_question_asked_again_has_another_nonce(void **state)
{
    struct blob *first = request_of(alice), *again = ocsp_request_again(first);
    const uint8_t *from = first->data, *from_again = again->data;
    OCSP_REQUEST *request = d2i_OCSP_REQUEST(NULL, &from, (long)first->size);
    OCSP_REQUEST *repeated = d2i_OCSP_REQUEST(NULL, &from_again, (long)again->size);
    struct blob *old = answer_of(&(struct made_answer){.nonce = SAME_NONCE}, first);
    struct ocsp_answer *answer;
    struct error error;

    (void)state;
    assert_int_equal(again->size, first->size);
    assert_int_equal(OCSP_REQUEST_get_ext_count(repeated), 1);
    assert_int_equal(OCSP_id_cmp(OCSP_onereq_get0_id(OCSP_request_onereq_get0(request, 0)),
                                 OCSP_onereq_get0_id(OCSP_request_onereq_get0(repeated, 0))), 0);
    read_one(again, old, &answer, &error);
    assert_null(answer);
    assert_non_null(strstr(error.text, "nonce"));
    OCSP_REQUEST_free(request);
    OCSP_REQUEST_free(repeated);
    blob_free(&first);
    blob_free(&again);
    blob_free(&old);
}

static struct policy *policy_of(enum revocation_mode mode, bool ocsp)
{
    X509_CRL *of_root = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1});
    struct policy *policy =
        made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL}, .intermediates = (X509 *[]){sub, NULL},
                                          .crls = (X509_CRL *[]){of_root, NULL}, .revocation = mode,
                                          .settings = {.ocsp = ocsp}});

    X509_CRL_free(of_root);
    return policy;
}

/* The judge asks, the answer comes, the judge knows; with each word, under `require` and `prefer`. */
static void the_judge_asks_and_believes(void **state)
{
    static const struct {
        int status;
        enum reason require, prefer;
    } words[] = {
        {V_OCSP_CERTSTATUS_GOOD, REASON_USABLE, REASON_USABLE},
        {V_OCSP_CERTSTATUS_REVOKED, REASON_REVOKED, REASON_REVOKED},
        {V_OCSP_CERTSTATUS_UNKNOWN, REASON_REVOCATION_UNKNOWN, REASON_USABLE},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(words) / sizeof(words[0]); i++) {
        bool require = i % 2 == 0;
        struct policy *policy = policy_of(require ? REVOCATION_MODE_REQUIRE : REVOCATION_MODE_PREFER, true);
        struct evidence *evidence = evidence_new();
        struct arrival_report report;
        struct play_judged judged, again;
        struct blob *response;

        play_judge(policy, evidence, alice, MADE_NOW, PLAY_OCSP, &judged);
        assert_int_equal(judged.needs.count, 1);
        assert_int_equal(judged.needs.items[0].kind, NEED_OCSP);
        assert_true(judged.revocation.awaited);
        play_judge(policy, evidence, alice, MADE_NOW, PLAY_OCSP, &again);
        assert_memory_equal(judged.needs.items[0].key.bytes, again.needs.items[0].key.bytes, DIGEST_BYTES);
        needs_free(&again.needs);
        response = answer_of(&(struct made_answer){.status = words[i / 2].status, .reason = 1, .nonce = SAME_NONCE},
                             judged.needs.items[0].request);
        assert_true(play_arrives(&evidence, policy, &judged.needs.items[0], response, MADE_NOW, &report));
        assert_true(report.usable);
        assert_int_equal(report.expires_at, MADE_NOW + MADE_DAY);
        assert_int_equal(report.revoked_count, words[i / 2].status == V_OCSP_CERTSTATUS_REVOKED);
        needs_free(&judged.needs);
        play_judge(policy, evidence, alice, MADE_NOW, PLAY_OCSP, &judged);
        assert_int_equal(judged.reason, require ? words[i / 2].require : words[i / 2].prefer);
        assert_int_equal(judged.needs.count, 0);
        if (words[i / 2].status == V_OCSP_CERTSTATUS_GOOD) {
            assert_int_equal(judged.revocation.next_update, MADE_NOW + MADE_DAY); /* before Root's CRL ends */
        }
        arrival_report_free(&report);
        evidence_free(&evidence);
        policy_free(&policy);
    }
}

/* One of two responders knows nothing of it, and says so last: the other has revoked it. */
static void a_responder_that_knows_nothing_hides_no_other(void **state)
{
    static const int others[] = {V_OCSP_CERTSTATUS_UNKNOWN, V_OCSP_CERTSTATUS_GOOD};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct policy *policy = policy_of(REVOCATION_MODE_PREFER, true);
        struct evidence *evidence = evidence_new();
        struct play_judged judged;
        struct need other;

        play_judge(policy, evidence, alice, MADE_NOW, PLAY_OCSP, &judged);
        assert_int_equal(judged.needs.count, 1);
        play_arrives(&evidence, policy, &judged.needs.items[0],
                     answer_of(&(struct made_answer){.status = V_OCSP_CERTSTATUS_REVOKED, .reason = 1,
                                                     .this_update = -7200, .next_update = 7200},
                               judged.needs.items[0].request), MADE_NOW, NULL);
        assert_int_equal(need_copy(&judged.needs.items[0], &other), 0);
        free(other.url);
        other.url = strdup("http://other.example/");
        other.key = need_key(&other);
        play_arrives(&evidence, policy, &other, answer_of(&(struct made_answer){.status = others[i]}, other.request),
                     MADE_NOW, NULL);
        needs_free(&judged.needs);
        play_judge(policy, evidence, alice, MADE_NOW, PLAY_OCSP, &judged);
        assert_int_equal(judged.reason, REASON_REVOKED);
        play_judge(policy, evidence, alice, MADE_NOW + 7201, 0, &judged); /* the newer good one is current yet */
        assert_int_equal(judged.reason, others[i] == V_OCSP_CERTSTATUS_GOOD ? REASON_USABLE : REASON_REVOKED);
        need_clear(&other);
        evidence_free(&evidence);
        policy_free(&policy);
    }
}

static void without_the_setting_nothing_is_asked_or_believed(void **state)
{
    struct policy *without = policy_of(REVOCATION_MODE_REQUIRE, false), *with = policy_of(REVOCATION_MODE_REQUIRE, true);
    struct evidence *evidence = evidence_new();
    struct play_judged judged;
    struct blob *response;

    (void)state;
    play_judge(without, NULL, alice, MADE_NOW, PLAY_OCSP, &judged);
    assert_int_equal(judged.needs.count, 0);
    play_judge(with, NULL, alice, MADE_NOW, PLAY_OCSP, &judged);
    response = answer_of(&(struct made_answer){.nonce = SAME_NONCE}, judged.needs.items[0].request);
    play_arrives(&evidence, with, &judged.needs.items[0], response, MADE_NOW, NULL);
    needs_free(&judged.needs);
    play_judge(without, evidence, alice, MADE_NOW, PLAY_OCSP, &judged);
    assert_int_equal(judged.reason, REASON_REVOCATION_UNKNOWN);
    evidence_free(&evidence);
    policy_free(&without);
    policy_free(&with);
}

/* Its issuer's CRL lists the responder. */
static void a_revoked_responder_is_not_believed(void **state)
{
    X509 *const responders[] = {responder, no_check};
    static const enum reason wanted[] = {REASON_REVOCATION_UNKNOWN, REASON_USABLE};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        X509 *signer = responders[i];
        struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE, true);
        struct evidence *evidence = evidence_new();
        struct need need = play_need(NEED_CRL, "http://crl.example/sub.crl", alice, sub);
        X509_CRL *crl = made_crl(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = 1,
                                                    .revoked = {signer}, .this_update = -20, .next_update = -10});
        struct play_judged judged;
        struct blob *response;

        play_judge(policy, NULL, alice, MADE_NOW, PLAY_OCSP, &judged);
        response = answer_of(&(struct made_answer){.signer = &signer, .key = MADE_P256},
                             judged.needs.items[0].request);
        play_arrives(&evidence, policy, &judged.needs.items[0], response, MADE_NOW, NULL);
        needs_free(&judged.needs);
        play_arrives(&evidence, policy, &need, play_crl(crl), MADE_NOW, NULL);
        play_judge(policy, evidence, alice, MADE_NOW, 0, &judged);
        assert_int_equal(judged.reason, wanted[i]);
        X509_CRL_free(crl);
        need_clear(&need);
        evidence_free(&evidence);
        policy_free(&policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_counts_or_not),
        cmocka_unit_test(no_answer_that_is_cut_counts),
        cmocka_unit_test(a_question_has_a_nonce_of_its_own),
        cmocka_unit_test(a_question_asked_again_has_another_nonce),
        cmocka_unit_test(the_judge_asks_and_believes),
        cmocka_unit_test(without_the_setting_nothing_is_asked_or_believed),
        cmocka_unit_test(a_responder_that_knows_nothing_hides_no_other),
        cmocka_unit_test(a_revoked_responder_is_not_believed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
