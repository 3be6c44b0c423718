/* Files of tokens, and whose token is whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "http/tokens.h"

/* SHA-256 of "one", "two", "three". */
#define ONE "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
#define TWO "3FC4CCFE745870E2C0D99F71F30FF0656C8DEDD41CC1D7D3D376B0DBE685E2F3"
#define THREE "8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f"

static const char *name_of(const struct tokens *tokens, const char *sent)
{
    const struct token *token = tokens_find(tokens, bytes_of_string(sent));

    return token != NULL ? token->name : "-";
}

static struct tokens *make(const char *file, const char *one_more)
{
    struct error error = {""};
    struct tokens *tokens = tokens_make(bytes_of_string(file), one_more, &error);

    if (tokens == NULL) {
        fail_msg("%s", error.text);
    }
    return tokens;
}

static void test_file(void **state)
{
    struct tokens *tokens = make("# who may\n"
                                 "\n"
                                 "  \t\n"
                                 "mail-gateway " ONE " lookup 2027-06-30\r\n"
                                 "\tgrafana\t\t" TWO "  explain,admin never  \n"
                                 "   # more\n"
                                 "a.b_C-9 " THREE " admin,lookup,explain 1999-12-31",
                                 "");

    (void)state;
    assert_int_equal(tokens_count(tokens), 3);
    assert_string_equal(name_of(tokens, "one"), "mail-gateway");
    assert_string_equal(name_of(tokens, "two"), "grafana");
    assert_string_equal(name_of(tokens, "three"), "a.b_C-9");
    assert_string_equal(name_of(tokens, "four"), "-");
    assert_string_equal(name_of(tokens, "One"), "-");
    assert_string_equal(name_of(tokens, "one "), "-");
    assert_string_equal(name_of(tokens, ""), "-");
    assert_string_equal(name_of(tokens, ONE), "-"); /* who reads the file cannot ask with it */
    const struct token *one = tokens_find(tokens, bytes_of_string("one"));

    assert_int_equal(one->scopes, SCOPE_LOOKUP);
    assert_int_equal(one->until, 1814400000); /* 2027-07-01 */
    const struct token *two = tokens_find(tokens, bytes_of_string("two"));

    assert_int_equal(two->scopes, SCOPE_EXPLAIN | SCOPE_ADMIN);
    assert_true(two->until == TOKEN_HAS_NO_END);
    const struct token *three = tokens_find(tokens, bytes_of_string("three"));

    assert_int_equal(three->scopes, SCOPE_ALL);
    assert_int_equal(three->until, 946684800);
    tokens_free(&tokens);
}

static void test_one_more(void **state)
{
    struct tokens *tokens = make("a " ONE " lookup never\n", "two");

    (void)state;
    assert_int_equal(tokens_count(tokens), 2);
    const struct token *two = tokens_find(tokens, bytes_of_string("two"));

    assert_string_equal(two->name, "http.token-file");
    assert_int_equal(two->scopes, SCOPE_ALL);
    assert_true(two->until == TOKEN_HAS_NO_END);
    assert_string_equal(name_of(tokens, "one"), "a");
    tokens_free(&tokens);
    assert_null(tokens);
    tokens_free(&tokens);

    tokens = make("", "");
    assert_int_equal(tokens_count(tokens), 0);
    assert_string_equal(name_of(tokens, ""), "-");
    assert_string_equal(name_of(tokens, "one"), "-");
    tokens_free(&tokens);
}

static const struct {
    const char *file, *one_more, *words;
} bad[] = {
    {"a", "", "line 1: a token has a name, a SHA-256, what it is for, and until when"},
    {"a " ONE " lookup", "", "line 1: a token has a name, a SHA-256"},
    {"a " ONE " lookup never more", "", "line 1: a token has a name, a SHA-256"},
    {"# x\n\na " ONE " lookup never # why", "", "line 3: a token has a name, a SHA-256"},
    {"a/b " ONE " lookup never", "", "line 1: a name has 1 to 64 letters"},
    {"\xc3\xa4 " ONE " lookup never", "", "line 1: a name has 1 to 64 letters"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa " ONE " lookup never", "",
     "line 1: a name has 1 to 64 letters"},
    {"a 7692 lookup never", "", "line 1: a: behind the name stands the token's SHA-256, 64 hexadecimal digits"},
    {"a " ONE "0 lookup never", "", "line 1: a: behind the name stands"},
    {"a g692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed lookup never", "", "line 1: a: behind the"},
    {"a " ONE " lookups never", "", "line 1: a: a token is for lookup, explain or admin"},
    {"a " ONE " , never", "", "line 1: a: a token is for"},
    {"a " ONE " lookup, never", "", "line 1: a: a token is for"},
    {"a " ONE " lookup,lookup never", "", "line 1: a: a token is for"},
    {"a " ONE " Lookup never", "", "line 1: a: a token is for"},
    {"a " ONE " lookup Never", "", "line 1: a: a token ends with a day, as 2027-06-30, or never"},
    {"a " ONE " lookup 2027-6-30", "", "line 1: a: a token ends with a day"},
    {"a " ONE " lookup 2027-02-29", "", "line 1: a: a token ends with a day"},
    {"a " ONE " lookup 2027-13-01", "", "line 1: a: a token ends with a day"},
    {"a " ONE " lookup 2027-00-01", "", "line 1: a: a token ends with a day"},
    {"a " ONE " lookup 2027-01-00", "", "line 1: a: a token ends with a day"},
    {"a " ONE " lookup 2027-04-31", "", "line 1: a: a token ends with a day"},
    {"a " ONE " lookup 1969-12-31", "", "line 1: a: a token ends with a day"},
    {"a " ONE " lookup 2027/06/30", "", "line 1: a: a token ends with a day"},
    {"a " ONE " lookup 20270-6-30", "", "line 1: a: a token ends with a day"},
    {"a " ONE " lookup 2027-06-3x", "", "line 1: a: a token ends with a day"},
    {"a " ONE " lookup never\na " TWO " lookup never", "", "lines 1 and 2: a and a have the same name"},
    {"b " ONE " lookup never\n\n# c\na " ONE " admin never", "", "lines 1 and 4: b and a have the same token"},
    {"\na " ONE " lookup never", "one", "line 2: a has the token of http.token-file"},
    {"http.token-file " ONE " lookup never", "two", "line 1: http.token-file has the name of http.token-file"},
    {"a certificate lookup never\nA certificate explain never", "", "A have the same name"},
    {"* certificate lookup never\n* certificate lookup never", "", "* and * have the same name"},
    {"* " ONE " lookup never", "", "line 1: a name has 1 to 64 letters"},
    {"*.example.org certificate lookup never", "", "line 1: a name has 1 to 64 letters"},
    {"a certificates lookup never", "", "line 1: a: behind the name stands the token's SHA-256, 64 hexadecimal digits, or"},
    {"a certificate never", "", "line 1: a token has a name"},
};

static void test_bad_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error error = {""};
        struct tokens *tokens = tokens_make(bytes_of_string(bad[i].file), bad[i].one_more, &error);

        if (tokens != NULL || strstr(error.text, bad[i].words) == NULL) {
            fail_msg("%s: \"%s\"", bad[i].file, error.text);
        }
    }
    struct error error;

    assert_null(tokens_make(bytes_of("a\0b " ONE " lookup never", strlen("a.b " ONE " lookup never")), "", &error));
    assert_non_null(strstr(error.text, "line 1: a name has"));
}

/* Lines for client certificates are found by name alone, and their letters have no case. */
static void test_certificates(void **state)
{
    struct tokens *tokens = make("mx1 certificate lookup never\n"
                                 "MX2.example.org certificate lookup,explain 2027-06-30\n"
                                 "mx1 " ONE " admin never\n",
                                 "");

    (void)state;
    assert_true(tokens_has_certificates(tokens));
    assert_int_equal(tokens_count(tokens), 3);
    assert_int_equal(tokens_find_certificate(tokens, "mx1")->scopes, SCOPE_LOOKUP);
    assert_int_equal(tokens_find_certificate(tokens, "mx2.EXAMPLE.org")->until, 1814400000);
    assert_null(tokens_find_certificate(tokens, "mx"));
    assert_null(tokens_find_certificate(tokens, ""));
    assert_null(tokens_find_certificate(tokens, "*"));
    assert_string_equal(name_of(tokens, "one"), "mx1");
    assert_int_equal(tokens_find(tokens, bytes_of_string("one"))->scopes, SCOPE_ADMIN);
    assert_string_equal(name_of(tokens, ""), "-");
    tokens_free(&tokens);

    tokens = make("a certificate admin never\n* certificate lookup never\nz certificate explain never\n", "");
    assert_int_equal(tokens_find_certificate(tokens, "a")->scopes, SCOPE_ADMIN);
    assert_int_equal(tokens_find_certificate(tokens, "Z")->scopes, SCOPE_EXPLAIN);
    assert_string_equal(tokens_find_certificate(tokens, "b")->name, "*");
    tokens_free(&tokens);

    tokens = make("a " ONE " lookup never", "");
    assert_false(tokens_has_certificates(tokens));
    assert_null(tokens_find_certificate(tokens, "a"));
    tokens_free(&tokens);
}

static void test_days(void **state)
{
    int64_t until;

    (void)state;
    assert_true(tokens_parse_until(bytes_of_string("2028-02-29"), &until));
    assert_int_equal(until, 1835481600); /* 2028-03-01 */
    assert_true(tokens_parse_until(bytes_of_string("2000-02-29"), &until));
    assert_false(tokens_parse_until(bytes_of_string("2100-02-29"), &until));
    assert_true(tokens_parse_until(bytes_of_string("1970-01-01"), &until));
    assert_int_equal(until, 86400);
    assert_true(tokens_parse_until(bytes_of_string("9999-12-31"), &until));
    assert_false(tokens_parse_until(bytes_of_string(""), &until));
}

/* As many as there may be, and one too many. */
static void test_many(void **state)
{
    struct buffer file;
    struct error error = {""};
    char hex[DIGEST_HEX_BYTES], name[16];

    (void)state;
    buffer_init(&file, MAX_TOKENS_BYTES);
    for (unsigned i = 0; i < MAX_TOKENS; i++) {
        snprintf(name, sizeof(name), "t%u", i);
        struct digest digest = digest_sha256(bytes_of_string(name));

        digest_hex(bytes_of(digest.bytes, DIGEST_BYTES), hex);
        buffer_append_format(&file, "%s %s lookup never\n", name, hex);
    }
    struct tokens *tokens = make(buffer_string(&file), "");

    for (unsigned i = 0; i < MAX_TOKENS; i++) {
        snprintf(name, sizeof(name), "t%u", i);
        assert_string_equal(name_of(tokens, name), name);
    }
    tokens_free(&tokens);
    buffer_append_string(&file, "x " ONE " lookup never\n");
    assert_null(tokens_make(buffer_bytes(&file), "", &error));
    assert_string_equal(error.text, "line 10001: there are more than 10000 tokens");
    buffer_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),      cmocka_unit_test(test_one_more), cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_days),      cmocka_unit_test(test_many),     cmocka_unit_test(test_certificates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
