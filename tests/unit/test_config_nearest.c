#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/config_private.h"

struct guess {
    const char *group;
    const char *name;
    const char *want; /* NULL: nothing */
};

static void expect_guesses(const struct guess *guesses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *want = guesses[i].want != NULL ? guesses[i].want : "nothing";
        const char *got = settings_nearest(guesses[i].group, guesses[i].name);

        if (strcmp(got != NULL ? got : "nothing", want) != 0) {
            fail_msg("\"%s\" in \"%s\": %s, not %s", guesses[i].name, guesses[i].group, got != NULL ? got : "nothing",
                     want);
        }
    }
}

#define EXPECT(guesses_) expect_guesses(guesses_, sizeof(guesses_) / sizeof((guesses_)[0]))

static void test_slips_of_the_pen(void **state)
{
    static const struct guess guesses[] = {
        {"", "lisen", "listen"},
        {"", "chache", "cache"},
        {"", "trust_rules", "trust-rules"},
        {"cache", "tttl", "cache.ttl"},
        {"cache", "negtl", "cache.negttl"},
        {"directories", "bind_DN", "directories.bind-dn"},
        {"tls", "client", "tls.clients"},
        {"tls", "certificate-fil", "tls.certificate-file"},
        {"trust", "allow-sha2", "trust.allow-sha1"},
        {"cache", "ttls-", NULL}, /* two steps are too many for so few letters */
        {"", "xyzzy", NULL},
        {"http", "a-name-that-is-longer-than-any-name-there-is", NULL},
        {"http", "", NULL},
    };

    (void)state;
    EXPECT(guesses);
}

/* The beginning or the end of a name, where it is that of one. */
static void test_words_too_few(void **state)
{
    static const struct guess guesses[] = {
        {"tls", "certificate", "tls.certificate-file"},
        {"tls", "Certificate", "tls.certificate-file"},
        {"tls", "key", "tls.key-file"},
        {"tls", "client-ca", "tls.client-ca-file"},
        {"tls", "client_ca", "tls.client-ca-file"},
        {"tls", "ca-file", "tls.client-ca-file"}, /* and not that of directories */
        {"tls", "crl-file", "tls.client-crl-file"},
        {"directories", "password", "directories.password-file"},
        {"directories", "ca", "directories.ca-file"},
        {"directories", "dn", "directories.bind-dn"},
        {"redis", "seal-key", "redis.seal-key-file"},
        {"redis", "old-seal-key", "redis.old-seal-key-file"},
        {"http", "timeout", "http.idle-timeout"},
        {"http", "origins", "http.cors-origins"},
        {"http", "proxies", "http.trusted-proxies"},
        {"trust", "rsa-bits", "trust.min-rsa-bits"},
        {"", "rules", "trust-rules"},
        {"tls", "file", NULL},       /* of four */
        {"redis", "key-file", NULL}, /* of two */
        {"limits", "token", NULL},
        {"trust", "inhibit", NULL},
        {"tls", "ca", NULL},         /* inside of one */
        {"tls", "cert", NULL},       /* no whole word */
        {"tls", "-file", NULL},
        {"tls", "certificate-", NULL},
    };

    (void)state;
    EXPECT(guesses);
}

/* What the value is, or its group, where other programs have that in the name. */
static void test_words_too_many(void **state)
{
    static const struct guess guesses[] = {
        {"cache", "memory-size", "cache.memory"},
        {"cache", "memory_bytes", "cache.memory"},
        {"cache", "max-memory", "cache.memory"},
        {"cache", "ttl-seconds", "cache.ttl"},
        {"cache", "cache-ttl", "cache.ttl"},
        {"http", "max-connections", "http.connections"},
        {"http", "connection-limit", NULL}, /* no whole word */
        {"http", "connections-limit", "http.connections"},
        {"tls", "tls-certificate-file", "tls.certificate-file"},
        {"log", "log-level", "log.level"},
        {"redis", "timeout-ms", "redis.timeout"},
        {"tls", "max-clients", NULL},       /* a word, not a number */
        {"tls", "key-length", NULL},
        {"log", "level-max", NULL},
        {"cache", "negative-ttl", NULL},    /* another thing than ttl */
        {"cache", "stale-ttl", NULL},
        {"directories", "queue-timeout", NULL},
        {"fetch", "size", "fetch.max-size"},
    };

    (void)state;
    EXPECT(guesses);
}

static void test_another_place(void **state)
{
    static const struct guess guesses[] = {
        {"", "negttl", "cache.negttl"},
        {"", "cache-ttl", "cache.ttl"},
        {"", "log.level", "log.level"},
        {"", "log_level", "log.level"},
        {"", "tls-certificate-file", "tls.certificate-file"},
        {"http", "listen", "listen"},
        {"http", "certificate-file", "tls.certificate-file"},
        {"http", "log-level", NULL},
        {"", "tls-certificate", NULL},
    };

    (void)state;
    EXPECT(guesses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slips_of_the_pen),
        cmocka_unit_test(test_words_too_few),
        cmocka_unit_test(test_words_too_many),
        cmocka_unit_test(test_another_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
