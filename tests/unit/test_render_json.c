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

static char *json_of(struct answer *answer, const struct render_options *options)
{
    struct buffer out;
    size_t size;

    buffer_init(&out, 1 << 20);
    assert_int_equal(render(FORMAT_JSON, answer, options, &out), 0);
    answer_free(&answer);
    return (char *)buffer_take(&out, &size);
}

static void none_and_unknown_say_why(void **state)
{
    (void)state;
    char *none = json_of(fixture_none(), NULL), *unknown = json_of(fixture_unknown(), NULL);

    assert_string_equal(none,
        "{\"address\":\"bob@xn--bcher-kva.example\",\"display\":\"bob@b\xc3\xbc" "cher.example\",\"outcome\":\"none\","
        "\"reason\":\"no_entry\",\"reason_text\":\"no directory has an entry with this address\","
        "\"certificates\":[],\"partial\":false,\"stale\":false,"
        "\"made_at\":\"2027-01-15T08:00:00Z\",\"fresh_until\":\"2027-01-15T09:00:00Z\"}");
    assert_non_null(strstr(unknown, "\"outcome\":\"unknown\",\"reason\":\"directory_unavailable\""));
    assert_non_null(strstr(unknown, "\"retry_after_s\":7"));
    assert_null(strstr(unknown, "directories\""));
    free(none);
    free(unknown);
}

static void members_keep_their_order(void **state)
{
    (void)state;
    static const char *const order[] = {
        "{\"address\":\"alice@example.org\"", "\"outcome\":\"found\"", "\"certificates\":[{", "\"certificate\":\"MII",
        "\"fingerprint_sha256\":\"b34e051ca212592dd9ed32328698b5a4f1d3a746f736600af9fab0bee36ac594\"",
        "\"subject\":\"CN=Alice Example,O=Example\"", "\"issuer\":\"CN=Example Root,O=Example\"", "\"serial\":\"1A2B\"",
        "\"not_before\":\"2026-11-23T07:40:21Z\"", "\"not_after\":\"2046-01-22T07:40:21Z\"",
        "\"key\":{\"algorithm\":\"RSA\",\"bits\":2048}", "\"signature\":\"ecdsa-with-SHA256\"",
        "\"key_usage\":[\"keyEncipherment\"]", "\"extended_key_usage\":[\"emailProtection\"]",
        "\"addresses\":[\"alice@example.org\"]", "\"chain\":[\"MII", "\"chain_not_after\":", "\"revocation\":{\"status\":\"good\"",
        "\"next_update\":", "\"source\":{\"directory\":\"corp\"", "\"dn\":\"cn=Alice,dc=example,dc=org\"",
        "\"attribute\":\"userCertificate\",\"index\":2,\"mails\":[\"alice@example.org\",\"a.example@example.org\"]}}]", "\"partial\":false", "\"stale\":true", "\"made_at\"",
        "\"fresh_until\"", "\"refused\":[{\"reason\":\"revoked\"", "\"reason_text\":", "\"activesync_status\":13",
        "\"curve\":\"P-256\"", "\"awaited\":true", "\"revoked_at\"", "\"crl_reason\":\"keyCompromise\"", "\"reason\":\"expired\"",
        "\"reason\":\"malformed\"", "\"attribute\":\"userSMIMECertificate\"", "\"value\":\"G1sySmdhcmJhZ2U=\"",
        "\"directories\":[{\"name\":\"corp\",\"result\":\"answered\",\"duration_ms\":12,\"entries\":1,\"values\":4}]",
        "\"layer\":\"redis\"", "\"policy\":\"0000",
    };
    static const struct render_options options = {.explain = true, .stale = true, .layer = "redis"};
    char *json = json_of(fixture_found(), &options);
    const char *at = json;

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const char *next = strstr(at, order[i]);
        if (next == NULL) {
            print_error("%s is not behind its predecessor in\n%s\n", order[i], json);
        }
        assert_non_null(next);
        at = next;
    }
    free(json);
}

static void only_an_explanation_shows_the_refused(void **state)
{
    (void)state;
    char *json = json_of(fixture_found(), NULL);

    assert_null(strstr(json, "refused"));
    assert_null(strstr(json, "expired"));
    assert_null(strstr(json, "\"layer\""));
    assert_null(strstr(json, "\"mails\""));
    assert_null(strstr(json, "\"policy\""));
    free(json);
}

static void nothing_in_it_harms(void **state)
{
    (void)state;
    static const struct render_options options = {.explain = true};
    char *json = json_of(fixture_found(), &options);

    for (const char *c = json; *c != '\0'; c++) {
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        assert_false((unsigned char)c[0] == 0xc2 && (unsigned char)c[1] < 0xa0);
    }
    assert_non_null(strstr(json, "\xef\xbf\xbd"));
    free(json);
}

static void it_reads_back_as_it_was(void **state)
{
    (void)state;
    static const struct render_options options = {.explain = true, .stale = true};
    struct answer *(*const makers[])(void) = {fixture_found, fixture_none, fixture_unknown};

    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        char *before = json_of(makers[i](), &options);
        struct answer_draft draft;
        struct error error;
        bool stale = false;
        assert_int_equal(render_read_json(bytes_of_string(before), &draft, &stale, &error), 0);
        assert_true(stale);
        struct answer *answer = answer_make(&draft);
        answer_draft_free(&draft);
        char *after = json_of(answer, &options);
        assert_string_equal(before, after);
        free(before);
        free(after);
    }
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    static const struct render_options options = {.explain = true};
    struct answer *answer = fixture_found();
    struct buffer out;
    int result = -1, failures = 0;

    buffer_init(&out, 1 << 20);
    for (int nth = 1; result != 0; nth++) {
        buffer_clear(&out);
        scarce_begin(nth);
        result = render(FORMAT_JSON, answer, &options, &out);
        bool failed = scarce_end();
        assert_true(failed || result == 0);
        failures += failed;
        /* A certificate that cannot be described for want of memory must not look as if it said nothing of itself. */
        assert_true(result != 0 || !failed || strstr(buffer_string(&out), "CN=Alice Example") != NULL);
    }
    assert_true(failures > 3);
    buffer_free(&out);
    answer_free(&answer);
}

static void a_problem_has_what_was_given(void **state)
{
    (void)state;
    static const struct {
        struct problem problem;
        const char *want;
    } rows[] = {
        {{404, "No usable certificate", "the \"time\" is over", "expired", "a@b.example", "/problems/x", "#y"},
         "{\"type\":\"/problems/x\",\"title\":\"No usable certificate\",\"status\":404,"
         "\"detail\":\"the \\\"time\\\" is over\",\"instance\":\"#y\",\"reason\":\"expired\",\"address\":\"a@b.example\"}"},
        {{400, "Bad request", NULL, NULL, NULL}, "{\"type\":\"about:blank\",\"title\":\"Bad request\",\"status\":400}"},
        {{400, "Bad request", "\xff\033", NULL, NULL},
         "{\"type\":\"about:blank\",\"title\":\"Bad request\",\"status\":400,\"detail\":\"\xef\xbf\xbd\\u001B\"}"},
    };
    struct buffer out;

    buffer_init(&out, 1000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        buffer_clear(&out);
        assert_int_equal(render_problem(&rows[i].problem, &out), 0);
        assert_string_equal(buffer_string(&out), rows[i].want);
    }
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_and_unknown_say_why),
        cmocka_unit_test(members_keep_their_order),
        cmocka_unit_test(only_an_explanation_shows_the_refused),
        cmocka_unit_test(nothing_in_it_harms),
        cmocka_unit_test(it_reads_back_as_it_was),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(a_problem_has_what_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
