/* POST /v1/recipients?format=p7c, and bundles by themselves. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "http/bundle.h"
#include "tests/unit/http_play.h"
#include "tests/unit/scarce.h"
#include "x509/describe.h"

#define PROBLEM "application/problem+json"
#define TO(list_) "{\"recipients\":[" list_ "]}"
#define LEFT_OUT "Recipients-Left-Out"

static struct play *play;
static uint16_t port;
static struct buffer response;

static int open_play(void **state)
{
    (void)state;
    buffer_init(&response, 1024 * 1024);
    play = play_open(NULL);
    port = play_port(play);
    return 0;
}

static int close_play(void **state)
{
    (void)state;
    play_close(&play);
    buffer_free(&response);
    return 0;
}

static int post(const char *query, const char *fields, const char *body)
{
    struct buffer request;

    buffer_init(&request, 65536);
    buffer_append_format(&request,
                         "POST /v1/recipients%s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s"
                         "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                         query, fields, strlen(body), body);
    play_exchange(port, buffer_string(&request), request.size, &response);
    buffer_free(&request);
    return play_status(&response);
}

static const char *field(const char *name)
{
    static char value[1024];

    return play_field(&response, name, value, sizeof(value));
}

/* All who are found have the same certificate, so there is one in it. */
static void assert_bundle(const char *left_out)
{
    struct bytes certificate = play_certificate();
    struct buffer wanted;

    buffer_init(&wanted, 65536);
    assert_int_equal(bundle_encode(&certificate, 1, &wanted), 0);
    assert_true(bytes_equal(play_body(&response), buffer_bytes(&wanted)));
    assert_string_equal(field("Content-Type"), "application/pkcs7-mime; smime-type=certs-only");
    assert_string_equal(field("Content-Disposition"), "attachment; filename=\"recipients.p7c\"");
    assert_string_equal(field("Cache-Control"), "no-store");
    assert_string_equal(field("X-Content-Type-Options"), "nosniff");
    if (left_out != NULL) {
        assert_string_equal(field(LEFT_OUT), left_out);
    } else {
        assert_null(strstr(buffer_string(&response), LEFT_OUT));
    }
    buffer_free(&wanted);
}

static void test_whole(void **state)
{
    static const char *const lists[] = {
        TO("\"hit@example.org\""),
        TO("\"hit@example.org\",\"HIT@example.org\",\"hit@example.org\""),
        TO("\"hit@example.org\",\"miss@example.org\",\"redis@example.org\",\"stale@example.org\",\"inline@example.org\""),
        TO("\"miss@example.org\",\"miss1@example.org\",\"hit@example.org\",\"miss@example.org\""),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        assert_int_equal(post("?format=p7c", "", lists[i]), 200);
        assert_bundle(NULL);
        assert_int_equal(post("?format=p7c&partial=1", "", lists[i]), 200);
        assert_bundle(NULL);
        assert_int_equal(post("", "Accept: application/pkcs7-mime\r\n", lists[i]), 200);
        assert_bundle(NULL);
    }
}

static const char *member(const json_t *list, size_t index, const char *key)
{
    const char *value = json_string_value(json_object_get(json_array_get(list, index), key));

    return value != NULL ? value : "";
}

/* Status, and of whom. */
static void assert_lacking(int status, const char *const (*wanted)[2], size_t count)
{
    struct bytes body = play_body(&response);
    json_t *root = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(root);
    assert_string_equal(field("Content-Type"), PROBLEM);
    assert_string_equal(field("Cache-Control"), "no-store");
    assert_string_equal(field("Vary"), "Accept");
    assert_int_equal(play_status(&response), status);
    assert_int_equal(json_integer_value(json_object_get(root, "status")), status);
    const char *wait_s = field("Retry-After");
    assert_int_equal(status == 503, wait_s != NULL && atoi(wait_s) > 0);
    assert_int_equal(json_object_size(root), 6);
    assert_string_equal(json_string_value(json_object_get(root, "type")),
                        status == 503 ? "/problems/unknown" : "/problems/recipients-without-certificate");
    assert_non_null(strstr(json_string_value(json_object_get(root, "instance")), field("Request-Id")));
    assert_true(json_string_length(json_object_get(root, "title")) > 0);
    assert_true(json_string_length(json_object_get(root, "detail")) > 0);
    const json_t *list = json_object_get(root, "recipients");
    assert_true(json_is_array(list));
    assert_int_equal(json_array_size(list), count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(member(list, i, "address"), wanted[i][0]);
        assert_string_equal(member(list, i, "status"), wanted[i][1]);
        assert_string_equal(member(list, i, "certificate"), "");
    }
    json_decref(root);
}

static void test_somebody_lacks_one(void **state)
{
    static const char list[] = TO("\"none@example.org\",\"hit@example.org\",\"no\\u0022body\",\"miss@example.org\","
                                  "\"gone@example.org\",\"none@example.org\"");
    static const char *const lacking[][2] = {{"none@example.org", "none"},
                                             {"no\"body", "invalid_address"},
                                             {"gone@example.org", "expired"},
                                             {"none@example.org", "none"}};

    (void)state;
    for (int again = 0; again <= 1; again++) {
        post("?format=p7c", "", list);
        assert_lacking(409, lacking, 4);
        post("?format=p7c&partial=0", "", list);
        assert_lacking(409, lacking, 4);
        assert_int_equal(post("?format=p7c&partial=1", "", list), 200);
        assert_bundle("4");
        assert_int_equal(post("?partial=true&format=p7c", "", list), 200);
        assert_bundle("4");
    }
}

/* Who cannot be told of is left out by nobody. */
static void test_somebody_is_unknown(void **state)
{
    static const char *const lists[] = {
        TO("\"hit@example.org\",\"down@example.org\",\"none@example.org\""),
        TO("\"hit@example.org\",\"late@example.org\",\"none@example.org\""),
        TO("\"broken@example.org\",\"none@example.org\""),
    };
    static const char *const lacking[][2][2] = {
        {{"down@example.org", "unknown"}, {"none@example.org", "none"}},
        {{"late@example.org", "unknown"}, {"none@example.org", "none"}},
        {{"broken@example.org", "unknown"}, {"none@example.org", "none"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        post("?format=p7c", "", lists[i]);
        assert_lacking(503, lacking[i], 2);
        post("?format=p7c&partial=1", "", lists[i]);
        assert_lacking(503, lacking[i], 2);
    }
}

static void test_nobody_has_one(void **state)
{
    static const char *const lacking[][2] = {{"none@example.org", "none"}, {"gone@example.org", "expired"}};

    (void)state;
    post("?format=p7c&partial=1", "", TO("\"none@example.org\",\"gone@example.org\""));
    assert_lacking(409, lacking, 2);
    post("?format=p7c", "", TO(""));
    assert_lacking(409, NULL, 0);
    post("?format=p7c&partial=1", "", TO(""));
    assert_lacking(409, NULL, 0);
}

static void test_what_is_asked_for(void **state)
{
    static const struct {
        const char *query, *fields;
        int status;
        const char *type;
    } rows[] = {
        {"", "", 200, "application/json"},
        {"?format=json", "", 200, "application/json"},
        {"?format=json&partial=1", "", 200, "application/json"},
        {"", "Accept: */*\r\n", 200, "application/json"},
        {"", "Accept: application/json\r\n", 200, "application/json"},
        {"?format=json", "Accept: application/pkcs7-mime\r\n", 200, "application/json"},
        {"", "Accept: application/pkcs7-mime;q=0.2, application/json;q=0.1\r\n", 200,
         "application/pkcs7-mime; smime-type=certs-only"},
        {"?format=der", "", 406, PROBLEM},
        {"?format=vcard", "", 406, PROBLEM},
        {"", "Accept: text/html\r\n", 406, PROBLEM},
        {"?format=p7", "", 400, PROBLEM},
        {"?format=", "", 400, PROBLEM},
        {"?format=p7c&format=p7c", "", 400, PROBLEM},
        {"?format=p7c&partial=2", "", 400, PROBLEM},
        {"?format=p7c&partial", "", 400, PROBLEM},
        {"?format=p7c&partial=1&partial=1", "", 400, PROBLEM},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = post(rows[i].query, rows[i].fields, TO("\"hit@example.org\""));
        if (status != rows[i].status || strcmp(field("Content-Type"), rows[i].type) != 0) {
            fail_msg("%s %s: want %d %s, got %s", rows[i].query, rows[i].fields, rows[i].status, rows[i].type,
                     buffer_string(&response));
        }
    }
    assert_int_equal(post("?format=p7c", "", "{"), 400);
}

/* A certificate with so much behind it that it is another one, and its answer. */
static struct answer *answer_number(unsigned number)
{
    uint8_t der[8] = {0x30, 0x06, 0x04, 0x04};
    struct certificate certificate = {.source = {"corp", "", ATTRIBUTE_USER_CERTIFICATE, 0, ""}, .detail = "",
                                      .reason = REASON_USABLE};
    struct answer_draft draft = {.outcome = OUTCOME_FOUND, .reason = REASON_USABLE, .certificates = &certificate,
                                 .certificate_count = 1, .usable_count = 1};

    memcpy(der + 4, &number, 4);
    certificate.value = certificate.der = blob_new(bytes_of(der, sizeof(der)));
    struct answer *answer = answer_make(&draft);
    blob_free(&certificate.value);
    assert_non_null(answer);
    return answer;
}

/* As many as there is room for: each once, whatever the order. */
static void test_many_certificates(void **state)
{
    enum { MANY = 1000 };
    struct bundle *bundle = bundle_new(MANY);
    struct buffer out;

    (void)state;
    assert_non_null(bundle);
    for (int again = 0; again <= 1; again++) {
        for (unsigned number = 0; number < 2 * MANY; number++) {
            struct answer *answer = answer_number(number % MANY);
            bundle_add(bundle, answer);
            answer_free(&answer);
        }
        assert_int_equal(bundle_count(bundle), MANY);
        buffer_init(&out, 65536);
        assert_int_equal(bundle_render(bundle, &out), 0);
        for (uint32_t number = 0; number < MANY; number++) {
            uint8_t der[8] = {0x30, 0x06, 0x04, 0x04};
            memcpy(der + 4, &number, 4);
            assert_non_null(memmem(out.data, out.size, der, sizeof(der)));
        }
        assert_in_range(out.size, 8 * MANY, bundle_bytes(bundle));
        assert_in_range(bundle_bytes(bundle), out.size, out.size + 128);
        buffer_free(&out);
        buffer_init(&out, 8 * MANY);
        assert_int_equal(bundle_render(bundle, &out), -1);
        buffer_free(&out);
        bundle_clear(bundle);
        assert_int_equal(bundle_count(bundle), 0);
    }
    bundle_free(&bundle);
    bundle_free(&bundle);
}

static void test_without_memory(void **state)
{
    struct bundle *bundle = NULL;

    (void)state;
    for (int nth = 1; bundle == NULL; nth++) {
        scarce_begin(nth);
        bundle = bundle_new(3);
        assert_int_equal(scarce_end(), bundle == NULL);
        assert_in_range(nth, 1, 3);
    }
    struct answer *answer = answer_number(1);
    bundle_add(bundle, answer);
    answer_free(&answer);
    for (int nth = 1, result = -1; result != 0; nth++) {
        struct buffer out;

        buffer_init(&out, 1024);
        scarce_begin(nth);
        result = bundle_render(bundle, &out);
        assert_int_equal(scarce_end(), result != 0);
        assert_in_range(nth, 1, 3);
        buffer_free(&out);
    }
    bundle_free(&bundle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_somebody_lacks_one),
        cmocka_unit_test(test_somebody_is_unknown),
        cmocka_unit_test(test_nobody_has_one),
        cmocka_unit_test(test_what_is_asked_for),
        cmocka_unit_test(test_many_certificates),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, open_play, close_play);
}
