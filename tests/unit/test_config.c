#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "gateway/config.h"
#include "tests/unit/scarce.h"

static char folder[] = "/tmp/test_config.XXXXXX";
static char heard[64 * 1024]; /* the faults, one a line, each after "\n" */

static void hear(void *context, const char *line)
{
    size_t size = strlen(heard);

    assert_ptr_equal(context, heard);
    snprintf(heard + size, sizeof(heard) - size, "\n%s", line);
}

static const char *in_folder(const char *name)
{
    static char path[sizeof(folder) + 64];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *content, size_t size, mode_t mode)
{
    FILE *file = fopen(in_folder(name), "w");

    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(in_folder(name), mode), 0);
}

static struct config *load_bytes(const void *text, size_t size)
{
    write_file("c", text, size, 0644);
    heard[0] = '\0';
    return config_load(in_folder("c"), hear, heard);
}

static struct config *load(const char *text)
{
    return load_bytes(text, strlen(text));
}

/* The words of fault number `which`, behind "FILE:" ("3: cache.ttl: …"), or NULL. */
static const char *fault(size_t which)
{
    static char line[1024];
    const char *at = heard;

    for (size_t i = 0; at != NULL && i <= which; i++) {
        at = strchr(at + (i > 0), '\n');
    }
    if (at == NULL) {
        return NULL;
    }
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
    assert_memory_equal(line, in_folder("c:"), strlen(in_folder("c:")));
    return line + strlen(in_folder("c:"));
}

#define DIRECTORY "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ]; domains = [ \"*\" ]; } );\n"
#define TRUST "trust = { anchors = [ \"/etc/passwd\" ]; };\n"
#define GOOD DIRECTORY TRUST
/* On two lines. */
#define NO_ISSUERS \
    "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ]; domains = [ \"*\" ];\nissuers = false; } );\n"
/* One directory with more in it, on the lines 1 and 2. */
#define WITH(more_) \
    "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ]; domains = [ \"*\" ];\n" more_ " } );\n" TRUST

#define ON_TRUST(more_) DIRECTORY "trust = { anchors = [ \"/etc/passwd\" ];\n" more_ " };\n"
/* One rule on the lines 3 and 4. */
#define RULE(more_) "trust-rules = (\n{ name = \"r\"; " more_ " } );\n"
#define PRINT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define PRINT_COLONS \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

static void test_defaults(void **state)
{
    struct config *config = load(GOOD);

    (void)state;
    assert_string_equal(heard, "");
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
    struct config *config = load(GOOD "cache = { memory = \"0\"; };\nhttp = { hot-memory = \"1M\"; };\n");

    (void)state;
    assert_string_equal(heard, "");
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
    write_file("key", "01234567890123456789012345678901\n", 33, 0600);
    write_file("token", "a-token-of-enough-bytes\r\n", 25, 0400);
    setenv("FOLDER", folder, 1);
    struct config *config = load(text);
    assert_string_equal(heard, "");
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

static const struct {
    const char *name;
    const char *text;
    const char *want; /* how the first fault begins, behind the file's name */
} broken[] = {
    {"nothing", "", " directories: is missing"},
    {"no trust", DIRECTORY, " trust: is missing"},
    {"no anchors", DIRECTORY "trust = { };", "2: trust.anchors: is missing"},
    {"empty anchors", DIRECTORY "trust = { anchors = [ ]; };", "2: trust.anchors: has 0 elements, not from 1 to 64"},
    {"no directory", TRUST "directories = ( );", "2: directories: must be a list of 1 to 64 groups"},
    {"one directory without parentheses", TRUST "directories = { name = \"a\"; };", "2: directories: must be a list"},
    {"a directory that is none", TRUST "directories = ( 5 );", "2: directories[0]: must be a group"},
    {"a group that is none", GOOD "cache = 5;", "3: cache: must be a group: cache = {"},
    {"a list for a group", GOOD "cache = ( );", "3: cache: must be a group"},

    {"unknown", GOOD "lisen = 1;", "3: lisen: there is no such setting; did you mean listen?"},
    {"unknown, underscore", WITH("bind_dn = \"x\";"), "2: directories[0].bind_dn: there is no such setting; did you mean "
                                                      "directories.bind-dn?"},
    {"unknown, far from all", GOOD "xyzzy = 1;", "3: xyzzy: there is no such setting"},
    {"unknown group", GOOD "chache = { };", "3: chache: there is no such setting; did you mean cache?"},
    {"known elsewhere", GOOD "negttl = \"1s\";", "3: negttl: there is no such setting; did you mean cache.negttl?"},
    {"known elsewhere, in a group", GOOD "http = {\n listen = [];\n};", "4: http.listen: there is no such setting; did you"},
    {"group in a group", GOOD "cache = { cache = { }; };", "3: cache.cache: there is no such setting"},
    {"twice", GOOD "drain = \"1s\";\ndrain = \"1s\";", "4: duplicate setting name"},

    {"string for a list", GOOD "listen = \"127.0.0.1:80\";", "3: listen: must be a list of strings"},
    {"number in a list", GOOD "listen = [ 1 ];", "3: listen[0]: must be a string in quotes"},
    {"list in a list", GOOD "listen = ( [ \"a\" ] );", "3: listen[0]: must be a string in quotes"},
    {"mixed array", GOOD "listen = [ \"a\", 1 ];", "3: mismatched element type in array"},
    {"same twice in a list", GOOD "listen = [ \"127.0.0.1:1\",\n \"127.0.0.1:1\" ];", "3: listen[1]: \"127.0.0.1:1\" stan"},
    {"same domain in other letters", TRUST "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ];\n"
                                           "domains = [ \"example.org\", \"EXAMPLE.org\" ]; } );",
     "3: directories[0].domains[1]: \"example.org\" stands here twice"},
    {"empty list", GOOD "listen = [ ];", "3: listen: has 0 elements, not from 1 to 16"},
    {"empty string in a list", GOOD "listen = [ \"\" ];", "3: listen[0]: is empty"},
    {"a name to listen on", GOOD "listen = [ \"127.0.0.1:1\",\n \"localhost:8080\" ];",
     "3: listen[1]: \"localhost:8080\": not a numeric address"},
    {"no port", GOOD "listen = [ \"127.0.0.1\" ];", "3: listen[0]: "},
    {"port too large", GOOD "listen = [ \"127.0.0.1:65536\" ];", "3: listen[0]: "},

    {"duration as a number", GOOD "cache = { ttl = 60; };", "3: cache.ttl: has no unit: write a string such as"},
    {"duration as a float", GOOD "cache = { ttl = 1.5; };", "3: cache.ttl: has no unit"},
    {"duration without unit", GOOD "cache = { ttl = \"60\"; };", "3: cache.ttl: \"60\" is not a duration"},
    {"duration with another", GOOD "cache = { ttl = \"5x\"; };", "3: cache.ttl: \"5x\" is not a duration"},
    {"duration empty", GOOD "cache = { ttl = \"\"; };", "3: cache.ttl: \"\" is not a duration"},
    {"duration negative", GOOD "cache = { ttl = \"-1s\"; };", "3: cache.ttl: \"-1s\" is not a duration"},
    {"duration that overflows", GOOD "cache = { ttl = \"9223372036854775807d\"; };", "3: cache.ttl: "},
    {"duration too short", GOOD "cache = { ttl = \"0\"; };", "3: cache.ttl: 0 is not from 1s to 30d"},
    {"duration too long", GOOD "cache = { ttl = \"31d\"; };", "3: cache.ttl: 31d is not from 1s to 30d"},
    {"part of a second", GOOD "cache = { ttl = \"1500ms\"; };", "3: cache.ttl: \"1500ms\" is not a whole number of seconds"},
    {"size as a number", GOOD "cache = { memory = 1024; };", "3: cache.memory: has no unit: write a string such as \"64K\""},
    {"size with another unit", GOOD "cache = { memory = \"1T\"; };", "3: cache.memory: \"1T\" is not a size"},
    {"size too large", GOOD "cache = { memory = \"1025G\"; };", "3: cache.memory: 1025G is not from 0 to 1024G"},
    {"a memory that holds next to nothing", GOOD "cache = { memory = \"1K\"; };", "3: cache.memory: is neither 0 nor at"},
    {"number in quotes", GOOD "http = { threads = \"2\"; };", "3: http.threads: must be a whole number, without quotes"},
    {"number with a fraction", GOOD "http = { threads = 2.0; };", "3: http.threads: must be a whole number"},
    {"number negative", GOOD "http = { threads = -1; };", "3: http.threads: \"-1\" is not a number"},
    {"number too large", GOOD "http = { threads = 257; };", "3: http.threads: 257 is not from 0 to 256"},
    {"number beyond 32 bits", GOOD "http = {\n threads = 4294967297; };", "4: the number 429496729… is too large"},
    {"number beyond 32 bits, negative", GOOD "http = { threads = -4294967297; };", "3: the number 429496729… is too large"},
    {"number beyond 64 bits", GOOD "http = { threads = 99999999999999999999L; };", "3: the number 999999999… is too large"},
    {"boolean in quotes", DIRECTORY "trust = { anchors = [ \"/etc\" ]; allow-sha1 = \"true\"; };",
     "2: trust.allow-sha1: must be true or false, without quotes"},
    {"boolean as a number", DIRECTORY "trust = { anchors = [ \"/etc\" ]; allow-sha1 = 1; };", "2: trust.allow-sha1: must be"},
    {"word that is none", GOOD "log = { level = \"loud\"; };", "3: log.level: \"loud\" is none of: error warning notice info"},
    {"beginning of a word", GOOD "log = { level = \"warn\"; };", "3: log.level: \"warn\" is none of"},
    {"word empty", GOOD "log = { level = \"\"; };", "3: log.level: \"\" is none of"},
    {"control character", GOOD "redis = { uri = \"a\\n\"; };", "3: redis.uri: has a control character"},
    {"not UTF-8 by escape", GOOD "redis = { uri = \"\\xff\"; };", "3: redis.uri: is not UTF-8"},

    {"variable not set", GOOD "redis = { uri = \"${NO_SUCH}\"; };", "3: redis.uri: the environment has no variable NO_SUCH"},
    {"variable not closed", GOOD "redis = { uri = \"${HOME\"; };", "3: redis.uri: \"${HOME\" is not ${NAME}"},
    {"variable without a name", GOOD "redis = { uri = \"${}\"; };", "3: redis.uri: \"${}\" is not ${NAME}"},
    {"variable of a digit", GOOD "redis = { uri = \"${1}\"; };", "3: redis.uri: \"${1}\" is not ${NAME}"},
    {"variable too long", GOOD "redis = { uri = \"${LONG}\"; };", "3: redis.uri: is longer than 2047 bytes"},

    {"name with a space", TRUST "directories = ( { name = \"a b\"; uri = [ \"ldaps://h\" ]; domains = [ \"*\" ]; } );",
     "2: directories[0].name: \"a b\" has characters other than"},
    {"same name", TRUST "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ]; domains = [ \"*\" ]; },\n"
                        "{ name = \"A\"; uri = [ \"ldaps://h\" ]; domains = [ \"*\" ]; } );",
     "3: directories[1].name: directories[0] has this name already"},
    {"no domains", TRUST "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ]; } );", "2: directories[0].domains: is mis"},
    {"domain that is none", TRUST "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ]; domains = [ \"a@b\" ]; } );",
     "2: directories[0].domains[0]: \"a@b\" is neither a domain"},
    {"URI of another scheme", TRUST "directories = ( { name = \"a\"; uri = [ \"http://h\" ]; domains = [ \"*\" ]; } );",
     "2: directories[0].uri: "},
    {"TLS that does not fit", WITH("tls = \"starttls\";"), "2: directories[0].tls: "},
    {"filter that is none", WITH("filter = \"(mail=%m\";"), "2: directories[0].filter: "},
    {"filter without an address", WITH("filter = \"(mail=a)\";"), "2: directories[0].filter: "},
    {"bind without a password", WITH("bind-dn = \"cn=x\";"), "2: directories[0].bind-dn: "},
    {"base that is none", WITH("base = \"nonsense\";"), "2: directories[0].base: "},
    {"CA file that is not there", WITH("ca-file = \"/nowhere\";"), "2: directories[0].ca-file: /nowhere: "},
    {"timeout over the deadline", WITH("timeout = \"6s\";"), "2: directories[0].timeout: is longer than lookup.deadline"},
    {"password file not there", WITH("password-file = \"/nowhere\";"), "2: directories[0].password-file: /nowhere: "},

    {"anchor not there", DIRECTORY "trust = { anchors = [\n \"/etc\",\n \"/nowhere\" ]; };",
     "2: trust.anchors[1]: /nowhere: No such file"},
    {"require without any source", NO_ISSUERS "trust = { anchors = [ \"/etc\" ]; revocation = \"require\"; };\n"
     "fetch = { crls = false; };",
     "3: trust.revocation: require needs trust.crls"},
    {"a CRL at a place that nobody fetches from",
     DIRECTORY "trust = { anchors = [ \"/etc\" ]; crls = [ \"ftp://crl.example/a\" ]; };",
     "2: trust.crls[0]: "},
    {"warm without sync", WITH("warm = true;"), "2: directories[0].warm: needs sync"},
    {"sync with a filter that tells nothing", WITH("sync = true; filter = \"(mail=*%m*)\";"),
     "2: directories[0].sync: from the filter it cannot be told"},
    {"no memory for sync", WITH("sync = true; sync-memory = \"1K\";"), "2: directories[0].sync-memory: "},
    {"issuers from anywhere", GOOD "fetch = { issuers = true; };", "3: fetch.issuers: needs fetch.allow"},
    {"a network that is none", GOOD "fetch = { networks = [ \"10.0.0.1/8\" ]; };", "3: fetch.networks[0]: "},
    {"a host with a star in its middle", GOOD "fetch = { allow = [ \"aia.*.example\" ]; };", "3: fetch.allow[0]: "},
    {"a host that is a URL", GOOD "fetch = { allow = [ \"http://aia.example\" ]; };", "3: fetch.allow[0]: "},
    {"a size that is too small", GOOD "fetch = { max-size = \"1K\"; };", "3: fetch.max-size: "},
    {"an origin with a path", GOOD "http = { cors-origins = [ \"https://a.example\",\n\"https://b.example/\" ]; };",
     "3: http.cors-origins[1]: \"https://b.example/\" goes on behind the host"},
    {"an origin twice", GOOD "http = { cors-origins = [ \"https://a.example\", \"https://a.example\" ]; };",
     "3: http.cors-origins[1]: \"https://a.example\" stands here twice"},
    {"all origins and one more", GOOD "http = { cors-origins = [ \"*\", \"https://a.example\" ]; };",
     "3: http.cors-origins: \"*\" is for all origins, so no other"},
    {"OID that is none", ON_TRUST("policy-oids = [ \"any\", \"1.2.x\" ];"), "3: trust.policy-oids[1]: \"1.2.x\" is neither"},
    {"no OID", ON_TRUST("policy-oids = [ ];"), "3: trust.policy-oids: has 0 elements, not from 1 to 64"},
    {"fingerprint too short", ON_TRUST("deny = [ \"00:11\" ];"), "3: trust.deny[0]: \"00:11\" is not a SHA-256 fingerpr"},
    {"fingerprint twice in two spellings", ON_TRUST("allow = [ \"" PRINT "\", \"" PRINT_COLONS "\" ];"),
     "3: trust.allow[1]: \"" PRINT "\" stands here twice"},
    {"curve that is none", ON_TRUST("curves = [ \"p256\" ];"), "3: trust.curves[0]: \"p256\" is none of: P-256 P-384"},
    {"hash that is none", ON_TRUST("signature-hashes = [ \"md5\" ];"), "3: trust.signature-hashes[0]: \"md5\" is none of"},
    {"SHA-1 among the hashes", ON_TRUST("signature-hashes = [ \"sha256\", \"sha1\" ];"),
     "3: trust.signature-hashes[1]: \"sha1\" needs allow-sha1"},
    {"boolean as a word", ON_TRUST("domain-certificates = \"yes\";"), "3: trust.domain-certificates: must be true or false"},
    {"word of aliases", ON_TRUST("aliases = \"accept\";"), "3: trust.aliases: \"accept\" is none of: refuse directory"},

    {"rules that are no list", GOOD "trust-rules = { };", "3: trust-rules: must be a list of 1 to 64 groups"},
    {"no rules in the list", GOOD "trust-rules = ( );", "3: trust-rules: must be a list of 1 to 64 groups"},
    {"rule that is no group", GOOD "trust-rules = ( \"a\" );", "3: trust-rules[0]: must be a group"},
    {"rule without a name", GOOD "trust-rules = ( { domains = [ \"*\" ]; } );", "3: trust-rules[0].name: is missing"},
    {"rule for nobody in particular", GOOD RULE("deny = [ ];"), "4: trust-rules[0]: has neither domains nor directories"},
    {"rule of an empty list", GOOD RULE("domains = [ ];"), "4: trust-rules[0].domains: has 0 elements, not from 1"},
    {"rule of a directory that is not there", GOOD RULE("directories = [ \"a\",\n\"A\" ];"),
     "4: trust-rules[0].directories[1]: there is no directory of the name \"A\""},
    {"rule of a domain that is none", GOOD RULE("domains = [ \"a@b\" ];"), "4: trust-rules[0].domains[0]: \"a@b\" is neither"},
    {"two rules of one name", GOOD "trust-rules = ( { name = \"r\"; domains = [ \"*\" ]; },\n"
                                   "{ name = \"R\"; domains = [ \"*\" ]; } );",
     "4: trust-rules[1].name: trust-rules[0] has this name already"},
    {"rule with a setting that is none", GOOD RULE("domains = [ \"*\" ]; allow-sha2 = true;"),
     "4: trust-rules[0].allow-sha2: there is no such setting; did you mean trust.allow-sha1?"},
    {"rule with the name of trust", GOOD "trust-rules = ( { name = \"trust\"; domains = [ \"*\" ]; } );",
     "3: trust-rules[0].name: \"trust\" is"},
    {"rule with a name that is nearly one", GOOD RULE("domain = [ \"*\" ];"),
     "4: trust-rules[0].domain: there is no such setting; did you mean trust-rules.domains?"},
    {"rule that watches files", GOOD RULE("domains = [ \"*\" ]; watch = \"1m\";"),
     "4: trust-rules[0].watch: there is no such setting"},
    {"rule with a value out of bounds", GOOD RULE("domains = [ \"*\" ]; min-rsa-bits = 512;"),
     "4: trust-rules[0].min-rsa-bits: 512 is not from 1024 to 8192"},
    {"rule with an anchor that is not there", GOOD RULE("domains = [ \"*\" ];\n anchors = [ \"/nowhere\" ];"),
     "5: trust-rules[0].anchors[0]: /nowhere: No such file"},
    {"rule with no anchor", GOOD RULE("domains = [ \"*\" ]; anchors = [ ];"), "4: trust-rules[0].anchors: has 0 elements"},
    {"rule that requires without any source",
     NO_ISSUERS TRUST "fetch = { crls = false; };" RULE("domains = [ \"*\" ]; revocation = \"require\";"),
     "5: trust-rules[0].revocation: require needs trust-rules[0].crls"},
    {"rule with a fingerprint that is none", GOOD RULE("domains = [ \"*\" ]; deny = [ \"x\" ];"),
     "4: trust-rules[0].deny[0]: \"x\" is not"},

    {"watching as a number", DIRECTORY "trust = { anchors = [ \"/etc\" ]; watch = 30; };", "2: trust.watch: "},
    {"watching too seldom", DIRECTORY "trust = { anchors = [ \"/etc\" ]; watch = \"2d\"; };", "2: trust.watch: "},
    {"ttr below nothing", GOOD "cache = { ttr = \"-1s\"; };", "3: cache.ttr: "},
    {"more renewals than there may be", GOOD "cache = { renewals = 10001; };", "3: cache.renewals: "},
    {"renewals as a duration", GOOD "cache = { renewals = \"50\"; };", "3: cache.renewals: "},
    {"revalidate too long", GOOD "cache = { revalidate = \"2h\"; };", "3: cache.revalidate: "},
    {"no patience at all", GOOD "cache = { patience = \"0\"; };", "3: cache.patience: "},
    {"negttl over ttl", GOOD "cache = { ttl = \"1m\";\n negttl = \"2m\"; };", "4: cache.negttl: is longer than cache.ttl"},
    {"limitttl over ttl", GOOD "cache = { ttl = \"1m\"; limitttl = \"2m\"; };", "3: cache.limitttl: is longer than cache.ttl"},
    {"memory-ttl without redis", GOOD "cache = { memory-ttl = \"5s\"; };", "3: cache.memory-ttl: means something with a redis"},
    {"waiting over half", GOOD "http = { connections = 100; waiting = 50; };", "3: http.waiting: 50 is not less than half"},
    {"redis as slow as a lookup", GOOD "redis = { uri = \"redis://h\";\n timeout = \"3s\"; };",
     "4: redis.timeout: is longer than half of lookup.deadline"},
    {"redis without uri", GOOD "redis = { };", "3: redis.uri: is missing"},
    {"redis with another uri", GOOD "redis = { uri = \"http://h\"; };", "3: redis.uri: "},
    {"prefix too long", GOOD "redis = { uri = \"redis://h\"; prefix = \"123456789012345678901234567890123\"; };",
     "3: redis.prefix: is longer than 32 bytes"},
    {"prefix with a space", GOOD "redis = { uri = \"redis://h\"; prefix = \"a b\"; };", "3: redis.prefix: \"a b\" has"},
    {"seal key too short", GOOD "redis = { uri = \"redis://h\"; seal-key-file = \"${FOLDER}/short\"; };",
     "3: redis.seal-key-file: "},
    {"seal key that others read", GOOD "redis = { uri = \"redis://h\"; seal-key-file = \"${FOLDER}/loose\"; };",
     "3: redis.seal-key-file: "},
    {"seal key too long", GOOD "redis = { uri = \"redis://h\"; seal-key-file = \"${FOLDER}/long\"; };",
     "3: redis.seal-key-file: "},
    {"old seal key alone", GOOD "redis = { uri = \"redis://h\"; old-seal-key-file = \"${FOLDER}/key\"; };",
     "3: redis.old-seal-key-file: stands without seal-key-file"},
    {"old seal key the same", GOOD "redis = { uri = \"redis://h\"; seal-key-file = \"${FOLDER}/key\";\n"
                                   "old-seal-key-file = \"${FOLDER}/key\"; };",
     "4: redis.old-seal-key-file: holds the same key"},
    {"token with a NUL", GOOD "http = { token-file = \"${FOLDER}/nul\"; };", "3: http.token-file: the file holds a NUL"},
    {"token with a space", GOOD "http = { token-file = \"${FOLDER}/space\"; };", "3: http.token-file: the token has"},
    {"open to some", GOOD "http = { open-to = \"some\"; };", "3: http.open-to: \"some\" is none of: loopback all nobody"},
    {"open to nobody", GOOD "http = { open-to = \"nobody\"; };", "3: http.open-to: without http.tokens-file nobody may"},
    {"others may reach it", "listen = [ \"127.0.0.1:0\", \"0.0.0.0:0\" ];\n" GOOD,
     "1: listen[1]: others than this machine may reach it: give them tokens by http.tokens-file"},
    {"a file that holds no tokens", GOOD "http = { tokens-file = \"${FOLDER}/key\"; };",
     "3: http.tokens-file: line 1: a token has a name"},
    {"TLS without a certificate", "listen = [ \"https://127.0.0.1:0\" ];\n" GOOD,
     "1: listen: https:// needs tls.certificate-file and tls.key-file"},
    {"TLS on a socket in the file system", "listen = [ \"https://unix:/run/x\" ];\n" GOOD,
     "1: listen[0]: \"https://unix:/run/x\": a socket in the file system has no TLS"},
    {"for proxies that nobody knows", "listen = [ \"127.0.0.1:0\", \"proxy:127.0.0.1:0\" ];\n" GOOD,
     "1: listen[1]: proxy: needs addresses in http.trusted-proxies"},
    {"for proxies of another kind", "listen = [ \"proxy:unix:/run/x\" ];\n" GOOD "http = { trusted-proxies = [ \"10.0.0.1\" ]; open-to = \"all\"; };",
     "1: listen[0]: proxy: needs \"unix\" in http.trusted-proxies"},
    {"for proxies alone, without tokens", "listen = [ \"proxy:127.0.0.1:0\" ];\n" GOOD "http = { trusted-proxies = [ \"10.0.0.1\" ]; };",
     "1: listen[0]: others than this machine may reach it"},
    {"for proxies, twice", "listen = [ \"proxy:proxy:127.0.0.1:0\" ];\n" GOOD, "1: listen[0]: "},
    {"TLS, then for proxies", "listen = [ \"https://proxy:127.0.0.1:0\" ];\n" GOOD, "1: listen[0]: "},
    {"TLS by another word", "listen = [ \"https:127.0.0.1:0\" ];\n" GOOD, "1: listen[0]: "},
    {"TLS of a name", "listen = [ \"https://localhost:0\" ];\n" GOOD, "1: listen[0]: \"https://localhost:0\": not a numeric"},
    {"others may reach it by TLS", "listen = [ \"https://0.0.0.0:0\" ];\n" GOOD
     "tls = { certificate-file = \"${FOLDER}/key\"; key-file = \"${FOLDER}/key\"; };", "4: tls.certificate-file: no certificate in PEM"},
    {"a certificate for nobody", GOOD "tls = { certificate-file = \"${FOLDER}/key\"; key-file = \"${FOLDER}/key\"; };",
     "3: tls.certificate-file: no address in listen begins with https://"},
    {"a certificate without its key", GOOD "tls = { certificate-file = \"${FOLDER}/key\"; };",
     "3: tls.certificate-file: no address in listen"},
    {"a key alone", GOOD "tls = { key-file = \"${FOLDER}/key\"; };", "3: tls.key-file: stands without certificate-file"},
    {"a key that others read", GOOD "tls = { key-file = \"${FOLDER}/loose\"; };", "3: tls.key-file: "},
    {"no such certificate", GOOD "tls = { certificate-file = \"${FOLDER}/none\"; };", "3: tls.certificate-file: "},
    {"an empty certificate", GOOD "tls = { certificate-file = \"${FOLDER}/empty\"; };",
     "3: tls.certificate-file: "},
    {"client CAs alone", GOOD "tls = { client-ca-file = \"${FOLDER}/key\"; };",
     "3: tls.client-ca-file: stands without certificate-file"},
    {"client CRLs alone", GOOD "tls = { client-crl-file = \"${FOLDER}/key\"; };",
     "3: tls.client-crl-file: stands without client-ca-file"},
    {"clients of nobody", GOOD "tls = { clients = \"require\"; };", "3: tls.clients: stands without client-ca-file"},
    {"clients that may", GOOD "tls = { clients = \"may\"; };", "3: tls.clients: \"may\" is none of: ask require"},
    {"lines for certificates of nobody", GOOD "http = { tokens-file = \"${FOLDER}/certificates\"; };",
     "3: http.tokens-file: it has lines for client certificates"},
    {"secret of nothing", WITH("bind-dn = \"cn=x\"; password-file = \"${FOLDER}/empty\";"), "2: directories[0].password-file: "},

    {"open comment", GOOD "\n/* drain = \"1s\";", "4: a comment begins here that never ends"},
    {"open string", GOOD "log = { level = \"info };\n", "3: a string begins here that does not end on this line"},
    {"open string at the end", GOOD "drain = \"", "3: a string begins here that never ends"},
    {"NUL by escape", GOOD "drain = \"1s\\x00\";", "3: a string cannot hold a NUL"},
    {"include", "@include \"/etc\"\n" GOOD, "1: @include is not supported"},
    {"brackets without end", GOOD "x = ((((((((((((", "3: brackets are nested more than 8 deep"},
    {"brackets of all kinds", GOOD "x = { a = ( [ ( { b = ( ( ( [ 1 ] ) ) ) } ) ] ) }", "3: brackets are nested more"},
    {"no value", GOOD "drain = ;", "3: syntax error"},
    {"no end", GOOD "cache = { ttl = \"1s\";", "3: syntax error"},
    {"garbage", GOOD "drain = \"1s\"; ?", "3: syntax error"},
};

static void test_broken(void **state)
{
    char many[3000];

    (void)state;
    memset(many, 'x', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    setenv("LONG", many, 1);
    setenv("FOLDER", folder, 1);
    unsetenv("NO_SUCH");
    write_file("key", "01234567890123456789012345678901", 32, 0600);
    write_file("certificates", "a certificate lookup never", 26, 0600);
    write_file("short", "0123456789012345678901234567890\n", 32, 0600);
    write_file("loose", "01234567890123456789012345678901", 32, 0640);
    memset(many, 'k', sizeof(many));
    char long_key[4097];
    memset(long_key, 'k', sizeof(long_key));
    write_file("long", long_key, sizeof(long_key), 0600);
    write_file("nul", "0123456789\0abcdefghij", 21, 0600);
    write_file("space", "0123456789 abcdefghij", 21, 0600);
    write_file("empty", "\n\n", 2, 0600);
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct config *config = load(broken[i].text);
        const char *first = fault(0);
        bool as_wanted = config == NULL && first != NULL && strncmp(first, broken[i].want, strlen(broken[i].want)) == 0;
        if (!as_wanted) {
            print_error("%s:\n  want %s\n  got  %s\n", broken[i].name, broken[i].want, first != NULL ? first : "no fault");
            config_free(&config);
        }
        assert_true(as_wanted);
    }
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
    config = load(text);
    assert_string_equal(heard, "");
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

static void test_every_fault_is_told(void **state)
{
    static const char text[] = "x1 = 1;\n"
                               "drain = 5;\n"
                               "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ]; domains = [ \"a@b\", \"b@c\" ]; },\n"
                               "  { name = \"b\"; uri = [ \"ldaps://h\" ]; domains = [ \"*\" ]; filter = \"(\"; } );\n"
                               "http = { connections = 20;\n waiting = 10; };\n" TRUST;
    static const char *const want[] = {"1: x1: ", "2: drain: ", "3: directories[0].domains[0]: ",
                                       "3: directories[0].domains[1]: ", "4: directories[1].filter: ",
                                       "6: http.waiting: "};

    (void)state;
    assert_null(load(text));
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        assert_non_null(fault(i));
        assert_memory_equal(fault(i), want[i], strlen(want[i]));
    }
    assert_null(fault(sizeof(want) / sizeof(want[0])));
}

/* A file full of faults does not fill the log. */
static void test_faults_are_bounded(void **state)
{
    static char text[64 * 1024];
    size_t size = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        size += (size_t)snprintf(text + size, sizeof(text) - size, "x%d = 1;\n", i);
    }
    assert_null(load_bytes(text, size));
    assert_string_equal(fault(100), " and more faults, not shown");
    assert_null(fault(101));
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
        struct config *config = load(text);
        assert_string_equal(heard, "");
        assert_string_equal(config->redis.username, rows[i].want);
        config_free(&config);
    }
}

static void test_files_that_are_no_text(void **state)
{
    static char large[MAX_CONFIG_BYTES + 1];
    static const char with_nul[] = "drain = \"1s\";\n\0";
    static const char latin1[] = "drain = \"1s\";\n\n# \xfc\n";

    (void)state;
    assert_null(load_bytes(with_nul, sizeof(with_nul)));
    assert_string_equal(fault(0), "2: is not a text in UTF-8");
    assert_null(load_bytes(latin1, sizeof(latin1) - 1));
    assert_string_equal(fault(0), "3: is not a text in UTF-8");
    memset(large, '\n', sizeof(large));
    assert_null(load_bytes(large, sizeof(large)));
    assert_non_null(strstr(fault(0), "larger than"));

    heard[0] = '\0';
    assert_null(config_load(folder, hear, heard));
    assert_non_null(strstr(heard, folder));
    heard[0] = '\0';
    assert_null(config_load("/nowhere/at/all", hear, heard));
    assert_string_equal(heard, "\n/nowhere/at/all: No such file or directory");
}

static void test_lines_after_comments_and_lists(void **state)
{
    (void)state;
    assert_null(load("# one\n// two\n/* three\n four \" { ( */ # five\nlisten = [\n\"127.0.0.1:1\"\n,\n\"127.0.0.1:2\"\n]\n;"
                     "# \"'\n" GOOD "log = {\nlevel = \"x\"; };"));
    assert_memory_equal(fault(0), "14: log.level: ", 15);
}

static void test_presets_follow_ttl(void **state)
{
    struct config *config = load(GOOD "cache = { ttl = \"30s\"; };");

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
        struct config *now = load(rows[i].now), *next = load(rows[i].next);
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
    setenv("FOLDER", folder, 1);
    write_file("key", "01234567890123456789012345678901", 32, 0600);
    write_file("c", GOOD "redis = { uri = \"redis://h\"; seal-key-file = \"${FOLDER}/key\"; };",
               strlen(GOOD "redis = { uri = \"redis://h\"; seal-key-file = \"${FOLDER}/key\"; };"), 0644);
    for (;; nth++) {
        heard[0] = '\0';
        scarce_begin(nth);
        struct config *config = config_load(in_folder("c"), hear, heard);
        bool failed = scarce_end();
        assert_true(config != NULL || heard[0] != '\0');
        assert_true(config == NULL || heard[0] == '\0');
        config_free(&config);
        if (!failed) {
            break;
        }
    }
    assert_true(nth > 10);
    assert_string_equal(heard, "");
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"c",   "key",   "token", "short",        "loose", "long",
                                        "nul", "space", "empty", "certificates"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unlink(in_folder(names[i]));
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_without_memory_nothing_is_kept_ready),
        cmocka_unit_test(test_everything_given),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_every_fault_is_told),
        cmocka_unit_test(test_faults_are_bounded),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_files_that_are_no_text),
        cmocka_unit_test(test_lines_after_comments_and_lists),
        cmocka_unit_test(test_presets_follow_ttl),
        cmocka_unit_test(test_needs_restart),
        cmocka_unit_test(test_settings_are_listed),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
