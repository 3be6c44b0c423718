/* What is wrong in a configuration, and where it is said to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "tests/unit/config_play.h"

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
    {"number negative", GOOD "http = { threads = -1; };", "3: http.threads: -1 is not from 0 to "},
    {"number below one", GOOD "http = { connections = -5; };",
     "3: http.connections: -5 is not from 16 to "},
    {"a URL without TLS", "listen = [ \"http://127.0.0.1:8080/\" ];\n" GOOD,
     "1: listen[0]: \"http://127.0.0.1:8080/\": nothing stands before an address without TLS: write \"127.0.0.1:8080\""},
    {"a URL without TLS, of a proxy", "listen = [ \"proxy:HTTP://[::1]:8080\" ];\n" GOOD,
     "1: listen[0]: \"proxy:HTTP://[::1]:8080\": nothing stands before an address without TLS: write \"[::1]:8080\""},
    {"slashes left out", "listen = [ \"https:127.0.0.1:1\" ];\n" GOOD,
     "1: listen[0]: \"https:127.0.0.1:1\": write \"https://127.0.0.1:1\""},
    {"a socket of systemd without its name", "listen = [ \"systemd:\" ];\n" GOOD,
     "1: listen[0]: \"systemd:\" has no name: write \"systemd:NAME\""},
    {"the same with TLS", "listen = [ \"https://systemd:\" ];\n" GOOD,
     "1: listen[0]: \"https://systemd:\" has no name: write \"systemd:NAME\""},
    {"a proxy by its name", GOOD "http = { trusted-proxies = [ \"proxy.example.org\" ]; };",
     "3: http.trusted-proxies[0]: \"proxy.example.org\" is not an address, with or without /prefix"},
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
    setenv("FOLDER", config_folder, 1);
    unsetenv("NO_SUCH");
    config_write("key", "01234567890123456789012345678901", 32, 0600);
    config_write("certificates", "a certificate lookup never", 26, 0600);
    config_write("short", "0123456789012345678901234567890\n", 32, 0600);
    config_write("loose", "01234567890123456789012345678901", 32, 0640);
    memset(many, 'k', sizeof(many));
    char long_key[4097];
    memset(long_key, 'k', sizeof(long_key));
    config_write("long", long_key, sizeof(long_key), 0600);
    config_write("nul", "0123456789\0abcdefghij", 21, 0600);
    config_write("space", "0123456789 abcdefghij", 21, 0600);
    config_write("empty", "\n\n", 2, 0600);
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct config *config = config_load_text(broken[i].text);
        const char *first = config_fault(0);
        bool as_wanted = config == NULL && first != NULL && strncmp(first, broken[i].want, strlen(broken[i].want)) == 0;
        if (!as_wanted) {
            print_error("%s:\n  want %s\n  got  %s\n", broken[i].name, broken[i].want, first != NULL ? first : "no fault");
            config_free(&config);
        }
        assert_true(as_wanted);
    }
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
    assert_null(config_load_text(text));
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        assert_non_null(config_fault(i));
        assert_memory_equal(config_fault(i), want[i], strlen(want[i]));
    }
    assert_null(config_fault(sizeof(want) / sizeof(want[0])));
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
    assert_null(config_load_bytes(text, size));
    assert_string_equal(config_fault(100), " and more faults, not shown");
    assert_null(config_fault(101));
}

static void test_files_that_are_no_text(void **state)
{
    static char large[MAX_CONFIG_BYTES + 1];
    static const char with_nul[] = "drain = \"1s\";\n\0";
    static const char latin1[] = "drain = \"1s\";\n\n# \xfc\n";

    (void)state;
    assert_null(config_load_bytes(with_nul, sizeof(with_nul)));
    assert_string_equal(config_fault(0), "2: is not a text in UTF-8");
    assert_null(config_load_bytes(latin1, sizeof(latin1) - 1));
    assert_string_equal(config_fault(0), "3: is not a text in UTF-8");
    memset(large, '\n', sizeof(large));
    assert_null(config_load_bytes(large, sizeof(large)));
    assert_non_null(strstr(config_fault(0), "larger than"));

    config_heard[0] = '\0';
    assert_null(config_load(config_folder, config_hear, config_heard));
    assert_non_null(strstr(config_heard, config_folder));
    config_heard[0] = '\0';
    assert_null(config_load("/nowhere/at/all", config_hear, config_heard));
    assert_string_equal(config_heard, "\n/nowhere/at/all: No such file or directory");
}

static void test_lines_after_comments_and_lists(void **state)
{
    (void)state;
    assert_null(config_load_text("# one\n// two\n/* three\n four \" { ( */ # five\nlisten = [\n\"127.0.0.1:1\"\n,\n\"127.0.0.1:2\"\n]\n;"
                     "# \"'\n" GOOD "log = {\nlevel = \"x\"; };"));
    assert_memory_equal(config_fault(0), "14: log.level: ", 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_every_fault_is_told),
        cmocka_unit_test(test_faults_are_bounded),
        cmocka_unit_test(test_files_that_are_no_text),
        cmocka_unit_test(test_lines_after_comments_and_lists),
    };

    return cmocka_run_group_tests(tests, config_begin, config_end);
}
