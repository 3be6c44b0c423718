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

static int read_text(struct bytes json, struct error *error)
{
    struct answer_draft draft;
    bool stale = true;

    int result = render_read_json(json, &draft, &stale, error);
    if (result != 0) {
        assert_null(draft.certificates);
        assert_int_equal(draft.certificate_count, 0);
    }
    answer_draft_free(&draft);
    return result;
}

#define NONE "\"address\":\"a@b.example\",\"outcome\":\"none\",\"reason\":\"no_entry\""
#define FOUND "\"address\":\"a@b.example\",\"outcome\":\"found\""

static void what_is_no_answer_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *words; /* somewhere in the error */
    } rows[] = {
        {"", "empty"},
        {"<html><body>404</body></html>", "not JSON"},
        {"null", "not JSON"},
        {"[]", "not a JSON object"},
        {"{}", "address"},
        {"{" NONE "} x", "not JSON"},
        {"{" NONE, "not JSON"},
        {"{" NONE ",\"outcome\":\"found\"}", "duplicate"},
        {"{\"address\":7}", "address"},
        {"{\"address\":\"nobody\"}", "address"},
        {"{\"address\":\"a@b.example\\u0000\"}", "not JSON"},
        {"{\"address\":\"a@b.example\"}", "outcome"},
        {"{\"address\":\"a@b.example\",\"outcome\":\"maybe\"}", "outcome"},
        {"{\"address\":\"a@b.example\",\"outcome\":\"none\"}", "reason"},
        {"{\"address\":\"a@b.example\",\"outcome\":\"none\",\"reason\":\"bad_luck\"}", "bad_luck"},
        {"{\"address\":\"a@b.example\",\"outcome\":\"none\",\"reason\":\"usable\"}", "reason"},
        {"{" FOUND "}", "outcome"},
        {"{" FOUND ",\"certificates\":[]}", "outcome"},
        {"{" FOUND ",\"certificates\":[{}]}", "certificate"},
        {"{" FOUND ",\"certificates\":[7]}", "certificate"},
        {"{" FOUND ",\"certificates\":[{\"value\":\"QQ==\"}]}", "certificate"},
        {"{" FOUND ",\"certificates\":[{\"certificate\":\"Q\"}]}", "base64"},
        {"{" FOUND ",\"certificates\":[{\"certificate\":\"QQ ==\"}]}", "base64"},
        {"{" FOUND ",\"certificates\":[{\"certificate\":[]}]}", "base64"},
        {"{" FOUND ",\"certificates\":[{\"certificate\":null}]}", "base64"},
        {"{" NONE ",\"certificates\":[{\"certificate\":\"QQ==\"}]}", "outcome"},
        {"{" NONE ",\"refused\":[{\"certificate\":\"QQ==\"}]}", "reason"},
        {"{" NONE ",\"refused\":[{\"value\":\"QQ==\",\"reason\":\"usable\"}]}", "reason"},
        {"{" NONE ",\"refused\":[{\"reason\":\"expired\"}]}", "certificate"},
        {"{" NONE ",\"refused\":[{\"value\":\"QQ==\",\"reason\":\"expired\",\"source\":{\"mails\":[\"a@b.c\\nd@e.f\"]}}]}",
         "mails"},
        {"{" NONE ",\"refused\":[{\"value\":\"QQ==\",\"reason\":\"expired\",\"source\":{\"mails\":[7]}}]}", "mails"},
        {"{" NONE ",\"made_at\":0}", "made_at"},
        {"{" NONE ",\"made_at\":\"2026-13-01T00:00:00Z\"}", "made_at"},
        {"{" NONE ",\"made_at\":\"2026-12-01T24:00:00Z\"}", "made_at"},
        {"{" NONE ",\"made_at\":\"2026-12-01 00:00:00Z\"}", "made_at"},
        {"{" NONE ",\"made_at\":\"2026-12-01T00:00:00+01:00\"}", "made_at"},
        {"{" NONE ",\"made_at\":\"-026-12-01T00:00:00Z\"}", "made_at"},
        {"{" NONE ",\"x\":\"\xff\"}", "not JSON"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {""};
        if (read_text(bytes_of_string(rows[i].json), &error) != -1 || strstr(error.text, rows[i].words) == NULL) {
            print_error("%s gives: %s\n", rows[i].json, error.text);
            fail();
        }
    }
}

static void what_it_does_not_know_is_passed_over(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{" NONE "}",
        " \n{" NONE ",\"new\":{\"deep\":[1,2,{}]},\"certificates\":null,\"refused\":\"x\",\"directories\":7}\n",
        "{" NONE ",\"directories\":[{\"name\":\"x\",\"result\":\"dreaming\",\"duration_ms\":-5,\"entries\":99999999999}]}",
        "{" NONE ",\"directories\":[7,null]}",
        "{" NONE ",\"refused\":[{\"value\":\"QQ==\",\"reason\":\"expired\",\"revocation\":{\"status\":\"odd\"},\"source\":3}]}",
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {""};
        if (read_text(bytes_of_string(rows[i]), &error) != 0) {
            print_error("%s gives: %s\n", rows[i], error.text);
            fail();
        }
    }
}

/* `head`, then `unit` so many times, then `tail`. */
static int read_repeated(const char *head, const char *unit, size_t times, const char *tail, struct error *error)
{
    struct buffer json;

    buffer_init(&json, 64 << 20);
    buffer_append_string(&json, head);
    for (size_t i = 0; i < times; i++) {
        buffer_append_string(&json, unit);
    }
    buffer_append_string(&json, tail);
    assert_false(json.failed);
    int result = read_text(buffer_bytes(&json), error);
    buffer_free(&json);
    return result;
}

static void bounds_are_kept(void **state)
{
    (void)state;
    static const struct {
        const char *head, *unit;
        size_t times;
        const char *tail;
        const char *words; /* NULL: within */
    } rows[] = {
        {"{" NONE ",\"x\":", "[", 14, "", "not JSON"},
        {"{" NONE ",\"x\":", "[", 1000000, "", "deeper"},
        {"{" NONE ",\"x\":[0", ",0", 100000, "]}", NULL},
        {"{" NONE ",\"x\":[0", ",0", 5000000, "]}", "parts"},
        {"{" NONE ",\"x\":[\"", "[[{{,", 1000000, "\"]}", NULL},
        {"{" NONE ",\"x\":[\"", "\\\"[", 1000000, "\"]}", NULL},
        {"{" NONE ",\"x\":\"", "0123456789abcdef", 1100000, "\"}", "larger"},
        {"{" FOUND ",\"certificates\":[{\"certificate\":\"QQ==\",\"chain\":[\"QQ==\"", ",\"QQ==\"", 9, "]}]}", NULL},
        {"{" FOUND ",\"certificates\":[{\"certificate\":\"QQ==\",\"source\":{\"mails\":[\"a@b.example\"",
         ",\"a@b.example\"", MAX_ENTRY_MAILS - 1, "]}}]}", NULL},
        {"{" FOUND ",\"certificates\":[{\"certificate\":\"QQ==\",\"source\":{\"mails\":[\"a@b.example\"",
         ",\"a@b.example\"", MAX_ENTRY_MAILS, "]}}]}", "mails"},
        {"{" FOUND ",\"certificates\":[{\"certificate\":\"QQ==\",\"chain\":[\"QQ==\"", ",\"QQ==\"", 10, "]}]}", "chain"},
        {"{" FOUND ",\"certificates\":[{\"certificate\":\"QQ==\"}", ",{\"certificate\":\"QQ==\"}",
         MAX_VALUES * MAX_BUNDLE_CERTIFICATES, "]}", "more than"},
        {"{" NONE ",\"directories\":[{}", ",{}", 63, "]}", NULL},
        {"{" NONE ",\"directories\":[{}", ",{}", 64, "]}", "directories"},
        {"{" FOUND ",\"certificates\":[{\"certificate\":\"", "AAAA", 21845, "\"}]}", NULL},
        {"{" FOUND ",\"certificates\":[{\"certificate\":\"", "AAAA", 21846, "\"}]}", "base64"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {""};
        int result = read_repeated(rows[i].head, rows[i].unit, rows[i].times, rows[i].tail, &error);
        bool good = rows[i].words == NULL ? result == 0 : result == -1 && strstr(error.text, rows[i].words) != NULL;
        if (!good) {
            print_error("%s %zu times: %s\n", rows[i].unit, rows[i].times, error.text);
            fail();
        }
    }
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    static const struct render_options options = {.explain = true};
    struct answer *answer = fixture_found();
    struct buffer json;
    bool failed = true;

    buffer_init(&json, 1 << 20);
    assert_int_equal(render(FORMAT_JSON, answer, &options, &json), 0);
    for (int nth = 1; failed; nth++) {
        scarce_begin(nth);
        int result = read_text(buffer_bytes(&json), NULL);
        failed = scarce_end();
        assert_int_equal(result, failed ? -1 : 0);
    }
    buffer_free(&json);
    answer_free(&answer);
}

static void a_problem_gives_its_words_and_reason(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int want;
        enum reason reason;
        const char *words;
    } rows[] = {
        {"{\"type\":\"/problems/no-certificate\",\"title\":\"No usable certificate\",\"status\":404,\"detail\":\"none\",\"reason\":\"no_entry\"}",
         0, REASON_NO_ENTRY, "No usable certificate: none"},
        {"{\"title\":\"Not found\"}", 0, REASON_UNJUDGED, "Not found"},
        {"{\"title\":\"Not found\",\"reason\":\"novel\",\"detail\":7}", 0, REASON_UNJUDGED, "Not found"},
        {"{}", -1, REASON_UNJUDGED, "not a problem of RFC 9457: no title"},
        {"{\"title\":7}", -1, REASON_UNJUDGED, "not a problem of RFC 9457: no title"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum reason reason = REASON_INTERNAL;
        struct error words;
        assert_int_equal(render_read_problem(bytes_of_string(rows[i].json), &reason, &words), rows[i].want);
        assert_int_equal(reason, rows[i].reason);
        assert_string_equal(words.text, rows[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(what_it_does_not_know_is_passed_over),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(a_problem_gives_its_words_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
