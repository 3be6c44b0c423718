#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "tests/unit/revocation_play.h"
#include "x509/evidence_item.h"

/* Evidence that comes while we run: snapshots, what they hold, what the judge makes of them and what it wants. */

#define SAN "subjectAltName=email:" MADE_ADDRESS
#define URL "http://crl.example/sub.crl"
#define ROOT_URL "http://crl.example/root.crl"
#define DELTA_URL "http://crl.example/delta.crl"

static X509 *root, *sub, *sub_signs_crls, *alice, *bob;
static struct need sub_need, root_need, issuer_need;

static int setup(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    root = made_root("CN=Root", MADE_RSA_ROOT);
    sub = made_certificate(&(struct made){
        .subject = "CN=Sub,O=Example", .key = MADE_RSA_CA, .issuer = root, .issuer_key = MADE_RSA_ROOT,
        .extensions = {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
                       "crlDistributionPoints=URI:" ROOT_URL}});
    sub_signs_crls = made_certificate(&(struct made){
        .subject = "CN=Sub,O=Example", .key = MADE_RSA_CA_2, .issuer = root, .issuer_key = MADE_RSA_ROOT,
        .extensions = {"keyUsage=critical,cRLSign", "crlDistributionPoints=URI:" ROOT_URL}});
    alice = made_certificate(&(struct made){.key = MADE_RSA, .issuer = sub, .issuer_key = MADE_RSA_CA,
                                            .extensions = {SAN, "crlDistributionPoints=URI:" URL}});
    bob = made_certificate(&(struct made){.subject = "CN=Bob", .key = MADE_RSA, .issuer = sub, .issuer_key = MADE_RSA_CA,
                                          .extensions = {SAN, "crlDistributionPoints=URI:" URL}});
    sub_need = play_need(NEED_CRL, URL, alice, sub);
    root_need = play_need(NEED_CRL, ROOT_URL, sub, root);
    issuer_need = play_need(NEED_ISSUER, "http://crl.example/sub.p7c", alice, NULL);
    return 0;
}

static int teardown(void **state)
{
    X509 *all[] = {root, sub, sub_signs_crls, alice, bob};

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        X509_free(all[i]);
    }
    need_clear(&sub_need);
    need_clear(&root_need);
    need_clear(&issuer_need);
    return 0;
}

static struct policy *policy_of(enum revocation_mode mode)
{
    return made_policy(&(struct made_policy){
        .anchors = (X509 *[]){root, NULL}, .intermediates = (X509 *[]){sub, NULL}, .revocation = mode});
}

static struct blob *crl_of(const struct made_crl *made)
{
    X509_CRL *crl = made_crl(made);
    struct blob *blob = play_crl(crl);

    X509_CRL_free(crl);
    return blob;
}

static struct blob *sub_crl(int64_t this_update, int64_t next_update, const X509 *revoked)
{
    return crl_of(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1, .revoked = {revoked},
                                     .this_update = this_update, .next_update = next_update});
}

static struct blob *root_crl(const X509 *revoked)
{
    return crl_of(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = 2, .revoked = {revoked}});
}

static const struct need *find(const struct needs *needs, enum need_kind kind, const char *url, const char *dn)
{
    for (size_t i = 0; i < needs->count; i++) {
        const struct need *need = &needs->items[i];

        if (need->kind == kind && (url != NULL ? need->url != NULL && strcmp(need->url, url) == 0
                                               : need->dn != NULL && strcmp(need->dn, dn) == 0)) {
            return need;
        }
    }
    return NULL;
}

static void what_is_missing_is_wanted(void **state)
{
    struct policy *require = policy_of(REVOCATION_MODE_REQUIRE), *prefer = policy_of(REVOCATION_MODE_PREFER);
    struct play_judged judged;
    const struct need *need;

    (void)state;
    play_judge(require, NULL, alice, MADE_NOW, PLAY_URLS | PLAY_DIRECTORIES, &judged);
    assert_int_equal(judged.reason, REASON_REVOCATION_UNKNOWN);
    assert_true(judged.revocation.awaited);
    assert_int_equal(judged.needs.count, 4);
    need = find(&judged.needs, NEED_CRL, URL, NULL);
    assert_non_null(need);
    assert_memory_equal(need->key.bytes, sub_need.key.bytes, DIGEST_BYTES);
    assert_non_null(find(&judged.needs, NEED_CRL, ROOT_URL, NULL));
    need = find(&judged.needs, NEED_CRL, NULL, "O=Example,CN=Sub");
    assert_non_null(need);
    assert_string_equal(need->directory, "corp");
    assert_non_null(find(&judged.needs, NEED_CRL, NULL, "CN=Root"));
    needs_free(&judged.needs);

    play_judge(prefer, NULL, alice, MADE_NOW, PLAY_URLS, &judged);
    assert_int_equal(judged.reason, REASON_USABLE);
    assert_int_equal(judged.revocation.status, REVOCATION_UNKNOWN);
    assert_int_equal(judged.needs.count, 2);
    needs_free(&judged.needs);

    play_judge(require, NULL, alice, MADE_NOW, 0, &judged);
    assert_false(judged.revocation.awaited);
    assert_int_equal(judged.needs.count, 0);
    policy_free(&require);
    policy_free(&prefer);
}

/* Places come from certificates: of a chain that is not in order, nothing is asked. */
static void nothing_is_wanted_for_what_does_not_verify(void **state)
{
    X509 *stranger = made_root("CN=Stranger", MADE_RSA_2);
    X509 *foreign = made_certificate(&(struct made){.key = MADE_RSA, .issuer = stranger, .issuer_key = MADE_RSA_2,
                                                    .extensions = {SAN, "crlDistributionPoints=URI:" URL}});
    X509 *expired = made_certificate(&(struct made){.key = MADE_RSA, .issuer = sub, .issuer_key = MADE_RSA_CA, .from = -9,
                                                    .until = -1, .extensions = {SAN, "crlDistributionPoints=URI:" URL}});
    X509 *misused = made_certificate(
        &(struct made){.key = MADE_RSA, .issuer = sub, .issuer_key = MADE_RSA_CA,
                       .extensions = {SAN, "crlDistributionPoints=URI:" URL, "keyUsage=digitalSignature"}});
    X509 *const leaves[] = {foreign, misused};
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct play_judged judged;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        play_judge(policy, NULL, leaves[i], MADE_NOW, PLAY_URLS | PLAY_OCSP, &judged);
        assert_int_equal(judged.needs.count, 0);
    }
    play_judge(policy, NULL, expired, MADE_NOW, PLAY_URLS, &judged);
    assert_int_equal(judged.reason, REASON_EXPIRED);
    assert_int_equal(judged.needs.count, 0);
    policy_free(&policy);
    X509_free(stranger);
    X509_free(foreign);
    X509_free(expired);
    X509_free(misused);
}

static void where_a_path_ends_an_issuer_is_wanted(void **state)
{
    struct policy *policy = made_policy(
        &(struct made_policy){.anchors = (X509 *[]){root, NULL}, .revocation = REVOCATION_MODE_OFF});
    X509 *led = made_certificate(
        &(struct made){.key = MADE_RSA, .issuer = sub, .issuer_key = MADE_RSA_CA,
                       .extensions = {SAN, "authorityInfoAccess=caIssuers;URI:http://crl.example/sub.p7c"}});
    struct evidence *evidence = evidence_new();
    struct play_judged judged;

    (void)state;
    play_judge(policy, NULL, led, MADE_NOW, PLAY_ISSUERS | PLAY_DIRECTORIES, &judged);
    assert_int_equal(judged.reason, REASON_UNTRUSTED);
    assert_int_equal(judged.needs.count, 2);
    assert_non_null(find(&judged.needs, NEED_ISSUER, "http://crl.example/sub.p7c", NULL));
    assert_non_null(find(&judged.needs, NEED_ISSUER, NULL, "O=Example,CN=Sub"));
    needs_free(&judged.needs);
    play_judge(policy, NULL, led, MADE_NOW, PLAY_URLS, &judged);
    assert_int_equal(judged.needs.count, 0);

    assert_true(play_arrives(&evidence, policy, &issuer_need, made_bundle((X509 *[]){sub}, 1, false), MADE_NOW, NULL));
    assert_int_equal(evidence_count(evidence).issuers, 1);
    play_judge(policy, evidence, led, MADE_NOW, PLAY_ISSUERS | PLAY_DIRECTORIES, &judged);
    assert_int_equal(judged.reason, REASON_USABLE);
    assert_int_equal(judged.needs.count, 0);
    evidence_free(&evidence);
    policy_free(&policy);
    X509_free(led);
}

static void what_came_answers(void **state)
{
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct evidence *evidence = evidence_new();
    struct arrival_report report;
    struct play_judged judged;

    (void)state;
    assert_true(play_arrives(&evidence, policy, &root_need, root_crl(NULL), MADE_NOW, NULL));
    assert_true(play_arrives(&evidence, policy, &sub_need, sub_crl(-100, 1000, bob), MADE_NOW, &report));
    assert_true(report.usable);
    assert_int_equal(report.expires_at, MADE_NOW + 1000);
    assert_in_range(report.refresh_at, MADE_NOW + 600, MADE_NOW + 750);
    assert_int_equal(report.revoked_count, 1);
    play_judge(policy, evidence, alice, MADE_NOW, PLAY_URLS, &judged);
    assert_int_equal(judged.reason, REASON_USABLE);
    assert_int_equal(judged.revocation.status, REVOCATION_GOOD);
    assert_int_equal(judged.revocation.next_update, MADE_NOW + 1000);
    assert_int_equal(judged.needs.count, 0);
    assert_int_equal(judged.link_count, 2);
    assert_false(evidence_revokes(evidence, judged.links, judged.link_count, MADE_NOW));

    play_judge(policy, evidence, bob, MADE_NOW, PLAY_URLS, &judged);
    assert_int_equal(judged.reason, REASON_REVOKED);
    assert_int_equal(judged.links[0], report.revoked[0]);
    assert_true(evidence_revokes(evidence, judged.links, judged.link_count, MADE_NOW));
    arrival_report_free(&report);

    /* Past its nextUpdate: nothing is good any more, what was revoked stays so, and a new one is wanted. */
    play_judge(policy, evidence, alice, MADE_NOW + 1001, PLAY_URLS, &judged);
    assert_int_equal(judged.reason, REASON_REVOCATION_UNKNOWN);
    assert_true(judged.revocation.awaited);
    assert_int_equal(judged.needs.count, 1);
    needs_free(&judged.needs);
    play_judge(policy, evidence, bob, MADE_NOW + 1001, PLAY_URLS, &judged);
    assert_int_equal(judged.reason, REASON_REVOKED);
    evidence_free(&evidence);
    policy_free(&policy);
}

static void a_snapshot_stays_as_it_was(void **state)
{
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct evidence *evidence = evidence_new(), *before;
    struct play_judged judged;

    (void)state;
    play_arrives(&evidence, policy, &root_need, root_crl(NULL), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &sub_need, sub_crl(-100, 1000, NULL), MADE_NOW, NULL);
    before = evidence_ref(evidence);
    play_arrives(&evidence, policy, &sub_need, sub_crl(-50, 1000, alice), MADE_NOW, NULL);
    play_judge(policy, before, alice, MADE_NOW, 0, &judged);
    assert_int_equal(judged.reason, REASON_USABLE);
    play_judge(policy, evidence, alice, MADE_NOW, 0, &judged);
    assert_int_equal(judged.reason, REASON_REVOKED);
    evidence_free(&before);
    evidence_free(&evidence);
    policy_free(&policy);
}

/* A CRL that comes again in the same words is the one of before, and was used no more than that. */
static void what_certificates_are_held_against_is_in_use(void **state)
{
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct evidence *evidence = evidence_new();
    struct play_judged judged;

    (void)state;
    assert_false(evidence_take_use(evidence, &sub_need.key));
    play_arrives(&evidence, policy, &root_need, root_crl(NULL), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &sub_need, sub_crl(-100, 1000, NULL), MADE_NOW, NULL);
    assert_false(evidence_take_use(evidence, &sub_need.key));
    play_judge(policy, evidence, alice, MADE_NOW, 0, &judged);
    assert_int_equal(judged.reason, REASON_USABLE);
    assert_true(evidence_take_use(evidence, &sub_need.key));
    assert_false(evidence_take_use(evidence, &sub_need.key));
    assert_true(evidence_take_use(evidence, &root_need.key));
    play_judge(policy, evidence, alice, MADE_NOW, 0, &judged);
    play_arrives(&evidence, policy, &sub_need, sub_crl(-50, 1000, NULL), MADE_NOW, NULL);
    assert_false(evidence_take_use(evidence, &sub_need.key)); /* the newer one not yet */
    evidence_free(&evidence);
    policy_free(&policy);
}

static void newly_revoked_links_are_told_once(void **state)
{
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct evidence *evidence = evidence_new();
    struct blob *alices = made_blob(alice), *bobs = made_blob(bob);
    struct arrival_report report;

    (void)state;
    play_arrives(&evidence, policy, &sub_need, sub_crl(-100, 1000, bob), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &sub_need,
                 crl_of(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1, .revoked = {bob, alice},
                                           .this_update = -50, .next_update = 1000}),
                 MADE_NOW, &report);
    assert_int_equal(report.revoked_count, 1);
    assert_int_equal(report.revoked[0], link_id(blob_bytes(alices)));
    assert_int_not_equal(report.revoked[0], link_id(blob_bytes(bobs)));
    arrival_report_free(&report);

    /* Off the list again, as from hold. */
    play_arrives(&evidence, policy, &sub_need, sub_crl(-40, 1000, bob), MADE_NOW, &report);
    assert_int_equal(report.revoked_count, 0);
    assert_false(evidence_revokes(evidence, &(uint64_t){link_id(blob_bytes(alices))}, 1, MADE_NOW));
    arrival_report_free(&report);
    blob_free(&alices);
    blob_free(&bobs);
    evidence_free(&evidence);
    policy_free(&policy);
}

static void an_older_crl_does_not_come_back(void **state)
{
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct evidence *evidence = evidence_new();
    struct play_judged judged;

    (void)state;
    play_arrives(&evidence, policy, &root_need, root_crl(NULL), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &sub_need, sub_crl(-50, 1000, alice), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &sub_need, sub_crl(-100, 1000, NULL), MADE_NOW, NULL);
    play_judge(policy, evidence, alice, MADE_NOW, 0, &judged);
    assert_int_equal(judged.reason, REASON_REVOKED);

    /* Nor does one for CAs only, signed as well, push it out. */
    play_arrives(&evidence, policy, &sub_need,
                 crl_of(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1, .this_update = -10,
                                           .next_update = 1000,
                                           .extensions = {"issuingDistributionPoint=critical,onlyCA:TRUE"}}),
                 MADE_NOW, NULL);
    play_judge(policy, evidence, alice, MADE_NOW, 0, &judged);
    assert_int_equal(judged.reason, REASON_REVOKED);
    evidence_free(&evidence);
    policy_free(&policy);
}

/* A CA that was renewed with another key signs CRLs with both, and each lists what its own key issued. Whoever sits on
 * the way shall not put one in the place of the other; and where only the other is held, the own is asked for. */
static void a_crl_by_another_key_takes_no_place(void **state)
{
    X509 *renewed = made_intermediate("CN=Sub,O=Example", MADE_RSA_CA_2, root, MADE_RSA_ROOT);
    struct policy *policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL},
                                                              .intermediates = (X509 *[]){sub, renewed, NULL},
                                                              .revocation = REVOCATION_MODE_REQUIRE});
    const struct made_crl of_renewed = {.issuer = renewed, .key = MADE_RSA_CA_2, .crl_reason = -1, .this_update = -10,
                                        .next_update = 1000};
    struct need other_need = play_need(NEED_CRL, "http://crl.example/renewed.crl", bob, renewed);
    struct evidence *evidence = evidence_new();
    struct play_judged judged;

    (void)state;
    play_arrives(&evidence, policy, &root_need, root_crl(NULL), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &other_need, crl_of(&of_renewed), MADE_NOW, NULL);
    play_judge(policy, evidence, alice, MADE_NOW, PLAY_URLS, &judged);
    assert_int_equal(judged.reason, REASON_USABLE);
    assert_non_null(find(&judged.needs, NEED_CRL, URL, NULL));
    needs_free(&judged.needs);
    play_arrives(&evidence, policy, &sub_need, sub_crl(-50, 1000, alice), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &sub_need, crl_of(&of_renewed), MADE_NOW, NULL);
    play_judge(policy, evidence, alice, MADE_NOW, PLAY_URLS, &judged);
    assert_int_equal(judged.reason, REASON_REVOKED);
    needs_free(&judged.needs);
    need_clear(&other_need);
    evidence_free(&evidence);
    policy_free(&policy);
    X509_free(renewed);
}

/* With fetch.crls off, a URL of trust.crls is a source all the same: until its CRL has come, and no longer. */
static void a_configured_crl_is_awaited_until_it_comes(void **state)
{
    const char *const urls[] = {URL};
    struct policy *policy = made_policy(&(struct made_policy){
        .anchors = (X509 *[]){root, NULL}, .intermediates = (X509 *[]){sub, NULL}, .revocation = REVOCATION_MODE_REQUIRE,
        .settings = {.crls = urls, .crl_count = 1}});
    struct need root_at_url = play_need(NEED_CRL, URL, sub, root);
    struct evidence *evidence = evidence_new();
    struct play_judged judged;

    (void)state;
    play_judge(policy, evidence, alice, MADE_NOW, 0, &judged);
    assert_int_equal(judged.reason, REASON_REVOCATION_UNKNOWN);
    assert_true(judged.revocation.awaited);
    assert_int_equal(judged.needs.count, 1);
    assert_null(judged.needs.items[0].issuer); /* the very place that is fetched ahead */
    needs_free(&judged.needs);
    play_arrives(&evidence, policy, &root_at_url, root_crl(NULL), MADE_NOW, NULL);
    play_judge(policy, evidence, alice, MADE_NOW, 0, &judged);
    assert_int_equal(judged.reason, REASON_REVOCATION_UNKNOWN);
    assert_false(judged.revocation.awaited);
    assert_int_equal(judged.needs.count, 0);
    need_clear(&root_at_url);
    evidence_free(&evidence);
    policy_free(&policy);
}

/* The verdict about alice, whose value is the last of these, all in one entry. */
static enum reason judge_last(struct policy *policy, const struct evidence *evidence, struct blob **values, size_t count)
{
    struct policies *policies = policies_of(policy);
    struct candidate candidates[4];
    struct answer_draft draft = {.certificate_count = 0};
    const struct judge_request request = {.policies = policies, .evidence = evidence, .address = &draft.address,
                                          .candidates = candidates, .count = count, .now = MADE_NOW};
    enum reason reason = REASON_UNJUDGED;

    assert_int_equal(address_parse(bytes_of_string(MADE_ADDRESS), &draft.address), ADDRESS_OK);
    for (size_t i = 0; i < count; i++) {
        candidates[i] = (struct candidate){
            values[i], {"corp", "uid=alice", ATTRIBUTE_USER_SMIME_CERTIFICATE, (uint32_t)i, NULL}, false};
    }
    assert_int_equal(judge(&request, &draft, NULL), 0);
    for (size_t i = 0; i < draft.certificate_count; i++) {
        reason = draft.certificates[i].source.index + 1 == count ? draft.certificates[i].reason : reason;
    }
    answer_draft_free(&draft);
    policies_free(&policies);
    return reason;
}

/* Certificates with the name of Sub and another's key, which no Root of ours has signed. */
static void forge(X509 **forged, size_t count, enum made_key key)
{
    for (size_t i = 0; i < count; i++) {
        forged[i] = made_certificate(&(struct made){
            .subject = "CN=Sub,O=Example", .key = key, .issuer = root, .issuer_key = MADE_RSA_2, .until = 900 * MADE_DAY,
            .extensions = {"basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign,cRLSign"}});
    }
}

/* Namesakes of the issuer in the value beside it spend nothing of what it takes to find the issuer that was fetched. */
static void a_neighbours_bundle_does_not_hide_a_fetched_issuer(void **state)
{
    struct policy *policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL},
                                                              .revocation = REVOCATION_MODE_OFF});
    struct evidence *evidence = evidence_new();
    X509 *forged[MAX_BUNDLE_CERTIFICATES];
    struct blob *values[2];

    (void)state;
    forge(forged, MAX_BUNDLE_CERTIFICATES, MADE_RSA_CA_2);
    values[0] = made_bundle(forged, MAX_BUNDLE_CERTIFICATES, false);
    values[1] = made_blob(alice);
    play_arrives(&evidence, policy, &issuer_need, made_blob(sub), MADE_NOW, NULL);
    assert_int_equal(judge_last(policy, evidence, values, 2), REASON_USABLE);
    for (size_t i = 0; i < MAX_BUNDLE_CERTIFICATES; i++) {
        X509_free(forged[i]);
    }
    blob_free(&values[0]);
    blob_free(&values[1]);
    evidence_free(&evidence);
    policy_free(&policy);
}

/* Nor does what a neighbour spent on the way to a CRL's signer keep the next from finding it. */
static void a_signer_not_found_for_one_is_looked_for_again(void **state)
{
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct evidence *evidence = evidence_new();
    X509 *hostile[MAX_BUNDLE_CERTIFICATES], *const good[] = {alice, sub_signs_crls};
    struct blob *values[2];

    (void)state;
    forge(hostile, MAX_BUNDLE_CERTIFICATES - 1, MADE_RSA_CA_2);
    hostile[MAX_BUNDLE_CERTIFICATES - 1] = made_alice(MADE_RSA_2, sub, MADE_RSA_CA);
    values[0] = made_bundle(hostile, MAX_BUNDLE_CERTIFICATES, false);
    values[1] = made_bundle(good, 2, false);
    play_arrives(&evidence, policy, &root_need, root_crl(NULL), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &sub_need,
                 crl_of(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA_2, .crl_reason = -1}), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &issuer_need, made_blob(sub_signs_crls), MADE_NOW, NULL);
    assert_int_equal(judge_last(policy, evidence, values, 2), REASON_USABLE);
    for (size_t i = 0; i < MAX_BUNDLE_CERTIFICATES; i++) {
        X509_free(hostile[i]);
    }
    blob_free(&values[0]);
    blob_free(&values[1]);
    evidence_free(&evidence);
    policy_free(&policy);
}

static void what_does_not_verify_is_refused_with_words(void **state)
{
    const struct {
        struct blob *object;
        bool waits;
        const char *words;
    } rows[] = {
        {crl_of(&(struct made_crl){.issuer = sub, .key = MADE_RSA_2, .crl_reason = -1}), true, "RFC 5280 6.3.3 (g)"},
        {crl_of(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1, .this_update = 100,
                                   .next_update = 200}), false, "future"},
        {crl_of(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1,
                                   .extensions = {"1.2.3.4=critical,ASN1:NULL"}}), false, "1.2.3.4"},
        {crl_of(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1,
                                   .extensions = {"crlNumber=DER:0201ff"}}), false, "cRLNumber"},
        {blob_new(bytes_of_string("<html>not here</html>")), false, "not a CRL"},
        {blob_new(bytes_of_string("")), false, ""},
        {blob_new(bytes_of_string("-----BEGIN X509 CRL-----\nnothing\n-----END X509 CRL-----\n")), false, ""},
    };
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct evidence *evidence = evidence_new();
        struct arrival_report report;
        struct play_judged judged;

        assert_int_equal(play_arrives(&evidence, policy, &sub_need, rows[i].object, MADE_NOW, &report), rows[i].waits);
        assert_false(report.usable);
        if (strstr(report.error.text, rows[i].words) == NULL || report.error.text[0] == '\0') {
            fail_msg("%zu: %s", i, report.error.text);
        }
        assert_int_equal(evidence_count(evidence).crls, 0);
        play_judge(policy, evidence, alice, MADE_NOW, 0, &judged);
        assert_int_equal(judged.reason, REASON_REVOCATION_UNKNOWN);
        arrival_report_free(&report);
        evidence_free(&evidence);
    }
    policy_free(&policy);
}

/* Whoever is on the way may answer once with what has no end: an hour later the place is asked again. */
static void what_does_not_count_keeps_nothing_away(void **state)
{
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct blob *objects[] = {crl_of(&(struct made_crl){.issuer = sub, .key = MADE_RSA_2, .crl_reason = -1,
                                                        .this_update = -1, .next_update = 300 * MADE_DAY}),
                              blob_new(made_pem(sub_signs_crls))};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct evidence *evidence = evidence_new();
        struct arrival_report report;
        struct play_judged judged;

        assert_true(play_arrives(&evidence, policy, &sub_need, objects[i], MADE_NOW, &report));
        assert_in_range(report.expires_at, MADE_NOW + 60, MADE_NOW + 3600);
        arrival_report_free(&report);
        play_judge(policy, evidence, alice, MADE_NOW, PLAY_URLS, &judged);
        assert_null(find(&judged.needs, NEED_CRL, URL, NULL));
        needs_free(&judged.needs);
        play_judge(policy, evidence, alice, MADE_NOW + 3601, PLAY_URLS, &judged);
        assert_non_null(find(&judged.needs, NEED_CRL, URL, NULL));
        needs_free(&judged.needs);
        evidence_free(&evidence);
    }
    policy_free(&policy);
}

/* Nor does a bad CRL push aside, or end, what the place gave before. */
static void a_bad_crl_leaves_the_good_one(void **state)
{
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct evidence *evidence = evidence_new();
    struct arrival_report report;
    struct play_judged judged;

    (void)state;
    play_arrives(&evidence, policy, &root_need, root_crl(NULL), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &sub_need, sub_crl(-MADE_DAY, 7 * MADE_DAY, NULL), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &sub_need,
                 crl_of(&(struct made_crl){.issuer = sub, .key = MADE_RSA_2, .crl_reason = -1, .this_update = -1,
                                           .next_update = 300 * MADE_DAY}), MADE_NOW, &report);
    assert_false(report.usable);
    assert_true(report.holds);
    assert_in_range(report.expires_at, MADE_NOW + 6 * MADE_DAY, MADE_NOW + 8 * MADE_DAY);
    arrival_report_free(&report);
    play_judge(policy, evidence, alice, MADE_NOW, PLAY_URLS, &judged);
    assert_int_equal(judged.reason, REASON_USABLE);
    evidence_free(&evidence);
    policy_free(&policy);
}

/* CRLs that nobody's key has verified fill all the room there is: what is verified gets in nevertheless. */
static void what_waits_makes_room(void **state)
{
    struct need other = play_need(NEED_CRL, "http://crl.example/other.crl", alice, sub);
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    const struct made_crl waits = {.issuer = sub, .key = MADE_RSA_2, .crl_reason = -1, .next_update = 300 * MADE_DAY};
    struct evidence *evidence = evidence_new();
    struct arrival_report report;

    (void)state;
    play_arrives(&evidence, policy, &root_need, root_crl(NULL), MADE_NOW, NULL);
    assert_true(play_arrives(&evidence, policy, &other, crl_of(&waits), MADE_NOW, NULL));
    assert_true(play_arrives(&evidence, policy, &issuer_need, crl_of(&waits), MADE_NOW, NULL));
    for (size_t i = 0; i < evidence->count; i++) {
        evidence->items[i]->bytes = evidence->items[i]->waiting.count > 0 ? MAX_EVIDENCE_BYTES / 2 : 1;
    }
    assert_true(play_arrives(&evidence, policy, &sub_need, sub_crl(-MADE_DAY, 7 * MADE_DAY, NULL), MADE_NOW, &report));
    assert_true(report.usable);
    assert_int_equal(evidence->count, 3);
    assert_int_equal(evidence_count(evidence).crls, 2);
    arrival_report_free(&report);
    evidence_free(&evidence);
    policy_free(&policy);
    need_clear(&other);
}

/* Whoever writes into a directory may invent as many issuers as he likes. That none has an entry keeps nothing out. */
static void what_is_not_there_makes_room(void **state)
{
    struct evidence_item **items = calloc(MAX_EVIDENCE_ITEMS + 2, sizeof(items[0]));
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct arrival_report report;

    (void)state;
    for (uint32_t i = 0; i < MAX_EVIDENCE_ITEMS; i++) {
        const struct need need = {.kind = NEED_ISSUER, .key.bytes = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};

        items[i] = evidence_item_new(&need);
        evidence_item_finish(items[i], MADE_NOW);
    }
    struct evidence *evidence = evidence_of(items, MAX_EVIDENCE_ITEMS, NULL);

    assert_true(play_arrives(&evidence, policy, &sub_need, sub_crl(-MADE_DAY, 7 * MADE_DAY, NULL), MADE_NOW, &report));
    assert_true(report.usable);
    assert_int_equal(evidence->count, MAX_EVIDENCE_ITEMS);
    arrival_report_free(&report);
    evidence_free(&evidence);
    policy_free(&policy);
}

/* The CA signs CRLs with a second key; the CRL comes before the certificate that says so, or after it. */
static void a_crl_waits_for_its_signer(void **state)
{
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    const struct made_crl made = {.issuer = sub, .key = MADE_RSA_CA_2, .crl_reason = 1, .revoked = {bob}};

    (void)state;
    for (int order = 0; order < 2; order++) {
        struct evidence *evidence = evidence_new();
        struct arrival_report first, second;
        struct play_judged judged;

        play_arrives(&evidence, policy, &root_need, root_crl(NULL), MADE_NOW, NULL);
        if (order == 0) {
            assert_true(play_arrives(&evidence, policy, &sub_need, crl_of(&made), MADE_NOW, &first));
            assert_false(first.usable);
            assert_int_equal(first.revoked_count, 0);
            play_judge(policy, evidence, bob, MADE_NOW, PLAY_URLS | PLAY_DIRECTORIES, &judged);
            assert_int_equal(judged.reason, REASON_REVOCATION_UNKNOWN);
            assert_null(find(&judged.needs, NEED_CRL, URL, NULL));
            assert_non_null(find(&judged.needs, NEED_ISSUER, NULL, "O=Example,CN=Sub"));
            needs_free(&judged.needs);
            assert_true(
                play_arrives(&evidence, policy, &issuer_need, made_blob(sub_signs_crls), MADE_NOW, &second));
        } else {
            assert_true(play_arrives(&evidence, policy, &issuer_need, made_blob(sub_signs_crls), MADE_NOW, &first));
            assert_true(play_arrives(&evidence, policy, &sub_need, crl_of(&made), MADE_NOW, &second));
        }
        assert_true(second.usable);
        assert_int_equal(second.revoked_count, 1);
        play_judge(policy, evidence, bob, MADE_NOW, PLAY_URLS, &judged);
        assert_int_equal(judged.reason, REASON_REVOKED);
        play_judge(policy, evidence, alice, MADE_NOW, PLAY_URLS, &judged);
        assert_int_equal(judged.reason, REASON_USABLE);
        assert_int_equal(judged.needs.count, 0);
        arrival_report_free(&first);
        arrival_report_free(&second);
        evidence_free(&evidence);
    }
    policy_free(&policy);
}

static void an_entry_without_anything_is_not_waited_for(void **state)
{
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct evidence *evidence = evidence_new();
    struct arrival_report report;
    struct play_judged judged;

    (void)state;
    assert_true(play_arrives(&evidence, policy, &sub_need, NULL, MADE_NOW, &report));
    assert_false(report.usable);
    assert_int_equal(report.expires_at, MADE_NOW + 3600);
    assert_true(play_arrives(&evidence, policy, &root_need, NULL, MADE_NOW, NULL));
    play_judge(policy, evidence, alice, MADE_NOW + 3600, PLAY_URLS, &judged);
    assert_int_equal(judged.reason, REASON_REVOCATION_UNKNOWN);
    assert_false(judged.revocation.awaited);
    assert_int_equal(judged.needs.count, 0);
    play_judge(policy, evidence, alice, MADE_NOW + 3601, PLAY_URLS, &judged);
    assert_true(judged.revocation.awaited);
    assert_int_equal(judged.needs.count, 2);
    needs_free(&judged.needs);
    arrival_report_free(&report);
    evidence_free(&evidence);
    policy_free(&policy);
}

static void a_fresher_delta_is_wanted_once(void **state)
{
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct evidence *evidence = evidence_new();
    struct need delta_need = play_need(NEED_CRL, DELTA_URL, alice, sub);
    char freshest[128];
    struct play_judged judged;

    (void)state;
    snprintf(freshest, sizeof(freshest), "freshestCRL=URI:%s", DELTA_URL);
    play_arrives(&evidence, policy, &root_need, root_crl(NULL), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &sub_need,
                 crl_of(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1,
                                           .extensions = {"crlNumber=DER:020104", freshest}}),
                 MADE_NOW, NULL);
    play_judge(policy, evidence, alice, MADE_NOW, PLAY_URLS, &judged);
    assert_int_equal(judged.reason, REASON_USABLE);
    assert_int_equal(judged.needs.count, 1);
    assert_string_equal(judged.needs.items[0].url, DELTA_URL);
    needs_free(&judged.needs);
    play_arrives(&evidence, policy, &delta_need,
                 crl_of(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = 1, .revoked = {bob},
                                           .extensions = {"crlNumber=DER:020105", "deltaCRL=critical,DER:020104"}}),
                 MADE_NOW, NULL);
    play_judge(policy, evidence, alice, MADE_NOW, PLAY_URLS, &judged);
    assert_int_equal(judged.needs.count, 0);
    play_judge(policy, evidence, bob, MADE_NOW, PLAY_URLS, &judged);
    assert_int_equal(judged.reason, REASON_REVOKED);
    need_clear(&delta_need);
    evidence_free(&evidence);
    policy_free(&policy);
}

/* Active Directory names no host: the entry is in the directory that the certificate came from. */
static void places_become_needs(void **state)
{
    const struct {
        const char *point;
        const char *url, *dn; /* both NULL: no place */
    } rows[] = {
        {"http://crl.example/a.crl", "http://crl.example/a.crl", NULL},
        {"HTTPS://crl.example/a.crl", "HTTPS://crl.example/a.crl", NULL},
        {"ldap://ldap.example/cn=a?certificateRevocationList", "ldap://ldap.example/cn=a?certificateRevocationList", NULL},
        {"ldap:///CN=Sub%20CA,DC=example?certificateRevocationList?base", NULL, "CN=Sub CA,DC=example"},
        {"ldap:///CN=a%00b", NULL, NULL},
        {"ldap:///", NULL, NULL},
        {"ldap:///CN=%zz", NULL, NULL},
        {"file:///etc/passwd", NULL, NULL},
        {"ftp://crl.example/a.crl", NULL, NULL},
        {"http://", NULL, NULL},
        {"http://crl.example/a b", NULL, NULL},
        {"http://crl.example/a\r\nHost: b", NULL, NULL},
    };
    struct policy *policy = policy_of(REVOCATION_MODE_PREFER);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        X509 *leaf = made_certificate(&(struct made){
            .key = MADE_RSA, .issuer = sub, .issuer_key = MADE_RSA_CA,
            .extensions = {SAN, play_points(&(struct play_point){.url = rows[i].point}, 1)}});
        bool place = rows[i].url != NULL || rows[i].dn != NULL;
        struct play_judged judged;

        play_judge(policy, NULL, leaf, MADE_NOW, PLAY_URLS | PLAY_DIRECTORIES, &judged);
        /* Beside it: the issuers' own entries, and Root's point. */
        if (judged.needs.count != 3 + (size_t)place ||
            (place && find(&judged.needs, NEED_CRL, rows[i].url, rows[i].dn) == NULL)) {
            fail_msg("%s: %zu needs", rows[i].point, judged.needs.count);
        }
        needs_free(&judged.needs);
        X509_free(leaf);
    }
    policy_free(&policy);
}

static void what_is_long_past_goes(void **state)
{
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct evidence *evidence = evidence_new(), *after;

    (void)state;
    play_arrives(&evidence, policy, &sub_need, sub_crl(-100, 1000, bob), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &issuer_need, made_blob(sub_signs_crls), MADE_NOW, NULL);
    assert_null(evidence_without_old(evidence, MADE_NOW + 10 * MADE_DAY));
    after = evidence_without_old(evidence, MADE_NOW + 40 * MADE_DAY);
    assert_non_null(after);
    assert_int_equal(evidence_count(after).crls, 0);
    assert_int_equal(evidence_count(after).issuers, 1);
    assert_true(evidence_count(after).bytes < evidence_count(evidence).bytes);
    evidence_free(&after);
    evidence_free(&evidence);
    policy_free(&policy);
}

/* After a first fetch nothing more is wanted, however often it is asked. */
static void current_evidence_wants_nothing(void **state)
{
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE);
    struct evidence *evidence = evidence_new();
    struct play_judged judged;

    (void)state;
    play_arrives(&evidence, policy, &root_need, root_crl(NULL), MADE_NOW, NULL);
    play_arrives(&evidence, policy, &sub_need, sub_crl(-100, 1000, NULL), MADE_NOW, NULL);
    for (int i = 0; i < 10000; i++) {
        play_judge(policy, evidence, i % 2 == 0 ? alice : bob, MADE_NOW,
                   PLAY_URLS | PLAY_DIRECTORIES | PLAY_OCSP | PLAY_ISSUERS, &judged);
        assert_int_equal(judged.reason, REASON_USABLE);
        assert_int_equal(judged.needs.count, 0);
    }
    evidence_free(&evidence);
    policy_free(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_wanted),
        cmocka_unit_test(nothing_is_wanted_for_what_does_not_verify),
        cmocka_unit_test(where_a_path_ends_an_issuer_is_wanted),
        cmocka_unit_test(what_came_answers),
        cmocka_unit_test(a_snapshot_stays_as_it_was),
        cmocka_unit_test(what_certificates_are_held_against_is_in_use),
        cmocka_unit_test(newly_revoked_links_are_told_once),
        cmocka_unit_test(an_older_crl_does_not_come_back),
        cmocka_unit_test(a_crl_by_another_key_takes_no_place),
        cmocka_unit_test(a_configured_crl_is_awaited_until_it_comes),
        cmocka_unit_test(a_neighbours_bundle_does_not_hide_a_fetched_issuer),
        cmocka_unit_test(a_signer_not_found_for_one_is_looked_for_again),
        cmocka_unit_test(what_does_not_verify_is_refused_with_words),
        cmocka_unit_test(what_does_not_count_keeps_nothing_away),
        cmocka_unit_test(a_bad_crl_leaves_the_good_one),
        cmocka_unit_test(what_waits_makes_room),
        cmocka_unit_test(what_is_not_there_makes_room),
        cmocka_unit_test(a_crl_waits_for_its_signer),
        cmocka_unit_test(an_entry_without_anything_is_not_waited_for),
        cmocka_unit_test(a_fresher_delta_is_wanted_once),
        cmocka_unit_test(places_become_needs),
        cmocka_unit_test(what_is_long_past_goes),
        cmocka_unit_test(current_evidence_wants_nothing),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
