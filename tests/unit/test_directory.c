/* Settings of a directory: checked, fingerprinted, and opened when memory is scarce. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/unit/directory_play.h"
#include "tests/unit/scarce.h"

static const char *const uris[] = {"ldap://ldap.example.org"};
static const char *const tls_uris[] = {"ldaps://ldap.example.org"};
static const char *const local_uris[] = {"ldapi://%2Ftmp%2Fnowhere"};
static const char *const bad_uris[] = {"ldap://ldap.example.org", "ldap://x/dc=y"};
static const char *const bad_domains[] = {"example.org", "a..b"};

static void a_good_one_passes(void **state)
{
    struct directory_config config = plain_config(uris, 1);
    struct error error = {{0}};

    (void)state;
    assert_int_equal(directory_config_check(&config, &error), 0);
    config.tls = TLS_STARTTLS;
    config.bind_dn = "cn=reader,dc=example,dc=org";
    config.password = "secret";
    config.base = "";
    assert_int_equal(directory_config_check(&config, &error), 0);
    config.tls = TLS_LDAPS;
    config.uris = tls_uris;
    assert_int_equal(directory_config_check(&config, &error), 0);
    config.tls = TLS_NONE;
    config.uris = local_uris;
    assert_int_equal(directory_config_check(&config, &error), 0);
}

struct bad {
    const char *words;
    void (*spoil)(struct directory_config *config);
};

#define BAD(name_, change_)                                                                                            \
    static void name_(struct directory_config *config)                                                                 \
    {                                                                                                                  \
        config->change_;                                                                                               \
    }
BAD(no_name, name = "")
BAD(no_uri, uri_count = 0)
BAD(many_uris, uri_count = MAX_URIS + 1)
BAD(no_domain, domain_count = 0)
BAD(no_dn, base = "example.org")
BAD(binary_dn, base = "dc=\xff")
BAD(no_filter, filter = "")
BAD(open_filter, filter = "(mail=%m")
BAD(deaf_filter, filter = "(mail=*)")
BAD(password_alone, password = "secret")
BAD(dn_alone, bind_dn = "cn=reader,dc=example,dc=org")
BAD(tls_on_ldap, tls = TLS_LDAPS)
BAD(no_ca, ca_file = "/nonexistent/ca.pem")
BAD(folder_as_ca, ca_file = "/tmp")
BAD(no_time, timeout_ms = 0)
BAD(no_connect_time, connect_timeout_ms = -1)
BAD(no_connections, connections = 0)
BAD(many_connections, connections = 1000)
BAD(no_entries, max_entries = 0)
BAD(many_entries, max_entries = MAX_ENTRIES + 1)
BAD(large_values, max_value_bytes = MAX_VALUE_BYTES + 1)
BAD(no_queue, max_queued = 0)
BAD(odd_scope, scope = 3)

static void second_uri(struct directory_config *config)
{
    config->uris = bad_uris;
    config->uri_count = 2;
}

static void second_domain(struct directory_config *config)
{
    config->domains = bad_domains;
    config->domain_count = 2;
}

static void clear_on_ldaps(struct directory_config *config)
{
    config->uris = tls_uris;
}

static void starttls_on_socket(struct directory_config *config)
{
    config->uris = local_uris;
    config->tls = TLS_STARTTLS;
}

static void bad_bind_dn(struct directory_config *config)
{
    config->bind_dn = "reader";
    config->password = "secret";
}

static void bad_ones_name_the_setting(void **state)
{
    static const struct bad rows[] = {
        {"name: is empty", no_name},
        {"uri: there must be 1 to 8", no_uri},
        {"uri: there must be 1 to 8", many_uris},
        {"uri: \"ldap://x/dc=y\": only a host name", second_uri},
        {"domains: there must be", no_domain},
        {"domains: \"a..b\" is not a domain", second_domain},
        {"base: is not a distinguished name", no_dn},
        {"base: is not a distinguished name", binary_dn},
        {"filter: column 1: expected '('", no_filter},
        {"filter: column 9: ends before", open_filter},
        {"filter: asks for no address", deaf_filter},
        {"password-file: without a bind-dn", password_alone},
        {"bind-dn: needs a password", dn_alone},
        {"bind-dn: is not a distinguished name", bad_bind_dn},
        {"tls: \"ldaps\" does not fit the uri ldap://ldap.example.org", tls_on_ldap},
        {"tls: \"none\" does not fit the uri ldaps://ldap.example.org", clear_on_ldaps},
        {"tls: \"starttls\" does not fit the uri ldapi://", starttls_on_socket},
        {"ca-file: /nonexistent/ca.pem: No such file", no_ca},
        {"ca-file: /tmp: is not a file", folder_as_ca},
        {"timeout: must be from", no_time},
        {"connect-timeout: must be from", no_connect_time},
        {"connections: must be from", no_connections},
        {"connections: must be from", many_connections},
        {"entries: must be from", no_entries},
        {"entries: must be from", many_entries},
        {"value-size: must be from", large_values},
        {"queue: must be from", no_queue},
        {"scope: must be from", odd_scope},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct directory_config config = plain_config(uris, 1);
        struct error error = {{0}};

        rows[i].spoil(&config);
        assert_int_equal(directory_config_check(&config, &error), -1);
        if (strncmp(error.text, rows[i].words, strlen(rows[i].words)) != 0) {
            fail_msg("want \"%s\", got \"%s\"", rows[i].words, error.text);
        }
        assert_null(directory_open(&config, &error));
    }
}

BAD(other_uri, uris = tls_uris)
BAD(other_base, base = "dc=other")
BAD(other_filter, filter = "(uid=%u)")
BAD(other_bind, bind_dn = "cn=x")
BAD(other_scope, scope = 1)
BAD(other_entries, max_entries = 17)
BAD(other_size, max_value_bytes = 1024)
BAD(other_timeout, timeout_ms = 1)
BAD(other_connect, connect_timeout_ms = 1)
BAD(other_queue, max_queued = 1)
BAD(other_connections, connections = 2)
BAD(other_password, password = "x")

static void the_fingerprint_tells_answers_apart(void **state)
{
    static const struct {
        void (*change)(struct directory_config *config);
        bool same;
    } rows[] = {
        {other_uri, false},    {other_base, false},   {other_filter, false}, {other_bind, false},
        {other_scope, false},  {other_entries, false}, {other_size, false},  {other_timeout, true},
        {other_connect, true}, {other_queue, true},   {other_connections, true}, {other_password, true},
    };
    struct directory_config plain = plain_config(uris, 1);
    struct digest before = directory_fingerprint(&plain);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct directory_config config = plain_config(uris, 1);

        rows[i].change(&config);
        struct digest after = directory_fingerprint(&config);

        assert_int_equal(digest_equal(&before, &after), rows[i].same);
    }
}

static void serves(void **state)
{
    static const char *const domains[] = {"example.org", "*.example.org"};
    struct directory_config config = plain_config(uris, 1);

    (void)state;
    assert_true(directory_serves(&config, "anything.example"));
    config.domains = domains;
    config.domain_count = 1;
    assert_true(directory_serves(&config, "example.org"));
    assert_false(directory_serves(&config, "sub.example.org"));
    assert_false(directory_serves(&config, "example.com"));
    config.domain_count = 2;
    assert_true(directory_serves(&config, "sub.example.org"));
}

/* The directory keeps what it needs of its configuration. */
static void the_configuration_is_copied(void **state)
{
    char uri[] = "ldap://127.0.0.1:1", base[] = "dc=example", filter[] = "(mail=%m)", domain[] = "example.org";
    const char *own_uris[] = {uri};
    const char *own_domains[] = {domain};
    struct directory_config config = plain_config(own_uris, 1);
    struct error error = {{0}};

    (void)state;
    config.base = base;
    config.filter = filter;
    config.domains = own_domains;
    struct directory *directory = directory_open(&config, &error);

    assert_non_null(directory);
    memset(uri, 'x', strlen(uri));
    memset(base, 'x', strlen(base));
    memset(filter, 'x', strlen(filter));
    memset(domain, 'x', strlen(domain));
    own_uris[0] = NULL;
    assert_string_equal(directory_settings(directory)->uris[0], "ldap://127.0.0.1:1");
    assert_string_equal(directory_settings(directory)->base, "dc=example");
    assert_string_equal(directory_settings(directory)->filter, "(mail=%m)");
    assert_true(directory_serves(directory_settings(directory), "example.org"));
    directory_close(&directory);
    directory_close(&directory);
}

static bool say_one(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "cn=one", "userCertificate;binary", bytes_of_string("value")) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

/* Whatever allocation fails on whichever thread: there is a directory or there is none, there is an answer or there is
 * none, and an answer that lacks something does not look whole. */
static void memory_runs_out(void **state)
{
    static const struct play play = {.search = say_one};
    static struct played server;
    const char *const own_uris[] = {server.uri};

    (void)state;
    assert_true(played_start(&server, &play, 0));
    struct directory_config config = plain_config(own_uris, 1);
    bool failed = true;

    for (int nth = 1; failed; nth++) {
        struct search_result *result = NULL;

        scarce_begin(nth);
        struct directory *directory = directory_open(&config, NULL);

        if (directory != NULL) {
            result = ask(directory, "alice@example.org", 2000);
        }
        failed = scarce_end();
        if (result != NULL && result->result == ASKED_ANSWERED) {
            assert_int_equal(result->value_count, 1);
            assert_string_equal(result->values[0].dn, "cn=one");
        }
        assert_true(failed || result != NULL);
        search_result_free(&result);
        directory_close(&directory);
    }
    played_stop(&server);
}

static int start(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_one_passes),
        cmocka_unit_test(bad_ones_name_the_setting),
        cmocka_unit_test(the_fingerprint_tells_answers_apart),
        cmocka_unit_test(serves),
        cmocka_unit_test(the_configuration_is_copied),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
