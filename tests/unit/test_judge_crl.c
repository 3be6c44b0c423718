#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "tests/unit/made.h"

/* Revocation by CRLs from files: RFC 5280 5 and 6.3. */

#define POINT "crlDistributionPoints=URI:http://crl.example/1.crl"
#define SAN "subjectAltName=email:" MADE_ADDRESS

static X509 *root, *other_root, *sub, *alice, *pointed, *no_crl_sign;

static int setup(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    root = made_root("CN=Root", MADE_RSA_ROOT);
    other_root = made_root("CN=Root", MADE_RSA_CA_2);
    sub = made_intermediate("CN=Sub", MADE_RSA_CA, root, MADE_RSA_ROOT);
    alice = made_alice(MADE_RSA, sub, MADE_RSA_CA);
    pointed = made_certificate(
        &(struct made){.key = MADE_RSA, .issuer = sub, .issuer_key = MADE_RSA_CA, .extensions = {SAN, POINT}});
    no_crl_sign =
        made_certificate(&(struct made){.subject = "CN=Sub",
                                        .key = MADE_RSA_CA,
                                        .issuer = root,
                                        .issuer_key = MADE_RSA_ROOT,
                                        .extensions = {"basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign"}});
    return 0;
}

static int teardown(void **state)
{
    X509 *all[] = {root, other_root, sub, alice, pointed, no_crl_sign};

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        X509_free(all[i]);
    }
    return 0;
}

/* One CRL of Sub, beside a good one of Root. */
enum lists { NOTHING, ALICE, POINTED };

static const struct {
    const char *name;
    enum reason prefer, require;
    enum revocation_status status; /* under prefer */
    const char *detail; /* under require */
    struct made_crl crl;
    enum lists lists;
    bool for_pointed; /* the certificate with a distribution point is asked for, not alice */
} cases[] = {
    {"good", REASON_USABLE, REASON_USABLE, REVOCATION_GOOD, "", {.crl_reason = -1}, NOTHING, false},
    {"revoked", REASON_REVOKED, REASON_REVOKED, REVOCATION_REVOKED, "revoked on", {.crl_reason = -1}, ALICE, false},
    {"key compromised", REASON_REVOKED, REASON_REVOKED, REVOCATION_REVOKED, "keyCompromise",
     {.crl_reason = 1}, ALICE, false},
    {"on hold", REASON_REVOKED, REASON_REVOKED, REVOCATION_REVOKED, "certificateHold", {.crl_reason = 6}, ALICE, false},
    {"removeFromCRL in a complete CRL", REASON_REVOKED, REASON_REVOKED, REVOCATION_REVOKED, "",
     {.crl_reason = 8}, ALICE, false},
    {"past nextUpdate", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "nextUpdate",
     {.crl_reason = -1, .this_update = -20, .next_update = -10}, NOTHING, false},
    {"past nextUpdate, but it lists", REASON_REVOKED, REASON_REVOKED, REVOCATION_REVOKED, "",
     {.crl_reason = -1, .this_update = -20, .next_update = -10}, ALICE, false},
    {"no nextUpdate", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "no CRL",
     {.crl_reason = -1, .this_update = -20, .next_update = -1}, NOTHING, false},
    {"from the future", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "no CRL",
     {.crl_reason = -1, .this_update = 20, .next_update = 40}, ALICE, false},
    {"other key", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "no CRL",
     {.key = MADE_RSA_CA_2, .crl_reason = -1}, ALICE, false},
    {"delta", REASON_REVOKED, REASON_REVOKED, REVOCATION_REVOKED, "",
     {.crl_reason = -1, .extensions = {"2.5.29.27=critical,DER:020101"}}, ALICE, false},
    {"delta that does not list", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "",
     {.crl_reason = -1, .extensions = {"2.5.29.27=critical,DER:020101"}}, NOTHING, false},
    {"delta that removes", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "",
     {.crl_reason = 8, .extensions = {"2.5.29.27=critical,DER:020101"}}, ALICE, false},
    {"delta past nextUpdate", REASON_REVOKED, REASON_REVOKED, REVOCATION_REVOKED, "",
     {.crl_reason = -1, .this_update = -20, .next_update = -10, .extensions = {"2.5.29.27=critical,DER:020101"}},
     ALICE, false},
    {"unknown critical extension", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "",
     {.crl_reason = -1, .extensions = {"1.2.3.4=critical,ASN1:NULL"}}, ALICE, false},
    {"unknown extension", REASON_USABLE, REASON_USABLE, REVOCATION_GOOD, "",
     {.crl_reason = -1, .extensions = {"1.2.3.4=ASN1:NULL"}}, NOTHING, false},
    {"unknown critical extension of an entry", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "",
     {.crl_reason = -1, .entry_extension = "1.2.3.4=critical,ASN1:NULL"}, ALICE, false},
    {"indirect, for its own as well", REASON_REVOKED, REASON_REVOKED, REVOCATION_REVOKED, "",
     {.crl_reason = -1, .extensions = {"issuingDistributionPoint=critical,indirectCRL:TRUE"}}, ALICE, false},
    {"for end entities", REASON_USABLE, REASON_USABLE, REVOCATION_GOOD, "",
     {.crl_reason = -1, .extensions = {"issuingDistributionPoint=critical,onlyuser:TRUE"}}, NOTHING, false},
    {"for CAs only", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "",
     {.crl_reason = -1, .extensions = {"issuingDistributionPoint=critical,onlyCA:TRUE"}}, ALICE, false},
    {"for attributes only", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "",
     {.crl_reason = -1, .extensions = {"issuingDistributionPoint=critical,onlyAA:TRUE"}}, ALICE, false},
    {"some reasons, not listed", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "",
     {.crl_reason = -1, .extensions = {"issuingDistributionPoint=critical,onlysomereasons:keyCompromise"}}, NOTHING,
     false},
    {"some reasons, listed", REASON_REVOKED, REASON_REVOKED, REVOCATION_REVOKED, "",
     {.crl_reason = 1, .extensions = {"issuingDistributionPoint=critical,onlysomereasons:keyCompromise"}}, ALICE,
     false},
    {"its distribution point", REASON_USABLE, REASON_USABLE, REVOCATION_GOOD, "",
     {.crl_reason = -1, .extensions = {"issuingDistributionPoint=critical,fullname:URI:http://crl.example/1.crl"}},
     NOTHING, true},
    {"its distribution point, listed", REASON_REVOKED, REASON_REVOKED, REVOCATION_REVOKED, "",
     {.crl_reason = -1, .extensions = {"issuingDistributionPoint=critical,fullname:URI:http://crl.example/1.crl"}},
     POINTED, true},
    {"another distribution point", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "",
     {.crl_reason = -1, .extensions = {"issuingDistributionPoint=critical,fullname:URI:http://crl.example/2.crl"}},
     POINTED, true},
    {"a distribution point that it does not name", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "",
     {.crl_reason = -1, .extensions = {"issuingDistributionPoint=critical,fullname:URI:http://crl.example/1.crl"}},
     ALICE, false},
    {"complete CRL, certificate with a point", REASON_USABLE, REASON_USABLE, REVOCATION_GOOD, "",
     {.crl_reason = -1}, NOTHING, true},
    {"critical scope that cannot be read", REASON_USABLE, REASON_REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, "",
     {.crl_reason = -1, .extensions = {"2.5.29.28=critical,ASN1:NULL"}}, NOTHING, false},
};

static struct policy *policy_of(enum revocation_mode mode, X509_CRL *const *crls)
{
    return made_policy(&(struct made_policy){
        .anchors = (X509 *[]){root, NULL}, .intermediates = (X509 *[]){sub, NULL}, .crls = crls, .revocation = mode});
}

static struct certificate *judged(struct policy *policy, const X509 *leaf, struct answer_draft *draft)
{
    struct blob *value = made_blob(leaf);

    made_judge(policy, MADE_ADDRESS, ATTRIBUTE_USER_CERTIFICATE, &value, 1, draft);
    return &draft->certificates[0];
}

static void expect(size_t i, struct policy *policy, enum reason want, const X509 *leaf)
{
    struct answer_draft draft;
    const struct certificate *certificate = judged(policy, leaf, &draft);

    if (certificate->reason != want) {
        fail_msg("%s: %s (%s), wanted %s", cases[i].name, reason_word(certificate->reason), certificate->detail,
                 reason_word(want));
    }
    answer_draft_free(&draft);
}

static void each_crl_counts_for_what_it_is(void **state)
{
    X509_CRL *of_root = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1});

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct made_crl made = cases[i].crl;
        const X509 *leaf = cases[i].for_pointed ? pointed : alice;
        X509_CRL *crls[] = {of_root, NULL, NULL};
        struct answer_draft draft;
        struct policy *policies[3];
        const struct certificate *certificate;

        made.issuer = sub;
        made.key = made.key != 0 ? made.key : MADE_RSA_CA;
        made.revoked[0] = cases[i].lists == ALICE ? alice : cases[i].lists == POINTED ? pointed : NULL;
        crls[1] = made_crl(&made);
        for (int mode = 0; mode < 3; mode++) {
            policies[mode] = policy_of((enum revocation_mode)mode, crls);
        }
        expect(i, policies[REVOCATION_MODE_OFF], REASON_USABLE, leaf);
        expect(i, policies[REVOCATION_MODE_PREFER], cases[i].prefer, leaf);
        expect(i, policies[REVOCATION_MODE_REQUIRE], cases[i].require, leaf);
        certificate = judged(policies[REVOCATION_MODE_PREFER], leaf, &draft);
        if (certificate->revocation.status != cases[i].status) {
            fail_msg("%s: status %s", cases[i].name, revocation_word(certificate->revocation.status));
        }
        answer_draft_free(&draft);
        certificate = judged(policies[REVOCATION_MODE_REQUIRE], leaf, &draft);
        if (strstr(certificate->detail, cases[i].detail) == NULL) {
            fail_msg("%s: %s", cases[i].name, certificate->detail);
        }
        answer_draft_free(&draft);
        for (int mode = 0; mode < 3; mode++) {
            policy_free(&policies[mode]);
        }
        X509_CRL_free(crls[1]);
    }
    X509_CRL_free(of_root);
}

static void evidence_is_written_down(void **state)
{
    X509_CRL *of_root = made_crl(&(struct made_crl){
        .issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1, .this_update = -5, .next_update = MADE_DAY});
    X509_CRL *of_sub = made_crl(&(struct made_crl){
        .issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1, .this_update = -9, .next_update = 2 * MADE_DAY});
    X509_CRL *revoking =
        made_crl(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = 4, .revoked = {alice}});
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE, (X509_CRL *[]){of_root, of_sub, NULL});
    struct answer_draft draft;
    const struct revocation *revocation = &judged(policy, alice, &draft)->revocation;

    (void)state;
    assert_int_equal(revocation->status, REVOCATION_GOOD);
    assert_int_equal(revocation->this_update, MADE_NOW - 9);
    assert_int_equal(revocation->next_update, MADE_NOW + MADE_DAY);
    assert_int_equal(revocation->revoked_at, 0);
    assert_int_equal(revocation->crl_reason, -1);
    answer_draft_free(&draft);
    policy_free(&policy);

    policy = policy_of(REVOCATION_MODE_PREFER, (X509_CRL *[]){revoking, NULL});
    revocation = &judged(policy, alice, &draft)->revocation;
    assert_int_equal(revocation->status, REVOCATION_REVOKED);
    assert_int_equal(revocation->revoked_at, MADE_NOW - 2 * MADE_DAY);
    assert_int_equal(revocation->crl_reason, 4);
    answer_draft_free(&draft);
    policy_free(&policy);
    X509_CRL_free(of_root);
    X509_CRL_free(of_sub);
    X509_CRL_free(revoking);
}

static void every_link_needs_evidence(void **state)
{
    X509_CRL *of_root =
        made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1, .revoked = {sub}});
    X509_CRL *good_root = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1});
    X509_CRL *of_sub = made_crl(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1});
    X509_CRL *of_both =
        made_crl(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1, .revoked = {alice}});
    const struct {
        X509_CRL *first, *second;
        enum reason prefer, require;
    } links[] = {
        {NULL, NULL, REASON_USABLE, REASON_REVOCATION_UNKNOWN},
        {good_root, NULL, REASON_USABLE, REASON_REVOCATION_UNKNOWN},
        {of_sub, NULL, REASON_USABLE, REASON_REVOCATION_UNKNOWN},
        {of_sub, good_root, REASON_USABLE, REASON_USABLE},
        {of_root, NULL, REASON_ISSUER_REVOKED, REASON_ISSUER_REVOKED},
        {of_root, of_sub, REASON_ISSUER_REVOKED, REASON_ISSUER_REVOKED},
        {of_root, of_both, REASON_ISSUER_REVOKED, REASON_ISSUER_REVOKED},
        {of_both, NULL, REASON_REVOKED, REASON_REVOKED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        X509_CRL *const crls[] = {links[i].first, links[i].second, NULL};
        struct policy *prefer = policy_of(REVOCATION_MODE_PREFER, crls),
                      *require = policy_of(REVOCATION_MODE_REQUIRE, crls);

        assert_int_equal(made_reason(prefer, alice, NULL), links[i].prefer);
        assert_int_equal(made_reason(require, alice, NULL), links[i].require);
        policy_free(&prefer);
        policy_free(&require);
    }
    X509_CRL_free(of_root);
    X509_CRL_free(good_root);
    X509_CRL_free(of_sub);
    X509_CRL_free(of_both);
}

static void the_newest_crl_wins(void **state)
{
    X509_CRL *of_root = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1});
    X509_CRL *old_hold = made_crl(&(struct made_crl){.issuer = sub,
                                                     .key = MADE_RSA_CA,
                                                     .crl_reason = 6,
                                                     .revoked = {alice},
                                                     .this_update = -20,
                                                     .next_update = MADE_DAY});
    X509_CRL *old_good = made_crl(&(struct made_crl){
        .issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1, .this_update = -20, .next_update = MADE_DAY});
    X509_CRL *new_good = made_crl(&(struct made_crl){
        .issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1, .this_update = -10, .next_update = MADE_DAY});
    X509_CRL *new_revoked = made_crl(&(struct made_crl){.issuer = sub,
                                                        .key = MADE_RSA_CA,
                                                        .crl_reason = 1,
                                                        .revoked = {alice},
                                                        .this_update = -10,
                                                        .next_update = MADE_DAY});
    X509_CRL *newest_stale = made_crl(&(struct made_crl){.issuer = sub,
                                                         .key = MADE_RSA_CA,
                                                         .crl_reason = 1,
                                                         .revoked = {alice},
                                                         .this_update = -5,
                                                         .next_update = -1 - 1});
    const struct {
        X509_CRL *first, *second;
        enum reason want;
    } pairs[] = {
        {old_hold, new_good, REASON_USABLE},      {new_good, old_hold, REASON_USABLE},
        {old_good, new_revoked, REASON_REVOKED},  {new_revoked, old_good, REASON_REVOKED},
        {old_good, newest_stale, REASON_REVOKED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct policy *policy =
            policy_of(REVOCATION_MODE_REQUIRE, (X509_CRL *[]){pairs[i].first, pairs[i].second, of_root, NULL});

        assert_int_equal(made_reason(policy, alice, NULL), pairs[i].want);
        policy_free(&policy);
    }
    X509_CRL_free(of_root);
    X509_CRL_free(old_hold);
    X509_CRL_free(old_good);
    X509_CRL_free(new_good);
    X509_CRL_free(new_revoked);
    X509_CRL_free(newest_stale);
}

/* Its own CRL no longer lists an expired certificate, and cannot save it. */
static void an_expired_leaf_is_expired_whatever_its_crl(void **state)
{
    X509 *expired = made_certificate(&(struct made){
        .key = MADE_RSA, .issuer = sub, .issuer_key = MADE_RSA_CA, .from = -9, .until = -1, .extensions = {SAN}});
    X509_CRL *lists =
        made_crl(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1, .revoked = {expired}});
    X509_CRL *revoked_sub =
        made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1, .revoked = {sub}});
    struct policy *nothing = policy_of(REVOCATION_MODE_REQUIRE, NULL),
                  *listed = policy_of(REVOCATION_MODE_REQUIRE, (X509_CRL *[]){lists, NULL});
    struct policy *issuer = policy_of(REVOCATION_MODE_REQUIRE, (X509_CRL *[]){revoked_sub, NULL});

    (void)state;
    assert_int_equal(made_reason(nothing, expired, NULL), REASON_EXPIRED);
    assert_int_equal(made_reason(listed, expired, NULL), REASON_EXPIRED);
    assert_int_equal(made_reason(issuer, expired, NULL), REASON_ISSUER_REVOKED);
    policy_free(&nothing);
    policy_free(&listed);
    policy_free(&issuer);
    X509_CRL_free(lists);
    X509_CRL_free(revoked_sub);
    X509_free(expired);
}

/* A CA of the same name under another anchor must not speak for ours. */
static void a_namesake_does_not_revoke(void **state)
{
    X509_CRL *foreign =
        made_crl(&(struct made_crl){.issuer = other_root, .key = MADE_RSA_CA_2, .crl_reason = -1, .revoked = {sub}});
    X509 *const anchors[] = {root, other_root, NULL};
    struct policy *policy = made_policy(&(struct made_policy){.anchors = anchors,
                                                              .intermediates = (X509 *[]){sub, NULL},
                                                              .crls = (X509_CRL *[]){foreign, NULL},
                                                              .revocation = REVOCATION_MODE_PREFER});

    (void)state;
    assert_int_equal(policy_crl_count(policy), 1);
    assert_int_equal(made_reason(policy, alice, NULL), REASON_USABLE);
    policy_free(&policy);
    X509_CRL_free(foreign);
}

static void an_issuer_without_crl_sign_signs_none(void **state)
{
    X509_CRL *crl =
        made_crl(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1, .revoked = {alice}});
    struct policy *policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL},
                                                              .intermediates = (X509 *[]){no_crl_sign, NULL},
                                                              .crls = (X509_CRL *[]){crl, NULL},
                                                              .revocation = REVOCATION_MODE_PREFER});

    (void)state;
    assert_int_equal(policy_crl_count(policy), 0);
    policy_free(&policy);
    X509_CRL_free(crl);
}

/* One issuer is revoked, its cross-certificate is not. */
static void a_revoked_issuer_does_not_break_the_other_path(void **state)
{
    X509 *second = made_intermediate("CN=Sub", MADE_RSA_CA, root, MADE_RSA_ROOT);
    X509_CRL *crl =
        made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = 1, .revoked = {sub}});

    (void)state;
    for (int order = 0; order < 2; order++) {
        X509 *const subs[] = {order == 0 ? sub : second, order == 0 ? second : sub, NULL};
        struct policy *policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL},
                                                                  .intermediates = subs,
                                                                  .crls = (X509_CRL *[]){crl, NULL},
                                                                  .revocation = REVOCATION_MODE_PREFER});

        assert_int_equal(made_reason(policy, alice, NULL), REASON_USABLE);
        policy_free(&policy);
    }
    X509_free(second);
    X509_CRL_free(crl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_crl_counts_for_what_it_is),
        cmocka_unit_test(evidence_is_written_down),
        cmocka_unit_test(every_link_needs_evidence),
        cmocka_unit_test(the_newest_crl_wins),
        cmocka_unit_test(an_expired_leaf_is_expired_whatever_its_crl),
        cmocka_unit_test(a_namesake_does_not_revoke),
        cmocka_unit_test(an_issuer_without_crl_sign_signs_none),
        cmocka_unit_test(a_revoked_issuer_does_not_break_the_other_path),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
