#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/config_play.h"
#include "tests/unit/scarce.h"

static void test_defaults(void **state)
{
    struct config *config = config_load_text(GOOD);

    (void)state;
    assert_string_equal(config_heard, "");
    assert_non_null(config);
    assert_int_equal(config->http.listen_count, 1);
    assert_string_equal(config->http.listen[0], "127.0.0.1:8080");
    assert_int_equal(config->http.max_connections, 4096);
    assert_int_equal(config->http.max_waiting, 1024);
    assert_int_equal(config->http.idle_timeout_s, 30);
    assert_int_equal(config->http.hot_bytes, 32 << 20);
    assert_string_equal(config->http.token, "");
    assert_int_equal(config->drain_ms, 10000);
    assert_int_equal(config->cache.memory_bytes, 256 << 20);
    assert_int_equal(config->cache.ttl_s, 3600);
    assert_int_equal(config->cache.negttl_s, 300);
    assert_int_equal(config->cache.limitttl_s, 60);
    assert_int_equal(config->cache.stale_s, 86400);
    assert_int_equal(config->cache.memory_ttl_s, 60);
    assert_int_equal(config->cache.ttr_s, 300);
    assert_int_equal(config->cache.renewals, 50);
    assert_int_equal(config->cache.revalidate_s, 30);
    assert_int_equal(config->cache.patience_ms, 1000);
    assert_false(config->has_redis);
    assert_int_equal(config->seal_key_count, 0);
    assert_int_equal(config->deadline_ms, 5000);
    assert_int_equal(config->max_flights, 1024);
    assert_int_equal(config->validators, 0);
    assert_int_equal(config->log_level, LEVEL_INFO);
    assert_int_equal(config->log_format, LOG_FORMAT_TEXT);
    assert_int_equal(config->trust.revocation, REVOCATION_MODE_PREFER);
    assert_int_equal(config->trust.min_rsa_bits, 2048);
    assert_int_equal(config->watch_ms, 30000);
    assert_false(config->trust.exact_local_part || config->trust.allow_sha1 || config->trust.addressless);
    assert_false(config->trust.aliases || config->trust.domain_certificates || config->trust.require_explicit_policy ||
                 config->trust.inhibit_policy_mapping || config->trust.inhibit_any_policy);
    assert_int_equal(config->trust.oid_count, 1);
    assert_string_equal(config->trust.oids[0], "any");
    assert_int_equal(config->trust.curve_count, 6);
    assert_string_equal(config->trust.curves[5], "brainpoolP512r1");
    assert_int_equal(config->trust.hash_count, 9);
    assert_string_equal(config->trust.hashes[0], "sha224");
    assert_int_equal(config->trust.deny_count + config->trust.allow_count + config->trust_rule_count, 0);

    const struct directory_config *directory = &config->directories[0];
    assert_int_equal(config->directory_count, 1);
    assert_string_equal(directory->base, "");
    assert_string_equal(directory->filter, "(mail=%m)");
    assert_string_equal(directory->bind_dn, "");
    assert_string_equal(directory->password, "");
    assert_int_equal(directory->tls, TLS_LDAPS);
    assert_int_equal(directory->timeout_ms, 3000);
    assert_int_equal(directory->connect_timeout_ms, 1000);
    assert_int_equal(directory->connections, 2);
    assert_int_equal(directory->max_entries, 16);
    assert_int_equal(directory->max_value_bytes, 64 << 10);
    assert_int_equal(directory->scope, 2);
    config_free(&config);
    assert_null(config);
    config_free(&config);
}

/* Nothing is kept ready-made of what memory does not have. */
static void test_without_memory_nothing_is_kept_ready(void **state)
{
    struct config *config = config_load_text(GOOD "cache = { memory = \"0\"; };\nhttp = { hot-memory = \"1M\"; };\n");

    (void)state;
    assert_string_equal(config_heard, "");
    assert_non_null(config);
    assert_int_equal(config->http.hot_bytes, 0);
    config_free(&config);
}

static void test_everything_given(void **state)
{
    static const char text[] =
        "listen = [ \"127.0.0.1:0\", \"[::1]:8080\" ]; drain = \"0\";\n"
        "directories = (\n"
        "  { name = \"a\"; uri = ( \"ldap://h1\", \"ldap://h2:3\" \"89\" ); base = \"dc=x\"; scope = \"one\";\n"
        "    domains = [ \"B\303\274cher.example\", \"*.Example.ORG\" ]; filter = \"(uid=%u)\"; timeout = \"250ms\";\n"
        "    connect-timeout = \"2s\"; connections = 3; entries = 5; value-size = \"4096\"; queue = 0x10; },\n"
        "  { name = \"b\"; uri = [ \"ldapi://%2Frun%2Fs\" ]; domains = [ \"*\" ]; },\n"
        "  { name = \"c\"; uri = [ \"ldap://h\" ]; domains = [ \"*\" ]; tls = \"none\"; } );\n"
        "trust = { anchors = [ \"/etc\" ]; crls = [ \"/etc/passwd\" ]; revocation = \"require\"; allow-sha1 = TRUE;\n"
        "  local-part-case = \"exact\"; min-rsa-bits = 3072L; addressless = \"directory\"; watch = \"0\"; };\n"
        "cache : { memory = \"1G\", ttl = \"2d\", stale = \"0\"; memory-ttl = \"5s\"; };\n"
        "redis = { uri = \"redis://127.0.0.1\"; prefix = \"p:\"; seal-key-file = \"${FOLDER}/key\"; };\n"
        "http = { connections = 100; waiting = 49; threads = 2; token-file = \"${FOLDER}/token\"; };\n"
        "lookup = { deadline = \"1m\"; validators = 1; }; log = { level = \"debug\"; format = \"json\"; };\n";

    (void)state;
    config_write("key", "01234567890123456789012345678901\n", 33, 0600);
    config_write("token", "a-token-of-enough-bytes\r\n", 25, 0400);
    setenv("FOLDER", config_folder, 1);
    struct config *config = config_load_text(text);
    assert_string_equal(config_heard, "");
    assert_non_null(config);
    assert_string_equal(config->http.listen[1], "[::1]:8080");
    assert_int_equal(config->drain_ms, 0);
    assert_int_equal(config->directory_count, 3);
    const struct directory_config *a = &config->directories[0];
    assert_string_equal(a->uris[1], "ldap://h2:389");
    assert_string_equal(a->domains[0], "xn--bcher-kva.example");
    assert_string_equal(a->domains[1], "*.example.org");
    assert_int_equal(a->tls, TLS_STARTTLS);
    assert_int_equal(a->scope, 1);
    assert_int_equal(a->timeout_ms, 250);
    assert_int_equal(a->max_value_bytes, 4096);
    assert_int_equal(a->max_queued, 16);
    assert_int_equal(config->directories[1].tls, TLS_NONE);
    assert_int_equal(config->directories[2].tls, TLS_NONE);
    assert_int_equal(config->trust.revocation, REVOCATION_MODE_REQUIRE);
    assert_int_equal(config->trust.min_rsa_bits, 3072);
    assert_int_equal(config->watch_ms, 0);
    assert_true(config->trust.exact_local_part && config->trust.allow_sha1 && config->trust.addressless);
    assert_int_equal(config->cache.memory_bytes, 1 << 30);
    assert_int_equal(config->cache.ttl_s, 2 * 86400);
    assert_true(config->has_redis);
    assert_string_equal(config->redis_prefix, "p:");
    assert_int_equal(config->seal_key_count, 1);
    assert_int_equal(config->seal_keys[0].size, 32);
    assert_string_equal(config->http.token, "a-token-of-enough-bytes");
    assert_int_equal(config->http.max_waiting, 49);
    assert_int_equal(config->log_level, LEVEL_DEBUG);
    assert_int_equal(config->log_format, LOG_FORMAT_JSON);
    config_free(&config);
}

/* What a rule leaves out is as in trust, also where trust stands behind it. */
static void test_rules(void **state)
{
    static const char text[] =
        DIRECTORY "trust-rules = ( { name = \"partner\"; domains = [ \"*.Partner.example\", \"bücher.example\" ];\n"
                  "  directories = [ \"a\" ]; deny = [ \"" PRINT_COLONS "\" ]; require-explicit-policy = true;\n"
                  "  policy-oids = [ \"2.16.840.1.101.3.2.1.48.1\" ]; curves = [ \"P-384\" ]; aliases = \"directory\"; },\n"
                  "  { name = \"rest\"; domains = [ \"*\" ]; min-rsa-bits = 4096; allow = [ ]; } );\n"
                  "trust = { anchors = [ \"/etc/passwd\" ]; min-rsa-bits = 3072; allow-sha1 = true;\n"
                  "  allow = [ \"" PRINT "\" ]; addressless = \"directory\"; };\n"
                  "fetch = { issuers = true; allow = [ \"*.PKI.example\", \"aia.example\" ]; };\n";
    const struct policy_rule *rule;
    struct policies_config policies;
    struct config *config;

    (void)state;
    config = config_load_text(text);
    assert_string_equal(config_heard, "");
    assert_int_equal(config->fetch.host_count, 2);
    assert_string_equal(config->fetch.hosts[0], "*.pki.example");
    assert_int_equal(config->trust_rule_count, 2);
    rule = &config->trust_rules[0];
    assert_string_equal(rule->name, "partner");
    assert_int_equal(rule->domain_count, 2);
    assert_string_equal(rule->domains[0], "*.partner.example");
    assert_int_equal(rule->directory_count, 1);
    assert_string_equal(rule->policy.deny[0], PRINT);
    assert_string_equal(rule->policy.allow[0], PRINT);
    assert_string_equal(rule->policy.oids[0], "2.16.840.1.101.3.2.1.48.1");
    assert_true(rule->policy.require_explicit_policy && rule->policy.aliases && rule->policy.addressless);
    assert_true(rule->policy.allow_sha1);
    assert_int_equal(rule->policy.min_rsa_bits, 3072);
    assert_int_equal(rule->policy.curve_count, 1);
    assert_int_equal(rule->policy.hash_count, 9);
    assert_string_equal(rule->policy.anchors[0], "/etc/passwd");
    assert_int_equal(config->trust_rules[1].policy.min_rsa_bits, 4096);
    assert_int_equal(config->trust_rules[1].policy.allow_count, 0);
    assert_int_equal(config->trust_rules[1].directory_count, 0);
    assert_int_equal(config->trust.deny_count, 0);
    assert_false(config->trust.require_explicit_policy || config->trust.aliases);
    policies = config_policies(config);
    assert_int_equal(policies.rule_count, 2);
    config_free(&config);
}

static void test_variables(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"${A}", "one"},       {"x${A}y", "xoney"}, {"${A}${A}", "oneone"}, {"$${A}", "${A}"},
        {"$A", "$A"},          {"$$", "$$"},        {"$$${A}", "$${A}"},    {"${B_2}", "${A}"}, /* no second time */
        {"a$", "a$"},
    };
    char text[512];

    (void)state;
    setenv("A", "one", 1);
    setenv("B_2", "${A}", 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(text, sizeof(text), GOOD "redis = { uri = \"redis://h\"; username = \"%s\"; };", rows[i].text);
        struct config *config = config_load_text(text);
        assert_string_equal(config_heard, "");
        assert_string_equal(config->redis.username, rows[i].want);
        config_free(&config);
    }
}

static void test_presets_follow_ttl(void **state)
{
    struct config *config = config_load_text(GOOD "cache = { ttl = \"30s\"; };");

    (void)state;
    assert_non_null(config);
    assert_int_equal(config->cache.negttl_s, 30);
    assert_int_equal(config->cache.limitttl_s, 30);
    assert_int_equal(config->cache.memory_ttl_s, 30);
    config_free(&config);
}

static void test_needs_restart(void **state)
{
    static const struct {
        const char *now, *next, *want;
    } rows[] = {
        {GOOD, GOOD, NULL},
        {GOOD, GOOD "listen = [ \"127.0.0.1:8080\" ];", NULL},
        {GOOD, GOOD "listen = [ \"127.0.0.1:8081\" ];", "listen"},
        {GOOD, GOOD "listen = [ \"127.0.0.1:8080\", \"127.0.0.1:1\" ];", "listen"},
        {GOOD, GOOD "cache = { ttl = \"1m\"; };", NULL},
        {GOOD, GOOD "cache = { memory = \"1M\"; };", "cache.memory"},
        {GOOD, GOOD "redis = { uri = \"redis://h\"; };", "redis"},
        {GOOD "redis = { uri = \"redis://h\"; };", GOOD "redis = { uri = \"redis://i\"; };", "redis.uri"},
        {GOOD "redis = { uri = \"redis://h\"; };", GOOD "redis = { uri = \"redis://h\"; prefix = \"x\"; };", NULL},
        {GOOD, WITH("timeout = \"1s\";"), NULL},
        {GOOD, GOOD "http = { connections = 100; };", "http.connections"},
        {GOOD, GOOD "log = { level = \"debug\"; };", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config *now = config_load_text(rows[i].now), *next = config_load_text(rows[i].next);
        assert_true(now != NULL && next != NULL);
        const char *got = config_needs_restart(now, next);
        if (rows[i].want == NULL) {
            assert_null(got);
        } else {
            assert_non_null(got);
            assert_string_equal(got, rows[i].want);
        }
        config_free(&now);
        config_free(&next);
    }
}

static void test_settings_are_listed(void **state)
{
    struct buffer out;
    size_t lines = 0;

    (void)state;
    buffer_init(&out, 1 << 20);
    config_write_settings(&out);
    assert_false(out.failed);
    for (const char *line = buffer_string(&out); *line != '\0'; line = strchr(line, '\n') + 1, lines++) {
        size_t tabs = 0;
        for (const char *at = line; *at != '\n'; at++) {
            tabs += *at == '\t';
        }
        assert_int_equal(tabs, 7);
    }
    assert_true(lines > 40);
    assert_non_null(strstr(buffer_string(&out), "cache.ttl\tduration\tms s m h d\t1h\t1s\t30d\treload\t"));
    assert_non_null(strstr(buffer_string(&out), "directories.name\tstring\tcharacters\trequired\t1\t64\treload\t"));
    buffer_free(&out);
}

/* Whatever allocation fails, the file is refused and nothing is lost. */
static void test_out_of_memory(void **state)
{
    int nth = 1;

    (void)state;
    setenv("FOLDER", config_folder, 1);
    config_write("key", "01234567890123456789012345678901", 32, 0600);
    config_write("c", GOOD "redis = { uri = \"redis://h\"; seal-key-file = \"${FOLDER}/key\"; };",
               strlen(GOOD "redis = { uri = \"redis://h\"; seal-key-file = \"${FOLDER}/key\"; };"), 0644);
    for (;; nth++) {
        config_heard[0] = '\0';
        scarce_begin(nth);
        struct config *config = config_load(config_path("c"), config_hear, config_heard);
        bool failed = scarce_end();
        assert_true(config != NULL || config_heard[0] != '\0');
        assert_true(config == NULL || config_heard[0] == '\0');
        config_free(&config);
        if (!failed) {
            break;
        }
    }
    assert_true(nth > 10);
    assert_string_equal(config_heard, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_without_memory_nothing_is_kept_ready),
        cmocka_unit_test(test_everything_given),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_presets_follow_ttl),
        cmocka_unit_test(test_needs_restart),
        cmocka_unit_test(test_settings_are_listed),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, config_begin, config_end);
}
