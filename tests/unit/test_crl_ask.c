#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "tests/unit/revocation_play.h"

/*
 * RFC 5280 6.3.3 beyond one CRL of one issuer: deltas, reasons that are split,
 * indirect CRLs, CRLs that another key or another party signs.
 *
 *   Root ── Sub ── alice, or what stands in for her
 *     ├── Sub's second key, for CRLs
 *     └── Clerk, who signs indirect CRLs and is no CA
 *   Other, another anchor ── a Clerk of its own
 */

#define SAN "subjectAltName=email:" MADE_ADDRESS
#define URL "http://crl.example/1.crl"
#define MAX_CRLS 4

static X509 *root, *other, *sub, *sub_signs_crls, *clerk, *foreign_clerk, *idle_clerk;
static X509 *alice, *split, *indirect, *relative;
static X509_CRL *of_root;

static X509 *signer(const char *subject, enum made_key key, const X509 *issuer, enum made_key issuer_key,
                    const char *usage)
{
    return made_certificate(&(struct made){
        .subject = subject, .key = key, .issuer = issuer, .issuer_key = issuer_key, .extensions = {usage}});
}

static X509 *leaf(const char *points)
{
    return made_certificate(
        &(struct made){.key = MADE_RSA, .issuer = sub, .issuer_key = MADE_RSA_CA, .extensions = {SAN, points}});
}

static int setup(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    root = made_root("CN=Root", MADE_RSA_ROOT);
    other = made_root("CN=Other", MADE_P384);
    sub = made_intermediate("CN=Sub", MADE_RSA_CA, root, MADE_RSA_ROOT);
    sub_signs_crls = signer("CN=Sub", MADE_RSA_CA_2, root, MADE_RSA_ROOT, "keyUsage=cRLSign");
    clerk = signer("CN=Clerk", MADE_P256, root, MADE_RSA_ROOT, "keyUsage=cRLSign");
    idle_clerk = signer("CN=Clerk", MADE_P256, root, MADE_RSA_ROOT, "keyUsage=digitalSignature");
    foreign_clerk = signer("CN=Clerk", MADE_P256, other, MADE_P384, "keyUsage=cRLSign");
    alice = leaf(NULL);
    split = leaf(play_points((struct play_point[]){{.url = URL, .reasons = {1, 2}},
                                                   {.url = "http://crl.example/2.crl", .reasons = {3, 4, 5, 6, 7, 8}}},
                             2));
    indirect = leaf(play_points((struct play_point[]){{.url = URL, .crl_issuer = clerk}}, 1));
    relative = leaf(play_points((struct play_point[]){{.relative = "one"}}, 1));
    of_root = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1});
    return 0;
}

static int teardown(void **state)
{
    X509 *all[] = {root, other, sub, sub_signs_crls, clerk, foreign_clerk, idle_clerk, alice, split, indirect, relative};

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        X509_free(all[i]);
    }
    X509_CRL_free(of_root);
    return 0;
}

/* A policy with these CRLs beside a good one of Root, and with these certificates beside Sub. */
static struct policy *policy_of(enum revocation_mode mode, X509 *const *more, const struct made_crl *crls)
{
    X509 *intermediates[MAX_CRLS + 2] = {sub};
    X509_CRL *made[MAX_CRLS + 2] = {of_root};
    struct policy *policy;
    size_t count = 0;

    for (; more != NULL && more[count] != NULL; count++) {
        intermediates[1 + count] = more[count];
    }
    for (count = 0; count < MAX_CRLS && crls[count].issuer != NULL; count++) {
        made[1 + count] = made_crl(&crls[count]);
    }
    policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, other, NULL},
                                               .intermediates = intermediates,
                                               .crls = made,
                                               .revocation = mode});
    for (size_t i = 0; i < count; i++) {
        X509_CRL_free(made[1 + i]);
    }
    return policy;
}

static void expect_with(const char *name, X509 *const *more, const struct made_crl *crls, const X509 *cert,
                        enum reason require, enum reason prefer)
{
    struct policy *required = policy_of(REVOCATION_MODE_REQUIRE, more, crls),
                  *preferred = policy_of(REVOCATION_MODE_PREFER, more, crls);
    struct play_judged judged;

    play_judge(required, NULL, cert, MADE_NOW, 0, &judged);
    if (judged.reason != require) {
        fail_msg("%s, require: %s (%s)", name, reason_word(judged.reason), judged.detail);
    }
    play_judge(preferred, NULL, cert, MADE_NOW, 0, &judged);
    if (judged.reason != prefer || (prefer == REASON_USABLE && (judged.revocation.status == REVOCATION_GOOD) !=
                                                                   (require == REASON_USABLE))) {
        fail_msg("%s, prefer: %s, %s (%s)", name, reason_word(judged.reason),
                 revocation_word(judged.revocation.status), judged.detail);
    }
    policy_free(&required);
    policy_free(&preferred);
}

enum verdict_wanted { GOOD, REVOKED, UNKNOWN };

static void expect(const char *name, X509 *const *more, const struct made_crl *crls, const X509 *cert,
                   enum verdict_wanted wanted)
{
    static const enum reason require[] = {REASON_USABLE, REASON_REVOKED, REASON_REVOCATION_UNKNOWN},
                             prefer[] = {REASON_USABLE, REASON_REVOKED, REASON_USABLE};

    expect_with(name, more, crls, cert, require[wanted], prefer[wanted]);
}

#define NUMBER(text) "crlNumber=DER:02010" text
#define BASE(text) "deltaCRL=critical,DER:02010" text
#define OF_SUB .issuer = sub, .key = MADE_RSA_CA

static void deltas_go_on_from_their_base(void **state)
{
    const struct {
        const char *name;
        struct made_crl base, delta;
        enum verdict_wanted wanted;
    } rows[] = {
        {"nothing new",
         {OF_SUB, .crl_reason = -1, .extensions = {NUMBER("4")}},
         {OF_SUB, .crl_reason = -1, .extensions = {NUMBER("5"), BASE("4")}},
         GOOD},
        {"newly revoked",
         {OF_SUB, .crl_reason = -1, .extensions = {NUMBER("4")}},
         {OF_SUB, .crl_reason = 1, .revoked = {alice}, .extensions = {NUMBER("5"), BASE("4")}},
         REVOKED},
        {"no longer on hold",
         {OF_SUB, .crl_reason = 6, .revoked = {alice}, .extensions = {NUMBER("4")}},
         {OF_SUB, .crl_reason = 8, .revoked = {alice}, .extensions = {NUMBER("5"), BASE("4")}},
         GOOD},
        {"still on hold",
         {OF_SUB, .crl_reason = 6, .revoked = {alice}, .extensions = {NUMBER("4")}},
         {OF_SUB, .crl_reason = -1, .extensions = {NUMBER("5"), BASE("4")}},
         REVOKED},
        {"removed by a delta whose base is newer than ours",
         {OF_SUB, .crl_reason = 6, .revoked = {alice}, .extensions = {NUMBER("3")}},
         {OF_SUB, .crl_reason = 8, .revoked = {alice}, .extensions = {NUMBER("5"), BASE("4")}},
         REVOKED},
        {"removed by an older delta",
         {OF_SUB, .crl_reason = 6, .revoked = {alice}, .extensions = {NUMBER("6")}},
         {OF_SUB, .crl_reason = 8, .revoked = {alice}, .extensions = {NUMBER("5"), BASE("4")}},
         REVOKED},
        {"removed by a delta past its nextUpdate",
         {OF_SUB, .crl_reason = 6, .revoked = {alice}, .extensions = {NUMBER("4")}},
         {OF_SUB, .crl_reason = 8, .revoked = {alice}, .this_update = -20, .next_update = -10,
          .extensions = {NUMBER("5"), BASE("4")}},
         REVOKED},
        {"removed by a delta of another key",
         {OF_SUB, .crl_reason = 6, .revoked = {alice}, .extensions = {NUMBER("4")}},
         {.issuer = sub, .key = MADE_RSA_CA_2, .crl_reason = 8, .revoked = {alice},
          .extensions = {NUMBER("5"), BASE("4")}},
         REVOKED},
        {"the base is past its nextUpdate, the delta is not",
         {OF_SUB, .crl_reason = -1, .this_update = -20, .next_update = -10, .extensions = {NUMBER("4")}},
         {OF_SUB, .crl_reason = -1, .extensions = {NUMBER("5"), BASE("4")}},
         GOOD},
        {"both are past their nextUpdate",
         {OF_SUB, .crl_reason = -1, .this_update = -20, .next_update = -10, .extensions = {NUMBER("4")}},
         {OF_SUB, .crl_reason = -1, .this_update = -15, .next_update = -5, .extensions = {NUMBER("5"), BASE("4")}},
         UNKNOWN},
        {"a delta of another scope does not prolong",
         {OF_SUB, .crl_reason = -1, .this_update = -20, .next_update = -10, .extensions = {NUMBER("4")}},
         {OF_SUB, .crl_reason = -1,
          .extensions = {NUMBER("5"), BASE("4"), "issuingDistributionPoint=critical,onlyuser:TRUE"}},
         UNKNOWN},
        {"a base without number is none",
         {OF_SUB, .crl_reason = -1, .this_update = -20, .next_update = -10},
         {OF_SUB, .crl_reason = -1, .extensions = {NUMBER("5"), BASE("4")}},
         UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        expect(rows[i].name, (X509 *[]){sub_signs_crls, NULL}, (struct made_crl[]){rows[i].base, rows[i].delta, {0}},
               alice, rows[i].wanted);
    }
}

static void numbers_say_which_is_newest(void **state)
{
    const struct made_crl held = {OF_SUB, .crl_reason = 6, .revoked = {alice}, .this_update = -20,
                                  .next_update = MADE_DAY, .extensions = {NUMBER("7")}};
    const struct made_crl lifted = {OF_SUB, .crl_reason = -1, .this_update = -20, .next_update = MADE_DAY,
                                    .extensions = {NUMBER("8")}};
    const struct made_crl began_anew = {OF_SUB, .crl_reason = 1, .revoked = {alice}, .this_update = -10,
                                        .next_update = MADE_DAY, .extensions = {NUMBER("1")}};

    (void)state;
    expect("same time, higher number", NULL, (struct made_crl[]){held, lifted, {0}}, alice, GOOD);
    expect("lower number, but later: it lists", NULL, (struct made_crl[]){lifted, began_anew, {0}}, alice, REVOKED);
}

static void reasons_add_up(void **state)
{
    const struct made_crl first = {OF_SUB, .crl_reason = -1,
                                   .extensions = {play_scope(&(struct play_point){.url = URL, .reasons = {1, 2}}, false)}};
    const struct made_crl rest = {
        OF_SUB, .crl_reason = -1,
        .extensions = {play_scope(&(struct play_point){.url = "http://crl.example/2.crl",
                                                       .reasons = {3, 4, 5, 6, 7, 8}}, false)}};
    struct made_crl listing = rest, unreasoned = {OF_SUB, .crl_reason = -1,
        .extensions = {play_scope(&(struct play_point){.url = URL}, false)}};

    (void)state;
    listing.revoked[0] = split;
    listing.crl_reason = 4;
    expect("one half", NULL, (struct made_crl[]){first, {0}}, split, UNKNOWN);
    expect("the other half", NULL, (struct made_crl[]){rest, {0}}, split, UNKNOWN);
    expect("both halves", NULL, (struct made_crl[]){first, rest, {0}}, split, GOOD);
    expect("the second lists it", NULL, (struct made_crl[]){first, listing, {0}}, split, REVOKED);
    expect("all reasons, but the point asks for some", NULL, (struct made_crl[]){unreasoned, {0}}, split, UNKNOWN);
    expect("the whole CRL of the issuer", NULL, (struct made_crl[]){{OF_SUB, .crl_reason = -1}, {0}}, split, GOOD);
}

static void relative_names_are_made_whole(void **state)
{
    const struct made_crl one = {OF_SUB, .crl_reason = -1,
                                 .extensions = {play_scope(&(struct play_point){.relative = "one"}, false)}};
    const struct made_crl two = {OF_SUB, .crl_reason = -1,
                                 .extensions = {play_scope(&(struct play_point){.relative = "two"}, false)}};

    (void)state;
    expect("the same", NULL, (struct made_crl[]){one, {0}}, relative, GOOD);
    expect("another", NULL, (struct made_crl[]){two, {0}}, relative, UNKNOWN);
    expect("of none", NULL, (struct made_crl[]){one, {0}}, alice, UNKNOWN);
}

static void indirect_crls_name_issuers(void **state)
{
    const char *scope = play_scope(&(struct play_point){.url = URL}, true);
    const char *direct_scope = play_scope(&(struct play_point){.url = URL}, false);
    const struct made_crl empty = {.issuer = clerk, .key = MADE_P256, .crl_reason = -1, .extensions = {scope}};
    struct made_crl listing = empty, of_another = empty, direct = empty, wrong_scope = empty;
    X509 *const with_clerk[] = {clerk, NULL}, *const with_idle[] = {idle_clerk, NULL},
        *const with_foreign[] = {foreign_clerk, NULL}, *const with_both[] = {foreign_clerk, clerk, NULL};

    (void)state;
    listing.revoked[0] = of_another.revoked[0] = indirect;
    listing.crl_reason = 1;
    listing.entry_extension = play_entry_issuer(sub);
    direct.extensions[0] = direct_scope;
    wrong_scope.extensions[0] = play_scope(&(struct play_point){.url = "http://crl.example/2.crl"}, true);
    expect("not listed", with_clerk, (struct made_crl[]){empty, {0}}, indirect, GOOD);
    expect("listed", with_clerk, (struct made_crl[]){listing, {0}}, indirect, REVOKED);
    expect("its number listed for the clerk's own", with_clerk, (struct made_crl[]){of_another, {0}}, indirect, GOOD);
    expect("not called indirect", with_clerk, (struct made_crl[]){direct, {0}}, indirect, UNKNOWN);
    expect("another point", with_clerk, (struct made_crl[]){wrong_scope, {0}}, indirect, UNKNOWN);
    expect("for a certificate that names no clerk", with_clerk, (struct made_crl[]){empty, {0}}, alice, UNKNOWN);
    expect("a clerk who may not sign CRLs", with_idle, (struct made_crl[]){empty, {0}}, indirect, UNKNOWN);
    expect("a clerk under another anchor", with_foreign, (struct made_crl[]){listing, {0}}, indirect, UNKNOWN);
    expect("clerks under both", with_both, (struct made_crl[]){listing, {0}}, indirect, REVOKED);
}

static void an_issuer_may_sign_with_another_key(void **state)
{
    const struct made_crl good = {.issuer = sub, .key = MADE_RSA_CA_2, .crl_reason = -1};
    struct made_crl listing = good;
    X509 *const with_key[] = {sub_signs_crls, NULL};
    X509 *foreign = signer("CN=Sub", MADE_RSA_CA_2, other, MADE_P384, "keyUsage=cRLSign");

    (void)state;
    listing.revoked[0] = alice;
    listing.crl_reason = 1;
    expect("its certificate is known", with_key, (struct made_crl[]){good, {0}}, alice, GOOD);
    expect("and lists", with_key, (struct made_crl[]){listing, {0}}, alice, REVOKED);
    expect("its certificate is not known", NULL, (struct made_crl[]){listing, {0}}, alice, UNKNOWN);
    expect("under another anchor", (X509 *[]){foreign, NULL}, (struct made_crl[]){listing, {0}}, alice, UNKNOWN);
    X509_free(foreign);
}

/* A CA that has two keys, as Active Directory's after a renewal, signs a CRL with each, and in it stands what the same key
 * issued: the other key's says nothing good of it, however new. Where the own key has none, it does (RFC 5280 6.3.3). */
static void another_keys_crl_does_not_outrank_the_own(void **state)
{
    X509 *renewed = made_intermediate("CN=Sub", MADE_RSA_CA_2, root, MADE_RSA_ROOT);
    const struct made_crl of_renewed = {.issuer = renewed, .key = MADE_RSA_CA_2, .crl_reason = -1, .this_update = -5,
                                        .next_update = MADE_DAY, .extensions = {NUMBER("9")}};
    const struct made_crl silent = {OF_SUB, .crl_reason = -1, .this_update = -20, .next_update = MADE_DAY,
                                    .extensions = {NUMBER("8")}};
    X509 *const both[] = {renewed, NULL};
    struct made_crl listing = silent, stale = silent, also_listing = of_renewed, early = of_renewed;

    (void)state;
    listing.revoked[0] = also_listing.revoked[0] = alice;
    listing.crl_reason = also_listing.crl_reason = 1;
    stale.next_update = -10;
    early.this_update = -15;
    expect("the own lists, the other is newer", both, (struct made_crl[]){listing, of_renewed, {0}}, alice, REVOKED);
    expect("neither lists", both, (struct made_crl[]){silent, of_renewed, {0}}, alice, GOOD);
    expect("the other lists", both, (struct made_crl[]){silent, also_listing, {0}}, alice, REVOKED);
    expect("the own has run out", both, (struct made_crl[]){stale, early, {0}}, alice, UNKNOWN);
    expect("the own had run out before", both, (struct made_crl[]){stale, of_renewed, {0}}, alice, GOOD);
    expect("the other alone", both, (struct made_crl[]){of_renewed, {0}}, alice, GOOD);
    X509_free(renewed);
}

/* Under `require` the CRL's signer must be known not to be revoked; what it lists counts even so. */
static void signers_are_checked_as_well(void **state)
{
    const struct made_crl good = {.issuer = sub, .key = MADE_RSA_CA_2, .crl_reason = -1};
    const struct made_crl revoking = {.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = 1,
                                      .revoked = {sub_signs_crls}, .this_update = -5, .next_update = MADE_DAY};
    X509 *const with_key[] = {sub_signs_crls, NULL};
    X509_CRL *kept = of_root;

    (void)state;
    expect("revoked", with_key, (struct made_crl[]){good, revoking, {0}}, alice, UNKNOWN);
    /* Root's CRL is about CAs alone, so that Sub's own status is known and the signer's is not. */
    of_root = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1,
                                          .extensions = {"issuingDistributionPoint=critical,onlyCA:TRUE"}});
    expect("unknown", with_key, (struct made_crl[]){good, {0}}, alice, UNKNOWN);
    expect("unknown, but it lists", with_key,
           (struct made_crl[]){{.issuer = sub, .key = MADE_RSA_CA_2, .crl_reason = 1, .revoked = {alice}}, {0}}, alice,
           REVOKED);
    X509_CRL_free(of_root);
    of_root = kept;
}

/* A stolen key must not wash its own certificate clean: another CRL says that it is revoked. */
static void no_signer_speaks_for_itself_against_others(void **state)
{
    X509 *self_covered = made_certificate(&(struct made){
        .subject = "CN=Clerk", .key = MADE_P256, .issuer = root, .issuer_key = MADE_RSA_ROOT,
        .extensions = {"keyUsage=cRLSign", play_points((struct play_point[]){{.url = URL, .crl_issuer = clerk}}, 1)}});
    const char *scope = play_scope(&(struct play_point){.url = URL}, true);
    const struct made_crl own = {.issuer = clerk, .key = MADE_P256, .crl_reason = -1, .extensions = {scope}};
    const struct made_crl of_its_issuer = {.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = 1,
                                           .revoked = {self_covered}, .this_update = -5, .next_update = MADE_DAY};
    X509 *const with_clerk[] = {self_covered, NULL};
    X509_CRL *kept = of_root;

    (void)state;
    expect("its issuer revokes it", with_clerk, (struct made_crl[]){own, of_its_issuer, {0}}, indirect, UNKNOWN);
    /* Root's CRL is about Sub alone now, so that the clerk's own status is known from its own CRL only. */
    of_root = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1,
                                          .extensions = {"issuingDistributionPoint=critical,onlyCA:TRUE"}});
    expect("nobody else speaks of it", with_clerk, (struct made_crl[]){own, {0}}, indirect, GOOD);
    X509_CRL_free(of_root);
    of_root = kept;
    X509_free(self_covered);
}

/* The key that signs Sub's CRLs was stolen, and Sub's own key says so. The thief's CRL, of the same name and scope, is
 * newer. */
static void a_stolen_key_does_not_outrank_who_revokes_it(void **state)
{
    X509 *stolen = made_certificate(&(struct made){
        .subject = "CN=Sub", .key = MADE_RSA_CA_2, .issuer = sub, .issuer_key = MADE_RSA_CA,
        .extensions = {"keyUsage=cRLSign", "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid:always"}});
    const struct made_crl by_sub = {OF_SUB, .crl_reason = 1, .revoked = {stolen, alice}, .extensions = {NUMBER("5")}};
    const struct made_crl by_thief = {.issuer = sub, .key = MADE_RSA_CA_2, .crl_reason = -1, .this_update = -5,
                                      .next_update = MADE_DAY, .extensions = {NUMBER("6")}};
    struct made_crl before = by_sub;

    (void)state;
    expect("stolen", (X509 *[]){stolen, NULL}, (struct made_crl[]){by_sub, by_thief, {0}}, alice, REVOKED);
    before.revoked[0] = before.revoked[1];
    before.revoked[1] = NULL;
    expect("not stolen: the newer one counts", (X509 *[]){stolen, NULL}, (struct made_crl[]){before, by_thief, {0}}, alice,
           GOOD);
    X509_free(stolen);
}

static void the_answer_rests_on_all_its_evidence(void **state)
{
    const struct made_crl crls[] = {
        {.issuer = sub, .key = MADE_RSA_CA_2, .crl_reason = -1, .this_update = -9, .next_update = 3 * MADE_DAY},
        {.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1, .this_update = -5, .next_update = MADE_DAY},
        {0},
    };
    struct policy *policy = policy_of(REVOCATION_MODE_REQUIRE, (X509 *[]){sub_signs_crls, NULL}, crls);
    struct play_judged judged;

    (void)state;
    play_judge(policy, NULL, alice, MADE_NOW, 0, &judged);
    assert_int_equal(judged.reason, REASON_USABLE);
    assert_int_equal(judged.revocation.this_update, MADE_NOW - 9);
    assert_int_equal(judged.revocation.next_update, MADE_NOW + MADE_DAY); /* Root's, for Sub and for the signer */
    policy_free(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deltas_go_on_from_their_base),
        cmocka_unit_test(numbers_say_which_is_newest),
        cmocka_unit_test(reasons_add_up),
        cmocka_unit_test(relative_names_are_made_whole),
        cmocka_unit_test(indirect_crls_name_issuers),
        cmocka_unit_test(an_issuer_may_sign_with_another_key),
        cmocka_unit_test(another_keys_crl_does_not_outrank_the_own),
        cmocka_unit_test(signers_are_checked_as_well),
        cmocka_unit_test(no_signer_speaks_for_itself_against_others),
        cmocka_unit_test(a_stolen_key_does_not_outrank_who_revokes_it),
        cmocka_unit_test(the_answer_rests_on_all_its_evidence),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
