#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "render/render.h"
#include "tests/unit/render_fixture.h"
#include "tests/unit/scarce.h"

/* How verdicts came about: shown, sent, read back, and shown again the same. */

static struct buffer out;

static int setup(void **state)
{
    (void)state;
    buffer_init(&out, MAX_RESPONSE_BYTES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_free(&out);
    return 0;
}

static const char *rendered(enum format format, const struct answer *answer, bool explain)
{
    buffer_clear(&out);
    assert_int_equal(render(format, answer, &(struct render_options){.explain = explain}, &out), 0);
    return buffer_string(&out);
}

static void assert_holds(const char *text, const char *words)
{
    if (strstr(text, words) == NULL) {
        fail_msg("%s\nis missing in\n%s", words, text);
    }
}

static void json_says_it_all(void **state)
{
    struct answer *answer = fixture_explained();
    const char *json = rendered(FORMAT_JSON, answer, true);

    (void)state;
    assert_holds(json, "\"explanation\":{\"policy\":\"trust\",\"path\":{\"verdict\":\"valid\"},\"rules\":[],\"chains\":[");
    assert_holds(json, "{\"complete\":true,\"links\":[{\"subject\":\"CN=Alice\",\"fingerprint_sha256\":\"00aa\"},"
                       "{\"subject\":\"CN=Root\",\"fingerprint_sha256\":\"00bb\"}],\"verdict\":\"valid\",\"rules\":[],"
                       "\"revocation\":[{\"link\":0,\"kind\":\"crl\",\"source\":\"http://crl.example/root.crl\","
                       "\"crl_number\":\"4660\",\"this_update\":\"2027-01-15T07:43:20Z\","
                       "\"next_update\":\"2027-01-16T11:46:40Z\",\"status\":\"good\"},"
                       "{\"link\":0,\"kind\":\"ocsp\",\"status\":\"its responder is revoked\"}]}]");
    assert_holds(json, "\"place\":\"the only usable one\"}");
    assert_holds(json, "{\"policy\":\"partners\",\"path\":{\"verdict\":\"untrusted\",\"detail\":\"no way\"},"
                       "\"rules\":[{\"reason\":\"address_mismatch\",\"detail\":\"not this one\",\"clause\":\"RFC 8550 3\"},"
                       "{\"reason\":\"weak_key\",\"detail\":\"RSA key of 512 bits\"}],"
                       "\"chains\":[{\"complete\":false,\"links\":[{\"subject\":\"CN=");
    assert_holds(json, "\"chains_left_out\":7}");
    assert_null(strstr(rendered(FORMAT_JSON, answer, false), "explanation"));
    answer_free(&answer);
}

static void text_shows_the_place_first_and_chains_as_trees(void **state)
{
    struct answer *answer = fixture_explained();
    const char *text = rendered(FORMAT_TEXT, answer, true);

    (void)state;
    assert_holds(text, "     place      the only usable one\n"
                       "     policy     trust\n"
                       "     path       valid\n"
                       "     chains     1. valid\n"
                       "                   CN=Root (anchor)\n"
                       "                     CN=Alice\n"
                       "                   CRL about CN=Alice: good, number 4660, of\n"
                       "                   2027-01-15T07:43:20Z until 2027-01-16T11:46:40Z, from\n"
                       "                   http://crl.example/root.crl\n"
                       "                   OCSP answer about CN=Alice: its responder is revoked\n");
    assert_holds(text, "     policy     partners\n"
                       "     breaks     address_mismatch: not this one (RFC 8550 3)\n"
                       "                weak_key: RSA key of 512 bits\n"
                       "     path       untrusted: no way\n"
                       "     chains     1. untrusted, leads to no anchor\n");
    assert_holds(text, "                and 7 more, not kept\n");
    assert_holds(text, "CN=\\u{1b}[2J\\u{7}"); /* whatever a certificate says, a terminal does not obey */
    assert_null(strstr(rendered(FORMAT_TEXT, answer, false), "place"));
    answer_free(&answer);
}

/* What `certlookup -u --explain` prints is what `certlookup -H --explain` prints for the same values. */
static void what_is_read_back_prints_the_same_to_the_letter(void **state)
{
    struct answer *answer = fixture_explained();
    struct buffer json, before;
    struct answer_draft draft;
    struct error error;
    bool stale;

    (void)state;
    buffer_init(&json, MAX_RESPONSE_BYTES);
    buffer_init(&before, MAX_RESPONSE_BYTES);
    buffer_append_string(&json, rendered(FORMAT_JSON, answer, true));
    buffer_append_string(&before, rendered(FORMAT_TEXT, answer, true));
    assert_int_equal(render_read_json(buffer_bytes(&json), &draft, &stale, &error), 0);
    struct answer *again = answer_make(&draft);
    answer_draft_free(&draft);
    assert_string_equal(rendered(FORMAT_TEXT, again, true), buffer_string(&before));
    buffer_clear(&before);
    buffer_append_string(&before, rendered(FORMAT_LDIF, answer, true));
    assert_string_equal(rendered(FORMAT_LDIF, again, true), buffer_string(&before));
    answer_free(&again);
    answer_free(&answer);
    buffer_free(&json);
    buffer_free(&before);
}

#define REFUSED(explanation_) \
    "{\"address\":\"a@b.example\",\"outcome\":\"none\",\"reason\":\"expired\",\"refused\":[" \
    "{\"reason\":\"expired\",\"value\":\"QQ==\",\"explanation\":" explanation_ "}]}"
#define CHAIN(chain_) REFUSED("{\"chains\":[" chain_ "]}")

static void bad_explanations_are_refused(void **state)
{
    static const struct {
        const char *json, *words;
    } rows[] = {
        {REFUSED("{}"), NULL},
        {REFUSED("7"), NULL}, /* no object, so nothing in it */
        {REFUSED("{\"path\":{\"verdict\":\"valid\"}}"), NULL},
        {REFUSED("{\"path\":{}}"), "verdict"},
        {REFUSED("{\"path\":{\"verdict\":\"fine\"}}"), "fine"},
        {REFUSED("{\"rules\":[{\"reason\":\"usable\"}]}"), "reason"},
        {REFUSED("{\"rules\":[7]}"), "reason"},
        {CHAIN("{\"verdict\":\"valid\"}"), NULL},
        {CHAIN("{}"), "verdict"},
        {CHAIN("{\"verdict\":\"valid\",\"rules\":[{\"reason\":\"none\"}]}"), "reason"},
        {CHAIN("{\"verdict\":\"valid\",\"revocation\":[{\"this_update\":\"yesterday\"}]}"), "this_update"},
        {CHAIN("{\"verdict\":\"valid\",\"links\":[1,2,3,4,5,6,7,8,9,10,11]}"), "links"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer_draft draft;
        struct error error = {""};
        bool stale;
        int result = render_read_json(bytes_of_string(rows[i].json), &draft, &stale, &error);
        if ((result == 0) != (rows[i].words == NULL) || (result != 0 && strstr(error.text, rows[i].words) == NULL)) {
            fail_msg("%s: %d, %s", rows[i].json, result, error.text);
        }
        answer_draft_free(&draft);
    }
}

/* `count` times `item`, in a list under `key`. */
static int read_many(const char *key, const char *item, size_t count)
{
    struct answer_draft draft;
    struct error error = {""};
    bool stale;

    buffer_clear(&out);
    buffer_append_format(&out,
                         "{\"address\":\"a@b.example\",\"outcome\":\"none\",\"reason\":\"expired\",\"refused\":["
                         "{\"reason\":\"expired\",\"value\":\"QQ==\",\"explanation\":{%s[",
                         key);
    for (size_t i = 0; i < count; i++) {
        buffer_append_format(&out, "%s%s", i > 0 ? "," : "", item);
    }
    buffer_append_string(&out, strchr(key, '[') != NULL ? "]}]}}]}" : "]}}]}");
    int result = render_read_json(buffer_bytes(&out), &draft, &stale, &error);
    if (result != 0 && strstr(error.text, "more than") == NULL) {
        fail_msg("%s", error.text);
    }
    answer_draft_free(&draft);
    return result;
}

static void lists_have_limits(void **state)
{
    static const struct {
        const char *key, *item;
        size_t most;
    } rows[] = {
        {"\"rules\":", "{\"reason\":\"expired\"}", MAX_TRAIL_RULES},
        {"\"chains\":", "{\"verdict\":\"valid\"}", MAX_TRAIL_CHAINS},
        {"\"chains\":[{\"verdict\":\"valid\",\"links\":", "{}", MAX_CHAIN},
        {"\"chains\":[{\"verdict\":\"valid\",\"revocation\":", "{}", MAX_TRAIL_EVIDENCE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(read_many(rows[i].key, rows[i].item, rows[i].most), 0);
        assert_int_equal(read_many(rows[i].key, rows[i].item, rows[i].most + 1), -1);
    }
}

static void short_of_memory_nothing_is_read_and_nothing_leaks(void **state)
{
    struct answer *answer = fixture_explained();
    struct buffer json;
    bool failed = true;

    (void)state;
    buffer_init(&json, MAX_RESPONSE_BYTES);
    buffer_append_string(&json, rendered(FORMAT_JSON, answer, true));
    for (int nth = 1; failed; nth++) {
        struct answer_draft draft;
        struct error error;
        bool stale;
        scarce_begin(nth);
        int result = render_read_json(buffer_bytes(&json), &draft, &stale, &error);
        failed = scarce_end();
        assert_true(result == 0 || failed);
        answer_draft_free(&draft);
    }
    buffer_free(&json);
    answer_free(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_says_it_all),
        cmocka_unit_test(text_shows_the_place_first_and_chains_as_trees),
        cmocka_unit_test(what_is_read_back_prints_the_same_to_the_letter),
        cmocka_unit_test(bad_explanations_are_refused),
        cmocka_unit_test(lists_have_limits),
        cmocka_unit_test(short_of_memory_nothing_is_read_and_nothing_leaks),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
