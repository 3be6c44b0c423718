/* rediss:// against a real redis-server; where hiredis_ssl is not there, that it says so. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "cache/redis_private.h"
#include "tests/unit/redis_play.h"

static struct event_base *base;
static struct server server;
static char folder[] = "/tmp/certlookup-tls-XXXXXX";

static const char *path(const char *name)
{
    static char paths[8][64];
    static size_t next;
    char *out = paths[next++ % 8];

    snprintf(out, sizeof(paths[0]), "%s/%s", folder, name);
    return out;
}

static void make_certificate(const char *name, const char *names)
{
    char command[512], key[16], certificate[16];

    snprintf(key, sizeof(key), "%s.key", name);
    snprintf(certificate, sizeof(certificate), "%s.crt", name);
    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=%s "
             "-addext subjectAltName=%s -keyout %s -out %s 2> /dev/null",
             name, names, path(key), path(certificate));
    assert_int_equal(system(command), 0);
}

static int begin(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    if (tls_is_built()) {
        make_certificate("good", "IP:127.0.0.1");
        make_certificate("other", "DNS:redis.example.org,IP:127.0.0.2");
    }
    base = event_base_new();
    return base != NULL ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    unlink(path("good.key"));
    unlink(path("good.crt"));
    unlink(path("other.key"));
    unlink(path("other.crt"));
    rmdir(folder);
    event_base_free(base);
    return 0;
}

static void verifies_chain_and_name(void **state)
{
    static const struct {
        const char *name, *has, *trusts, *scheme;
        bool want;
    } cases[] = {
        {"as it should be", "good", "good", "rediss", true},
        {"for another name", "other", "other", "rediss", false},
        {"of another issuer", "good", "other", "rediss", false},
        {"not in the system's store", "good", "", "rediss", false},
        {"no TLS where TLS is spoken", "good", "good", "redis", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char port[8], key[16], certificate[16], ca[16], uri[64], *log;
        const char *options[] = {"--tls-port", port, "--tls-cert-file", NULL, "--tls-key-file", NULL,
                                 "--tls-ca-cert-file", NULL, "--tls-auth-clients", "no", NULL};
        struct shared_config config = {.uri = uri, .timeout_ms = 1000, .max_queued = 10};
        struct got got = {0};
        struct shared *shared;

        snprintf(port, sizeof(port), "%u", server_free_port());
        snprintf(key, sizeof(key), "%s.key", cases[i].has);
        snprintf(certificate, sizeof(certificate), "%s.crt", cases[i].has);
        snprintf(ca, sizeof(ca), "%s.crt", cases[i].trusts);
        snprintf(uri, sizeof(uri), "%s://127.0.0.1:%s", cases[i].scheme, port);
        options[3] = options[7] = path(certificate);
        options[5] = path(key);
        config.ca_file = *cases[i].trusts != '\0' ? path(ca) : "";
        server_start(&server, options);
        log_catch();
        shared = shared_open(base, &config, NULL);
        assert_non_null(shared);
        if (cases[i].want) {
            wait_up(base, shared);
        } else {
            loop_for(base, 700);
        }
        log = log_caught();
        if (shared_is_up(shared) != cases[i].want || (cases[i].want ? 0 : 1) != lines_with(log, "redis is away")) {
            fail_msg("%s: %s", cases[i].name, log);
        }
        if (cases[i].want) {
            uint8_t *large = calloc(1, 1000000);

            shared_put(shared, "key", bytes_of(large, 1000000), 60000);
            assert_int_equal(get_wait(base, shared, "key", &got), SHARED_HIT);
            assert_int_equal(got.size, 1000000);
            free(large);
        }
        print_message("%s: %s", cases[i].name, *log != '\0' ? log : "up\n");
        free(log);
        got_free(&got);
        shared_close(&shared);
        server_stop(&server);
    }
}

static void a_silent_server(void **state)
{
    struct fake fake = {.hello = NULL};
    struct shared_config config = {.timeout_ms = 200, .max_queued = 10};
    struct shared *shared;
    char uri[64], *log;

    (void)state;
    fake_start(&fake, base);
    snprintf(uri, sizeof(uri), "rediss://127.0.0.1:%u", fake.port);
    config.uri = uri;
    log_catch();
    shared = shared_open(base, &config, NULL);
    loop_for(base, 500);
    log = log_caught();
    assert_int_equal(lines_with(log, "does not answer in time"), 1);
    free(log);
    shared_close(&shared);
    fake_stop(&fake);
}

static void a_ca_file_that_is_none(void **state)
{
    struct shared_config config = {.uri = "rediss://h", .ca_file = "/nonexistent", .timeout_ms = 200, .max_queued = 10};
    struct error error = {""};

    (void)state;
    assert_null(shared_open(base, &config, &error));
    assert_non_null(strstr(error.text, "ca-file: /nonexistent"));
}

static void says_that_it_is_not_built(void **state)
{
    const struct shared_config config = {.uri = "rediss://h", .timeout_ms = 200, .max_queued = 10};
    struct error error = {""};

    (void)state;
    assert_int_equal(shared_config_check(&config, &error), -1);
    assert_non_null(strstr(error.text, "built without"));
    assert_null(shared_open(base, &config, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_chain_and_name),
        cmocka_unit_test(a_silent_server),
        cmocka_unit_test(a_ca_file_that_is_none),
    };
    const struct CMUnitTest without[] = {
        cmocka_unit_test(says_that_it_is_not_built),
    };

    signal(SIGPIPE, SIG_IGN);
    log_open(LEVEL_NOTICE, LOG_FORMAT_TEXT);
    return tls_is_built() ? cmocka_run_group_tests(tests, begin, end) : cmocka_run_group_tests(without, begin, end);
}
