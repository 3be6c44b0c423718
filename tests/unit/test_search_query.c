#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/search_query.h"

/* Twenty octets of 0xfb, as base64: with a + or a / at every second place. */
#define HASH "+/v7+/v7+/v7+/v7+/v7+/v7+/s"
#define ESCAPED "%2B%2Fv7%2b%2fv7%2B/v7%2B/v7%2B/v7%2B/v7%2B/s"

#define N27 "AAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define N26 "AAAAAAAAAAAAAAAAAAAAAAAAAA"

static const uint8_t sha1[DIGEST_SHA1_BYTES] = {0xfb, 0xfb, 0xfb, 0xfb, 0xfb, 0xfb, 0xfb, 0xfb, 0xfb, 0xfb,
                                                0xfb, 0xfb, 0xfb, 0xfb, 0xfb, 0xfb, 0xfb, 0xfb, 0xfb, 0xfb};

static const struct {
    const char *query;
    enum search_attribute attribute;
    const char *value; /* the folded name, or the address; NULL: that hash */
} good[] = {
    {"certHash=" HASH, SEARCH_CERT_HASH, NULL},
    {"iHash=" HASH, SEARCH_I_HASH, NULL},
    {"iAndSHash=" HASH, SEARCH_I_AND_S_HASH, NULL},
    {"sHash=" HASH, SEARCH_S_HASH, NULL},
    {"sKIDHash=" HASH, SEARCH_SKID_HASH, NULL},
    {"certHash=" HASH "=", SEARCH_CERT_HASH, NULL},
    {"certHash=" HASH "%3D", SEARCH_CERT_HASH, NULL},
    {"certHash=" ESCAPED, SEARCH_CERT_HASH, NULL},
    {"certHash=" ESCAPED "=", SEARCH_CERT_HASH, NULL},
    {"certHash=%20/v7+/v7%2B/v7+/v7+/v7+/v7+/s", SEARCH_CERT_HASH, NULL},
    {"cert%48ash=" HASH, SEARCH_CERT_HASH, NULL},
    {"x&certHash=" HASH "&certhash=1&delta=", SEARCH_CERT_HASH, NULL},
    {"uri=alice@example.org", SEARCH_URI, "alice@example.org"},
    {"email=Alice@Example.ORG", SEARCH_URI, "alice@example.org"},
    {"uri=mailto:alice@example.org", SEARCH_URI, "alice@example.org"},
    {"email=MailTo%3Aalice%40example.org", SEARCH_URI, "alice@example.org"},
    {"email=alice%2Btag@example.org", SEARCH_URI, "alice+tag@example.org"},
    {"email=alice@b%C3%BCcher.example", SEARCH_URI, "alice@xn--bcher-kva.example"},
    {"name=Alice+Archer", SEARCH_NAME, "alice archer"},
    {"name=+ALICE%20%20archer+", SEARCH_NAME, "alice archer"},
    {"name=J%C3%96RG+Stra%C3%9Fe", SEARCH_NAME, "j\xc3\xb6rg strasse"},
    {"name=J%C3%96RG&name2=x", SEARCH_NAME, "j\xc3\xb6rg"},
    {"name=Jo%CC%88rg", SEARCH_NAME, "j\xc3\xb6rg"},
    {"name=*)(cn%3D*", SEARCH_NAME, "*)(cn=*"},
};

static const struct {
    const char *query;
    const char *words;
} bad[] = {
    {"", "what is searched for"},
    {"x=1", "what is searched for"},
    {"certhash=" HASH, "what is searched for"},
    {"certHash=" HASH "&certHash=" HASH, "one attribute, once"},
    {"certHash=" HASH "&sHash=" HASH, "one attribute, once"},
    {"email=a@b.example&uri=a@b.example", "one attribute, once"},
    {"certHash&certHash", "one attribute, once"},
    {"certHash", "27 characters"},
    {"certHash=", "27 characters"},
    {"certHash==", "27 characters"},
    {"certHash=" N26, "27 characters"},
    {"certHash=" N27 "A", "27 characters"},
    {"certHash=" N27 "==", "27 characters"},
    {"certHash=" N27 "=A", "27 characters"},
    {"certHash=da39a3ee5e6b4b0d3255bfef95601890afd80709", "27 characters"},
    {"certHash=" N26 "-", "base64"},
    {"certHash=" N26 "_", "base64"},
    {"certHash=" N26 "*", "base64"},
    {"certHash=" N26 "%25", "base64"},
    {"certHash=" N26 "=", "base64"}, /* 27, of which one is none */
    {"certHash=" N26 "==", "base64"},
    {"certHash==" N26, "base64"},
    {"certHash=" N26 "B", "base64"},        /* two bits that a SHA-1 has not */
    {"certHash=AAAAAAAAAAAAAAAAAAAAAAAAA%C3%A4", "base64"},
    {"uri=", "address"},
    {"email=nobody", "@"},
    {"uri=https://example.org/", "@"},
    {"uri=mailto:", "address"},
    {"uri=mailto:mailto:a@b.example&x", NULL},
    {"name=", "1 to 256"},
    {"name=++", "1 to 256"},
};

static const char *parse(const char *query, enum search_store store, struct search_query *parsed)
{
    static struct target target;
    static char raw[4096];

    snprintf(raw, sizeof(raw), "/certificates/search.cgi?%s", query);
    assert_int_equal(target_parse(bytes_of_string(raw), &target), TARGET_OK);
    return search_query_parse(&target, store, parsed);
}

static void what_is_read(void **state)
{
    struct search_query query;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const char *fault = parse(good[i].query, STORE_CERTIFICATES, &query);
        if (fault != NULL || query.key.attribute != good[i].attribute) {
            fail_msg("%s: %s", good[i].query, fault);
        }
        if (good[i].attribute == SEARCH_URI) {
            assert_string_equal(query.address.text, good[i].value);
            continue;
        }
        struct bytes want = good[i].value != NULL ? bytes_of_string(good[i].value) : bytes_of(sha1, sizeof(sha1));
        if (!bytes_equal(want, bytes_of(query.key.value, query.key.size))) {
            fail_msg("%s: %.*s", good[i].query, (int)query.key.size, (const char *)query.key.value);
        }
    }
}

static void what_is_refused(void **state)
{
    struct search_query query;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *fault = parse(bad[i].query, STORE_CERTIFICATES, &query);
        if (fault == NULL || (bad[i].words != NULL && strstr(fault, bad[i].words) == NULL)) {
            fail_msg("%s: %s", bad[i].query, fault != NULL ? fault : "was read");
        }
    }
}

/* X.520 allows 64 characters; of the longest in UTF-8 that is 256 octets. */
static void long_names(void **state)
{
    struct search_query query;
    char name[300] = "name=";

    (void)state;
    memset(name + 5, 'a', 256);
    assert_null(parse(name, STORE_CERTIFICATES, &query));
    assert_int_equal(query.key.size, 256);
    name[5 + 256] = 'a';
    assert_non_null(parse(name, STORE_CERTIFICATES, &query));
}

static void of_crls(void **state)
{
    static const char *const none[] = {"certHash=" HASH, "email=a@b.example", "name=x", "sHash=" HASH,
                                       "iAndSHash=" HASH, "", "iHash=", "iHash=" N26, "iHash=" HASH "&sKIDHash=" HASH};
    struct search_query query;

    (void)state;
    assert_null(parse("iHash=" HASH "&certHash=x", STORE_CRLS, &query));
    assert_int_equal(query.key.attribute, SEARCH_I_HASH);
    assert_null(parse("sKIDHash=" HASH "=", STORE_CRLS, &query));
    assert_int_equal(query.key.attribute, SEARCH_SKID_HASH);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_non_null(parse(none[i], STORE_CRLS, &query));
    }
}

static void which_store(void **state)
{
    static const struct {
        const char *host;
        enum search_store want;
    } rows[] = {
        {"certificates.example.org", STORE_CERTIFICATES}, {"crls.example.org", STORE_CRLS},
        {"CRLs.Example.ORG:8080", STORE_CRLS}, {"crls", STORE_CERTIFICATES}, {"crls.", STORE_CERTIFICATES},
        {"", STORE_CERTIFICATES}, {"crlsx.example.org", STORE_CERTIFICATES}, {"127.0.0.1:80", STORE_CERTIFICATES},
        {"x.crls.example.org", STORE_CERTIFICATES},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (search_query_store(bytes_of_string(rows[i].host)) != rows[i].want) {
            fail_msg("%s", rows[i].host);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read), cmocka_unit_test(what_is_refused), cmocka_unit_test(long_names),
        cmocka_unit_test(of_crls),      cmocka_unit_test(which_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
