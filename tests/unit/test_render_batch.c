#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "render/batch.h"
#include "render/purge.h"
#include "tests/unit/http_play.h"
#include "tests/unit/scarce.h"

/* Each reason once: what it means under an outcome none, and under unknown. */
static const struct {
    enum reason reason;
    const char *none, *unknown;
} reasons[] = {
    {REASON_MALFORMED, "none", "unknown"},
    {REASON_NOT_ENCRYPTION_CAPABLE, "no_encryption_usage", "unknown"},
    {REASON_ADDRESS_MISMATCH, "address_mismatch", "unknown"},
    {REASON_WRONG_KEY_USAGE, "no_encryption_usage", "unknown"},
    {REASON_WRONG_EXTENDED_KEY_USAGE, "no_encryption_usage", "unknown"},
    {REASON_UNKNOWN_CRITICAL_EXTENSION, "untrusted", "unknown"},
    {REASON_WEAK_KEY, "untrusted", "unknown"},
    {REASON_WEAK_SIGNATURE, "untrusted", "unknown"},
    {REASON_UNTRUSTED, "untrusted", "unknown"},
    {REASON_BAD_CHAIN, "untrusted", "unknown"},
    {REASON_CHAIN_EXPIRED, "expired", "unknown"},
    {REASON_DENIED, "untrusted", "unknown"},
    {REASON_REVOCATION_UNKNOWN, "untrusted", "unknown"},
    {REASON_ISSUER_REVOKED, "revoked", "unknown"},
    {REASON_NOT_YET_VALID, "expired", "unknown"},
    {REASON_EXPIRED, "expired", "unknown"},
    {REASON_REVOKED, "revoked", "unknown"},
    {REASON_NO_DIRECTORY, "none", "unknown"},
    {REASON_NO_ENTRY, "none", "unknown"},
    {REASON_NO_CERTIFICATE, "none", "unknown"},
    {REASON_DIRECTORY_UNAVAILABLE, "unknown", "unknown"},
    {REASON_DIRECTORY_TIMEOUT, "unknown", "unknown"},
    {REASON_DIRECTORY_LIMIT, "unknown", "unknown"},
    {REASON_DEADLINE, "unknown", "unknown"},
    {REASON_OVERLOADED, "limit", "limit"},
    {REASON_CLIENT_LIMIT, "limit", "limit"},
    {REASON_BACKING_OFF, "unknown", "unknown"},
    {REASON_SHUTTING_DOWN, "unknown", "unknown"},
    {REASON_INTERNAL, "unknown", "unknown"},
};

static void status_is(const struct answer *answer, const char *want)
{
    char member[64];
    struct buffer out;

    buffer_init(&out, 65536);
    render_recipient(answer, answer->reason, false, bytes_of_string("a@example.org"), &out);
    snprintf(member, sizeof(member), ",\"status\":\"%s\",", want);
    assert_non_null(strstr(buffer_string(&out), member));
    buffer_free(&out);
}

static void test_statuses(void **state)
{
    (void)state;
    assert_int_equal(sizeof(reasons) / sizeof(reasons[0]), REASON_COUNT - 2); /* but unjudged and usable */
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        struct answer answer = {.outcome = OUTCOME_NONE, .reason = reasons[i].reason};
        status_is(&answer, reasons[i].none);
        answer.outcome = OUTCOME_UNKNOWN;
        status_is(&answer, reasons[i].unknown);
        answer.outcome = OUTCOME_FOUND;
        status_is(&answer, "ok");
    }
}

static void test_words_of_recipients(void **state)
{
    struct answer *none = play_answer("a@b\xc3\xbc" "cher.example", OUTCOME_NONE, REASON_REVOKED, "", 60);
    struct answer *unknown = play_answer("a@example.org", OUTCOME_UNKNOWN, REASON_DEADLINE, "", 60);
    struct bytes sent = bytes_of_string("x\"\\\n\xc3\xbc");
    struct buffer out;

    (void)state;
    buffer_init(&out, 65536);
    render_recipient(none, none->reason, true, sent, &out);
    assert_non_null(strstr(buffer_string(&out), "{\"address\":\"a@xn--bcher-kva.example\",\"display\":\"a@b\xc3\xbc"
                           "cher.example\",\"status\":\"revoked\",\"reason\":\"revoked\",\"reason_text\":\"the "
                           "certificate was revoked\",\"fresh_until\":\""));
    assert_non_null(strstr(buffer_string(&out), "\",\"partial\":false,\"stale\":true}"));
    buffer_clear(&out);
    render_recipient(unknown, unknown->reason, false, sent, &out);
    assert_string_equal(buffer_string(&out), "{\"address\":\"a@example.org\",\"status\":\"unknown\",\"reason\":"
                        "\"deadline\",\"reason_text\":\"the lookup took too long\",\"retry_after_s\":7}");
    buffer_clear(&out);
    render_recipient(answer_internal_error(), REASON_INTERNAL, false, sent, &out);
    assert_non_null(strstr(buffer_string(&out), "{\"address\":\"x\\\"\\\\\\n\xc3\xbc\",\"status\":\"unknown\""));
    buffer_clear(&out);
    render_recipient_untold(sent, REASON_OVERLOADED, 1, &out);
    assert_string_equal(buffer_string(&out), "{\"address\":\"x\\\"\\\\\\n\xc3\xbc\",\"status\":\"limit\",\"reason\":"
                        "\"overloaded\",\"reason_text\":\"too many lookups are under way\",\"retry_after_s\":1}");
    buffer_clear(&out);
    render_recipient_invalid(sent, "why", &out);
    assert_string_equal(buffer_string(&out), "{\"address\":\"x\\\"\\\\\\n\xc3\xbc\",\"status\":\"invalid_address\","
                        "\"reason_text\":\"why\"}");
    buffer_free(&out);
    answer_free(&none);
    answer_free(&unknown);
}

/* Plain ones are views into the text; others were made, and end up behind the array. */
static void test_both_ways_of_reading(void **state)
{
    static const char *const texts[] = {
        "{\"recipients\":[\"a@example.org\",\"\",\"b@example.org\"]}",
        "{\"recipients\":[\"a\\u0040example.org\",\"\",\"b@example\\u002eorg\"]}",
    };
    struct recipient_list list;
    struct error error;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bytes json = bytes_of_string(texts[i]);
        assert_int_equal(render_read_recipients(json, 3, &list, &error), RECIPIENTS_OK);
        assert_int_equal(list.count, 3);
        assert_true(bytes_equal(list.texts[0], bytes_of_string("a@example.org")));
        assert_int_equal(list.texts[1].size, 0);
        assert_true(bytes_equal(list.texts[2], bytes_of_string("b@example.org")));
        bool views = list.texts[0].data > json.data && list.texts[0].data < json.data + json.size;
        assert_int_equal(views, i == 0);
        recipient_list_free(&list);
        assert_int_equal(render_read_recipients(json, 2, &list, &error), RECIPIENTS_TOO_MANY);
        recipient_list_free(&list);
    }
}

static void test_scarce_memory(void **state)
{
    static const char text[] = "{\"recipients\":[\"a\\u0040example.org\"]}";
    struct recipient_list list;
    struct error error;
    enum recipients_fault fault;
    int failed = 0;

    (void)state;
    for (int nth = 1; scarce_begin(nth), fault = render_read_recipients(bytes_of_string(text), 9, &list, &error),
             scarce_end(); nth++) {
        assert_int_equal(fault, RECIPIENTS_NO_MEMORY);
        recipient_list_free(&list);
        failed++;
    }
    assert_int_equal(fault, RECIPIENTS_OK);
    assert_int_equal(failed, 2);
    recipient_list_free(&list);
}

/* What a person names. */
static const struct {
    const char *text;
    int what; /* -1: nothing */
    const char *name;
} names[] = {
    {"all", DROP_ALL, "true"},
    {"Alice@Example.ORG", DROP_ADDRESS, "alice@example.org"},
    {"\"alice\"@example.org", DROP_ADDRESS, "alice@example.org"},
    {"example.org", DROP_DOMAIN, "example.org"},
    {"Example.ORG.", DROP_DOMAIN, "example.org"},
    {"b\xc3\xbc" "cher.example", DROP_DOMAIN, "xn--bcher-kva.example"},
    {"ALL", -1, NULL},
    {"", -1, NULL},
    {"example", -1, NULL},
    {"*", -1, NULL},
    {"*.example.org", -1, NULL},
    {"a b.example.org", -1, NULL},
    {"-a.example.org", -1, NULL},
    {"example.org\n", -1, NULL},
    {"\xff.example.org", -1, NULL},
    {"@example.org", -1, NULL},
    {"alice@", -1, NULL},
    {"alice@*", -1, NULL},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct drop drop;
        struct error error = {""};
        int result = drop_parse_any(names[i].text, &drop, &error);
        if ((result == 0) != (names[i].what >= 0)) {
            fail_msg("\"%s\": %d, %s", names[i].text, result, error.text);
        }
        if (result == 0) {
            assert_int_equal(drop.what, names[i].what);
            assert_string_equal(drop_text(&drop), names[i].name);
        } else {
            assert_true(error.text[0] != '\0');
        }
    }
    char long_name[4096];
    struct drop drop;
    struct error error;
    memset(long_name, 'a', sizeof(long_name));
    memcpy(long_name + sizeof(long_name) - 5, ".org", 5);
    assert_int_equal(drop_parse_any(long_name, &drop, &error), -1);
}

static void test_purge_and_back(void **state)
{
    static const char *const whats[] = {"all", "alice@example.org", "example.org"};
    struct buffer out;

    (void)state;
    buffer_init(&out, 4096);
    for (size_t i = 0; i < 3; i++) {
        struct drop drop, again;
        struct error error;
        int64_t dropped = 0;
        buffer_clear(&out);
        assert_int_equal(drop_parse_any(whats[i], &drop, &error), 0);
        assert_int_equal(render_purge(&drop, &out), 0);
        assert_int_equal(render_read_purge(buffer_bytes(&out), &again, &error), 0);
        assert_int_equal(again.what, drop.what);
        assert_string_equal(drop_text(&again), drop_text(&drop));
        assert_int_equal(render_read_purged(buffer_bytes(&out), &dropped, &error), -1);
        buffer_clear(&out);
        assert_int_equal(render_purged(&drop, 12345678901, &out), 0);
        assert_int_equal(render_read_purged(buffer_bytes(&out), &dropped, &error), 0);
        assert_int_equal(dropped, 12345678901);
        assert_int_equal(render_read_purge(buffer_bytes(&out), &again, &error), -1);
    }
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_words_of_recipients),
        cmocka_unit_test(test_both_ways_of_reading),
        cmocka_unit_test(test_scarce_memory),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_purge_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
