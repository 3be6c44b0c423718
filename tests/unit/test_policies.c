#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "tests/unit/made.h"
#include "tests/unit/scarce.h"

/* Which policy judges what: rules by domain and directory, the first that fits. */

static X509 *root, *second, *third;
static char folder[64], paths[3][128];

static int setup(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    root = made_root("CN=Root", MADE_RSA_ROOT);
    second = made_root("CN=Second", MADE_RSA_CA);
    third = made_root("CN=Third", MADE_RSA_CA_2);
    made_folder(folder);
    made_file(folder, "root", made_pem(root), paths[0]);
    made_file(folder, "second", made_pem(second), paths[1]);
    made_file(folder, "third", made_pem(third), paths[2]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    X509_free(root);
    X509_free(second);
    X509_free(third);
    made_folder_remove(folder);
    return 0;
}

static const char *const files[] = {paths[0], paths[1], paths[2]};
#define TRUST(which_, count_) \
    { .anchors = &files[which_], .anchor_count = count_, .min_rsa_bits = 2048 }
#define STRINGS(...) (const char *const[]){__VA_ARGS__}

static const struct policy_rule three_rules[] = {
    {"both", STRINGS("example.org"), 1, STRINGS("corp"), 1, TRUST(0, 1)},
    {"domain", STRINGS("*.example.org", "example.org"), 2, NULL, 0, TRUST(1, 1)},
    {"directory", NULL, 0, STRINGS("partner", "corp"), 2, TRUST(2, 1)},
};

static struct policies *load(const struct policy_rule *rules, size_t count)
{
    const struct policies_config config = {TRUST(0, 3), rules, count};
    struct error error;
    struct policies *policies = policies_load(&config, &error);

    if (policies == NULL) {
        fail_msg("%s", error.text);
    }
    return policies;
}

static void the_first_rule_that_fits_wins(void **state)
{
    static const struct {
        const char *directory, *domain, *want;
    } cases[] = {
        {"corp", "example.org", "both"},          {"partner", "example.org", "domain"},
        {"corp", "a.example.org", "domain"},      {NULL, "a.example.org", "domain"},
        {"partner", "example.com", "directory"},  {"corp", "example.com", "directory"},
        {"other", "example.com", ""},             {NULL, "example.com", ""},
        {"Corp", "example.com", ""},              {"corp2", "example.com", ""},
        {"other", "notexample.org", ""},
    };
    struct policies *policies = load(three_rules, 3);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct policy *policy = policies_choose(policies, cases[i].directory, cases[i].domain);

        assert_string_equal(policy_name(policy), cases[i].want);
    }
    policies_free(&policies);
}

static void policies_are_listed_once_each(void **state)
{
    static const char *const want[] = {NULL, "both", "domain", "directory"};
    struct policies *policies = load(three_rules, 3);
    const char *name;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const struct policy *policy = policies_get(policies, i, &name);

        assert_non_null(policy);
        assert_true(i == 0 ? name == NULL : strcmp(name, want[i]) == 0);
        assert_int_equal(policy_anchor_count(policy), i == 0 ? 3 : 1);
    }
    assert_null(policies_get(policies, 4, &name));
    assert_int_equal(policies_anchor_count(policies), 3);
    assert_int_equal(policies_crl_count(policies), 0);
    policies_free(&policies);
    policies_free(&policies);
}

/* Of all rules, anchors and intermediates, each once. */
static void knows_all_issuers(void **state)
{
    struct policy_rule rules[] = {three_rules[0], three_rules[1]};
    const struct policies_config config = {TRUST(0, 1), rules, 2};
    struct error error;
    struct digest fingerprint;

    (void)state;
    rules[1].policy.anchors = &files[1];
    rules[1].policy.intermediates = &files[1];
    rules[1].policy.intermediate_count = 2;
    struct policies *policies = policies_load(&config, &error);
    assert_non_null(policies);
    const struct known_issuers *known = policies_known_issuers(policies);
    fingerprint = policies_fingerprint(policies);
    assert_true(known_issuers_are_of(known, &fingerprint));
    assert_int_equal(known->count, 3);
    X509 *const want[] = {root, second, third};
    for (size_t i = 0; i < 3; i++) {
        unsigned char *der = NULL;
        int size = i2d_X509(want[i], &der);
        struct digest digest = digest_sha256(bytes_of(der, (size_t)size));
        const struct blob *blob = known_issuers_find(known, bytes_of(digest.bytes, DIGEST_BYTES));

        assert_non_null(blob);
        assert_true(bytes_equal(blob_bytes(blob), bytes_of(der, (size_t)size)));
        OPENSSL_free(der);
    }
    policies_free(&policies);
}

static struct digest fingerprint_of(const struct policy_rule *rules, size_t count)
{
    struct policies *policies = load(rules, count);
    struct digest digest = policies_fingerprint(policies);

    policies_free(&policies);
    return digest;
}

static void the_fingerprint_covers_rules_and_their_order(void **state)
{
    const struct policy_rule turned[] = {three_rules[1], three_rules[0]};
    const struct policy_rule no_directory = {"both", STRINGS("example.org"), 1, NULL, 0, TRUST(0, 1)};
    const struct policy_rule no_domain = {"both", NULL, 0, STRINGS("corp"), 1, TRUST(0, 1)};
    const struct policy_rule swapped = {"both", STRINGS("corp"), 1, STRINGS("example.org"), 1, TRUST(0, 1)};
    const struct policy_rule other_anchor = {"both", STRINGS("example.org"), 1, STRINGS("corp"), 1, TRUST(1, 1)};
    const struct policy_rule renamed = {"new", STRINGS("example.org"), 1, STRINGS("corp"), 1, TRUST(0, 1)};
    const struct digest different[] = {
        fingerprint_of(NULL, 0),          fingerprint_of(three_rules, 1),  fingerprint_of(three_rules, 2),
        fingerprint_of(turned, 2),        fingerprint_of(&no_directory, 1), fingerprint_of(&no_domain, 1),
        fingerprint_of(&swapped, 1),      fingerprint_of(&other_anchor, 1), fingerprint_of(three_rules, 3),
    };
    struct digest same = fingerprint_of(&renamed, 1);

    (void)state;
    for (size_t i = 0; i < sizeof(different) / sizeof(different[0]); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_false(digest_equal(&different[i], &different[k]));
        }
    }
    assert_true(digest_equal(&same, &different[1]));
}

static void faults_name_the_rule(void **state)
{
    const char *const nowhere[] = {"/nowhere"}, *const bad_oid[] = {"1.2.x"}, *const bad_print[] = {"zz"};
    const struct {
        struct policy_config policy;
        const char *want;
    } faults[] = {
        {{.anchors = nowhere, .anchor_count = 1}, "trust-rules[1] (partner): anchors: /nowhere: "},
        {{.crls = nowhere, .crl_count = 1}, "trust-rules[1] (partner): crls: /nowhere: "},
        {{.oids = bad_oid, .oid_count = 1}, "trust-rules[1] (partner): policy-oids: \"1.2.x\""},
        {{.deny = bad_print, .deny_count = 1}, "trust-rules[1] (partner): deny: \"zz\""},
    };
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        const struct policy_rule rules[] = {three_rules[0], {"partner", NULL, 0, STRINGS("x"), 1, faults[i].policy}};

        assert_null(policies_load(&(struct policies_config){TRUST(0, 1), rules, 2}, &error));
        if (strncmp(error.text, faults[i].want, strlen(faults[i].want)) != 0) {
            fail_msg("%s", error.text);
        }
        assert_null(policies_load(&(struct policies_config){.trust = faults[i].policy}, &error));
        assert_memory_equal(error.text, "trust.", 6);
    }
}

static void a_load_without_memory_fails_cleanly(void **state)
{
    const struct policies_config config = {TRUST(0, 1), three_rules, 3};
    struct policies *policies = NULL;
    struct error error;
    bool failed = true;

    (void)state;
    for (int nth = 1; failed; nth++) {
        scarce_begin(nth);
        policies = policies_load(&config, &error);
        failed = scarce_end();
        assert_true(failed || policies != NULL);
        policies_free(&policies);
    }
}

static size_t judge_two(struct policies *policies, const struct candidate *candidates, struct answer_draft *draft)
{
    const struct judge_request request = {policies, NULL, &draft->address, candidates, 2, MADE_NOW, false};

    *draft = (struct answer_draft){0};
    assert_int_equal(address_parse(bytes_of_string(MADE_ADDRESS), &draft->address), ADDRESS_OK);
    assert_int_equal(judge(&request, draft, NULL), 0);
    return draft->usable_count;
}

/* One directory's issuers are trusted for it, and not for the other. */
static void each_value_is_judged_by_its_directory(void **state)
{
    const struct policy_rule partner = {"partner", NULL, 0, STRINGS("partner"), 1, TRUST(1, 1)};
    const struct policies_config config = {TRUST(0, 1), &partner, 1};
    struct policies *policies = policies_load(&config, NULL);
    X509 *ours = made_alice(MADE_RSA, root, MADE_RSA_ROOT), *theirs = made_alice(MADE_RSA_2, second, MADE_RSA_CA);
    struct blob *values[] = {made_blob(ours), made_blob(theirs)};
    const struct candidate at_home[] = {{values[0], {.directory = "corp"}}, {values[1], {.directory = "partner"}}};
    const struct candidate abroad[] = {{values[1], {.directory = "corp"}}, {values[0], {.directory = "partner"}}};
    struct answer_draft draft;

    (void)state;
    assert_int_equal(judge_two(policies, at_home, &draft), 2);
    answer_draft_free(&draft);
    assert_int_equal(judge_two(policies, abroad, &draft), 0);
    assert_int_equal(draft.certificates[0].reason, REASON_UNTRUSTED);
    assert_int_equal(draft.certificates[1].reason, REASON_UNTRUSTED);
    answer_draft_free(&draft);
    blob_free(&values[0]);
    blob_free(&values[1]);
    X509_free(ours);
    X509_free(theirs);
    policies_free(&policies);
}

/* The same value in two directories is shown once, where it fares best, in whatever order they answer. */
static void a_value_in_two_directories_is_shown_where_it_fares_best(void **state)
{
    const struct policy_rule partner = {"partner", NULL, 0, STRINGS("partner"), 1, TRUST(1, 1)};
    const struct policies_config config = {TRUST(0, 1), &partner, 1};
    struct policies *policies = policies_load(&config, NULL);
    X509 *theirs = made_alice(MADE_RSA_2, second, MADE_RSA_CA);
    struct blob *value = made_blob(theirs);
    struct answer_draft draft;

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        const struct candidate candidates[] = {{value, {.directory = turn ? "partner" : "corp"}},
                                               {value, {.directory = turn ? "corp" : "partner"}}};

        assert_int_equal(judge_two(policies, candidates, &draft), 1);
        assert_int_equal(draft.certificate_count, 1);
        assert_string_equal(draft.certificates[0].source.directory, "partner");
        answer_draft_free(&draft);
    }
    blob_free(&value);
    X509_free(theirs);
    policies_free(&policies);
}

/* Nor does an entry of another mail hide the one that vouches. */
static void an_entry_that_does_not_vouch_hides_none_that_does(void **state)
{
    struct policy *policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL}, .addressless = true});
    struct policies *policies = policies_of(policy);
    X509 *nameless = made_certificate(&(struct made){.key = MADE_RSA, .issuer = root, .issuer_key = MADE_RSA_ROOT});
    struct blob *value = made_blob(nameless);
    struct answer_draft draft;

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        const struct candidate candidates[] = {
            {value, {.directory = "corp", .mails = turn ? MADE_ADDRESS "\n" : "bob@example.org\n"}},
            {value, {.directory = "corp", .mails = turn ? "bob@example.org\n" : MADE_ADDRESS "\n"}},
        };

        assert_int_equal(judge_two(policies, candidates, &draft), 1);
        assert_int_equal(draft.certificate_count, 1);
        answer_draft_free(&draft);
    }
    blob_free(&value);
    X509_free(nameless);
    policies_free(&policies);
    policy_free(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_fits_wins),
        cmocka_unit_test(policies_are_listed_once_each),
        cmocka_unit_test(knows_all_issuers),
        cmocka_unit_test(the_fingerprint_covers_rules_and_their_order),
        cmocka_unit_test(faults_name_the_rule),
        cmocka_unit_test(a_load_without_memory_fails_cleanly),
        cmocka_unit_test(each_value_is_judged_by_its_directory),
        cmocka_unit_test(a_value_in_two_directories_is_shown_where_it_fares_best),
        cmocka_unit_test(an_entry_that_does_not_vouch_hides_none_that_does),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
