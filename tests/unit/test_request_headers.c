#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "http/headers.h"

/* Fields as "name: value", each ended by '|'. */
static const struct {
    const char *fields;
    bool http_1_0;
    enum framing_fault want;
    size_t max_body; /* that is wanted */
} rows[] = {
    {"Host: a|", false, FRAMING_OK},
    {"host: example.org:8080|ACCEPT: x|", false, FRAMING_OK},
    {"Host: |", false, FRAMING_OK},
    {"Host: [::1]:8080|", false, FRAMING_OK},
    {"", true, FRAMING_OK},
    {"", false, FRAMING_NO_HOST},
    {"Host: a|Host: a|", false, FRAMING_TWO_HOSTS},
    {"Host: a|HOST: b|", true, FRAMING_TWO_HOSTS},
    {"Host: a/b|", false, FRAMING_BAD_HOST},
    {"Host: a b|", false, FRAMING_BAD_HOST},
    {"Host: user@a|", false, FRAMING_BAD_HOST},
    {"Host: a,b|", false, FRAMING_BAD_HOST},
    {"Host: \xc3\xa9|", false, FRAMING_BAD_HOST},
    {"Host: a|Content-Length: 0|", false, FRAMING_OK},
    {"Host: a|Content-Length: 65536|", false, FRAMING_OK},
    {"Host: a|Content-Length: 65537|", false, FRAMING_BODY_TOO_LARGE},
    {"Host: a|Content-Length: 99999999999999999999999999999999|", false, FRAMING_BODY_TOO_LARGE},
    {"Host: a|Content-Length: 000000000000000000000000000005|", false, FRAMING_OK},
    {"Host: a|Content-Length: |", false, FRAMING_BAD_LENGTH},
    {"Host: a|Content-Length: +5|", false, FRAMING_BAD_LENGTH},
    {"Host: a|Content-Length: -5|", false, FRAMING_BAD_LENGTH},
    {"Host: a|Content-Length: 0x5|", false, FRAMING_BAD_LENGTH},
    {"Host: a|Content-Length: 5 |", false, FRAMING_BAD_LENGTH},
    {"Host: a|Content-Length: 5, 5|", false, FRAMING_BAD_LENGTH},
    {"Host: a|Content-Length: 5|Content-Length: 6|", false, FRAMING_TWO_LENGTHS},
    {"Host: a|Content-Length: 5|content-length: 5|", false, FRAMING_TWO_LENGTHS},
    {"Host: a|Content-Length: x|Content-Length: 5|", false, FRAMING_TWO_LENGTHS},
    {"Host: a|Content-Length: 5|Transfer-Encoding: chunked|", false, FRAMING_LENGTH_AND_CODING},
    {"Host: a|Transfer-Encoding: chunked|Content-Length: 5|", true, FRAMING_LENGTH_AND_CODING},
    {"Host: a|Transfer-Encoding: identity|Content-Length: 5|", false, FRAMING_LENGTH_AND_CODING},
    {"Host: a|Transfer-Encoding: chunked|", false, FRAMING_UNKNOWN_LENGTH},
    {"Host: a|Transfer-Encoding: CHUNKED|", false, FRAMING_UNKNOWN_LENGTH},
    {"Host: a|Transfer-Encoding: gzip, chunked|", false, FRAMING_BAD_CODING},
    {"Host: a|Transfer-Encoding: xchunked|", false, FRAMING_BAD_CODING},
    {"Host: a|Transfer-Encoding: \"chunked\"|", false, FRAMING_BAD_CODING},
    {"Host: a|Transfer-Encoding: |", false, FRAMING_BAD_CODING},
    {"Host: a|Transfer-Encoding: chunked|Transfer-Encoding: chunked|", false, FRAMING_BAD_CODING},
    {"Host: a|Content-Length : 5|", false, FRAMING_BAD_NAME},
    {"Host: a|Transfer-Encoding\x0b: chunked|", false, FRAMING_BAD_NAME},
    {"Host: a| Content-Length: 5|", false, FRAMING_BAD_NAME},
    {"Host: a|(x): 5|", false, FRAMING_BAD_NAME},
    {"Host: a|: 5|", false, FRAMING_BAD_NAME},
    {"Host: a|\xc3\xa9: 5|", false, FRAMING_BAD_NAME},
    {"Host: a|X: a\rContent-Length: 5|", false, FRAMING_BAD_VALUE},
    {"Host: a|X: a\nContent-Length: 5|", false, FRAMING_BAD_VALUE},
    {"Host: a|X: \xff\xfe|", false, FRAMING_OK},
    {"Host: a|!#$%&'*+-.^_`~9: 5|", false, FRAMING_OK},
    {"Host: a|Accept: 1|Accept: 2|Accept: 3|Accept: 4|", false, FRAMING_OK},
    {"Host: a|Accept: 1|Accept: 2|Accept: 3|Accept: 4|Accept: 5|", false, FRAMING_TOO_MANY},
    {"Host: a|Content-Length: 9|Content-Type: application/json|", false, FRAMING_OK, 9},
    {"Host: a|Content-Length: 9|Content-Type: Application/JSON; charset=utf-8|", false, FRAMING_OK, 9},
    {"Host: a|Content-Length: 9|Content-Type: application/json ;a=b|", false, FRAMING_OK, 9},
    {"Host: a|Content-Length: 10|Content-Type: application/json|", false, FRAMING_BODY_TOO_LARGE, 9},
    {"Host: a|Content-Length: 2097152|Content-Type: application/json|", false, FRAMING_OK, MAX_BATCH_BODY_BYTES},
    {"Host: a|Content-Length: 2097153|Content-Type: application/json|", false, FRAMING_BODY_TOO_LARGE,
     MAX_BATCH_BODY_BYTES},
    {"Host: a|Content-Length: 99999999999999999999999999999999|Content-Type: application/json|", false,
     FRAMING_BODY_TOO_LARGE, MAX_BATCH_BODY_BYTES},
    {"Host: a|Content-Type: application/json|", false, FRAMING_UNKNOWN_LENGTH, 9},
    {"Host: a|Transfer-Encoding: chunked|Content-Type: application/json|", false, FRAMING_UNKNOWN_LENGTH, 9},
    {"Host: a|Content-Length: 9|", false, FRAMING_NOT_JSON, 9},
    {"Host: a|Content-Length: 9|Content-Type: |", false, FRAMING_NOT_JSON, 9},
    {"Host: a|Content-Length: 9|Content-Type: text/plain|", false, FRAMING_NOT_JSON, 9},
    {"Host: a|Content-Length: 9|Content-Type: application/jsonx|", false, FRAMING_NOT_JSON, 9},
    {"Host: a|Content-Length: 9|Content-Type: application/json, text/plain|", false, FRAMING_NOT_JSON, 9},
    {"Host: a|Content-Length: 9|Content-Type: application/json|Content-Type: application/json|", false,
     FRAMING_NOT_JSON, 9},
    {"Host: a|Content-Length: 9|Content-Type: text/plain|", false, FRAMING_OK},
    {"Host: a|Content-Length: 9|Content-Type: application/json|Content-Encoding: Identity|", false, FRAMING_OK, 9},
    {"Host: a|Content-Length: 9|Content-Type: application/json|Content-Encoding: gzip|", false, FRAMING_ENCODED, 9},
    {"Host: a|Content-Length: 9|Content-Type: application/json|Content-Encoding: |", false, FRAMING_ENCODED, 9},
    {"Host: a|Content-Length: 9|Content-Type: application/json|Content-Encoding: identity, gzip|", false,
     FRAMING_ENCODED, 9},
    {"Host: a|Content-Length: 9|Content-Type: application/json|Content-Encoding: br|Content-Encoding: identity|", false,
     FRAMING_ENCODED, 9},
    {"Host: a|Content-Length: 9|Content-Encoding: gzip|", false, FRAMING_OK},
};

static void add_all(struct headers *headers, const char *fields)
{
    headers_init(headers);
    while (*fields != '\0') {
        size_t size = strcspn(fields, "|");
        const char *colon = memchr(fields, ':', size);
        size_t name_size = colon != NULL ? (size_t)(colon - fields) : size;
        size_t skip = colon != NULL ? name_size + 2 : size;
        headers_add(headers, bytes_of(fields, name_size), bytes_of(fields + skip, size - skip));
        fields += size + 1;
    }
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct headers headers;
        add_all(&headers, rows[i].fields);
        enum framing_fault fault = headers_check(&headers, !rows[i].http_1_0, rows[i].max_body);
        if (fault != rows[i].want) {
            fail_msg("\"%s\": got %d, %s", rows[i].fields, (int)fault, framing_fault_text(fault));
        }
    }
}

static void test_nul_in_value(void **state)
{
    struct headers headers;

    (void)state;
    headers_init(&headers);
    headers_add(&headers, bytes_of_string("Host"), bytes_of("a\0b", 3));
    assert_int_equal(headers_check(&headers, true, 0), FRAMING_BAD_VALUE);
}

static void test_what_is_kept(void **state)
{
    struct headers headers;

    (void)state;
    add_all(&headers, "Host: a|Authorization: Bearer x|If-None-Match: \"1\"|if-none-match: \"2\"|Accept: b/c|");
    assert_false(headers.forwarded);
    assert_int_equal(headers.authorizations, 1);
    assert_true(bytes_equal(headers.authorization, bytes_of_string("Bearer x")));
    assert_int_equal(headers.if_none_match.count, 2);
    assert_true(bytes_equal(headers.if_none_match.values[1], bytes_of_string("\"2\"")));
    assert_true(bytes_equal(headers.accept.values[0], bytes_of_string("b/c")));
    assert_int_equal(headers.origins, 0);
    assert_false(headers.preflight);
    add_all(&headers, "Host: a|origin: https://a.example|Origin: null|access-control-request-method: GET|");
    assert_int_equal(headers.origins, 2);
    assert_true(bytes_equal(headers.origin, bytes_of_string("null")));
    assert_true(headers.preflight);
    add_all(&headers, "Host: a|X-Forwarded-For: 192.0.2.1|");
    assert_true(headers.forwarded);
    add_all(&headers, "Host: a|forwarded: for=192.0.2.1|");
    assert_true(headers.forwarded);
    add_all(&headers, "Host: a|Via: 1.1 proxy|");
    assert_true(headers.forwarded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_nul_in_value),
        cmocka_unit_test(test_what_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
