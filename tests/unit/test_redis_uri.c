#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cache/redis_private.h"
#include "tests/unit/scarce.h"

static void takes_good_ones(void **state)
{
    static const struct {
        const char *uri;
        struct endpoint want;
        const char *shown;
    } cases[] = {
        {"redis://localhost", {"localhost", "", "", "", NULL, 6379, 0, false}, "localhost:6379"},
        {"redis://localhost/", {"localhost", "", "", "", NULL, 6379, 0, false}, "localhost:6379"},
        {"REDIS://10.0.0.1:7000/15", {"10.0.0.1", "", "", "", NULL, 7000, 15, false}, "10.0.0.1:7000"},
        {"redis://[::1]", {"::1", "", "", "", NULL, 6379, 0, false}, "[::1]:6379"},
        {"redis://[2001:db8::1]:7000/2", {"2001:db8::1", "", "", "", NULL, 7000, 2, false}, "[2001:db8::1]:7000"},
        {"redis://:secret@h", {"h", "", "", "secret", NULL, 6379, 0, false}, "h:6379"},
        {"redis://alice@h", {"h", "", "alice", "", NULL, 6379, 0, false}, "h:6379"},
        {"redis://alice:@h", {"h", "", "alice", "", NULL, 6379, 0, false}, "h:6379"},
        {"redis://a%3Ab:%40%3a%2F%25x:y@h:1/1", {"h", "", "a:b", "@:/%x:y", NULL, 1, 1, false}, "h:1"},
        {"redis+unix:///run/redis.sock", {"", "/run/redis.sock", "", "", NULL, 0, 0, false}, "/run/redis.sock"},
        {"redis+unix:///run/a%20b?db=4", {"", "/run/a b", "", "", NULL, 0, 4, false}, "/run/a b"},
        {"rediss://redis.example.org", {"redis.example.org", "", "", "", NULL, 6379, 0, true},
         "redis.example.org:6379"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct endpoint *want = &cases[i].want;
        struct endpoint endpoint;
        struct error error = {""};

        if (endpoint_parse(cases[i].uri, &endpoint, &error) != 0) {
            fail_msg("%s: %s", cases[i].uri, error.text);
        }
        assert_string_equal(endpoint.host, want->host);
        assert_string_equal(endpoint.path, want->path);
        assert_string_equal(endpoint.username, want->username);
        assert_string_equal(endpoint.password, want->password);
        assert_string_equal(endpoint.shown, cases[i].shown);
        assert_int_equal(endpoint.port, want->port);
        assert_int_equal(endpoint.database, want->database);
        assert_int_equal(endpoint.tls, want->tls);
        endpoint_free(&endpoint);
    }
}

static void refuses_bad_ones(void **state)
{
    static const struct {
        const char *uri, *want;
    } cases[] = {
        {"", "does not begin with"},
        {"localhost:6379", "does not begin with"},
        {"http://localhost", "does not begin with"},
        {"redis:/localhost", "does not begin with"},
        {"unix:///run/redis.sock", "does not begin with"},
        {"redis://", "host"},
        {"redis:///0", "host"},
        {"redis://:6379", "host"},
        {"redis://h:0", "is not a host with a port"},
        {"redis://h:65536", "port"},
        {"redis://h:x", "port"},
        {"redis://h:", "port"},
        {"redis://h:1:2", ""},
        {"redis://::1", ""},
        {"redis://[::1", ""},
        {"redis://[::1]x", ""},
        {"redis://[h]", ""},
        {"redis://h_*", ""},
        {"redis://h/x", "not the number of a database"},
        {"redis://h/-1", "not the number of a database"},
        {"redis://h/1/2", "not the number of a database"},
        {"redis://h/99999999999999999999", "not the number of a database"},
        {"redis://h?db=1", "'?'"},
        {"redis://h/1?x", "'?'"},
        {"redis://h#x", "'#'"},
        {"redis://h h", "a space"},
        {"redis://h\n", "a control character"},
        {"redis://b\xc3\xbc" "cher.example", "outside ASCII"},
        {"redis://:hush@hush@h", "written %40"},
        {"redis://:hush%@h", "two hexadecimal digits"},
        {"redis://:hush%4@h", "two hexadecimal digits"},
        {"redis://:hush%zz@h", "two hexadecimal digits"},
        {"redis://:hush%00@h", "a NUL"},
        {"redis://a%00:hush@h", "a NUL"},
        {"redis+unix://h/run/redis.sock", "absolute path"},
        {"redis+unix://", "absolute path"},
        {"redis+unix:///", "absolute path"},
        {"redis+unix:///run/r?db=", "only ?db=n"},
        {"redis+unix:///run/r?x=1", "only ?db=n"},
        {"redis+unix:///run/r%00", "a NUL"},
        {"redis+unix:///aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "over 107 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct endpoint endpoint;
        struct error error = {""};

        if (endpoint_parse(cases[i].uri, &endpoint, &error) == 0) {
            fail_msg("%s was taken", cases[i].uri);
        }
        if (strncmp(error.text, "uri: ", 5) != 0 || strstr(error.text, cases[i].want) == NULL) {
            fail_msg("%s: want \"%s\", got \"%s\"", cases[i].uri, cases[i].want, error.text);
        }
        assert_null(strstr(error.text, "hush"));
        assert_null(endpoint.host);
    }
}

static void refuses_an_overlong_one(void **state)
{
    char uri[3000] = "redis://";
    struct endpoint endpoint;
    struct error error;

    (void)state;
    memset(uri + 8, 'h', sizeof(uri) - 9);
    assert_int_equal(endpoint_parse(uri, &endpoint, &error), -1);
    assert_string_equal(error.text, "uri: is over 1024 bytes");
}

static void checks_settings(void **state)
{
    static const struct {
        struct shared_config config;
        const char *want;
    } cases[] = {
        {{.uri = "redis://h", .timeout_ms = 1, .max_queued = 1}, ""},
        {{.uri = "redis://h", .timeout_ms = 0, .max_queued = 1}, "timeout: "},
        {{.uri = "redis://h", .timeout_ms = 1, .max_queued = 0}, "queue: "},
        {{.uri = "x", .timeout_ms = 1, .max_queued = 1}, "uri: "},
    };
    const struct shared_config tls = {.uri = "rediss://h", .timeout_ms = 1, .max_queued = 1};
    struct error error = {""};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        error.text[0] = '\0';
        assert_int_equal(shared_config_check(&cases[i].config, &error), *cases[i].want != '\0' ? -1 : 0);
        assert_memory_equal(error.text, cases[i].want, strlen(cases[i].want));
    }
    assert_int_equal(shared_config_check(&tls, &error), tls_is_built() ? 0 : -1);
    assert_true(tls_is_built() || strstr(error.text, "built without") != NULL);
}

static void survives_lack_of_memory(void **state)
{
    bool failed = true;

    (void)state;
    for (int nth = 1; failed; nth++) {
        struct endpoint endpoint;
        int result;

        scarce_begin(nth);
        result = endpoint_parse("redis://alice:secret@h:1/1", &endpoint, NULL);
        failed = scarce_end();
        assert_int_equal(result, failed ? -1 : 0);
        endpoint_free(&endpoint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_good_ones),
        cmocka_unit_test(refuses_bad_ones),
        cmocka_unit_test(refuses_an_overlong_one),
        cmocka_unit_test(checks_settings),
        cmocka_unit_test(survives_lack_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
