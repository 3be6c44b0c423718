/* What a certificate, a redirect or a name server cannot make the fetcher reach: a trap on loopback sees no connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "tests/unit/fetch_play.h"
#include "tests/unit/web_play.h"

WEB_PLAYS_NAMES

#define TO "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\nLocation: "
#define GOOD "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngood"

static const struct web_page trap_pages[] = {{"/good", GOOD}, {"/", GOOD}, {NULL}};
static struct web trap, trap6; /* on 127.0.0.1 and ::1, the same port */

static char *with_port(const char *text, char out[300])
{
    const char *mark = strstr(text, "PORT");

    (void)snprintf(out, 300, "%.*s%d%s", (int)(mark != NULL ? mark - text : 0), text, trap.port,
                   mark != NULL ? mark + 4 : "");
    if (mark == NULL) {
        (void)snprintf(out, 300, "%s", text);
    }
    return out;
}

/* Public addresses only. */
static struct fetcher_config public_config(void)
{
    static const char *const any[] = {"*"};
    struct fetcher_config config = fetch_config();

    config.rules.networks = NULL;
    config.rules.network_count = 0;
    config.rules.timeout_ms = 2000;
    config.issuer_hosts = any;
    config.issuer_host_count = 1;
    return config;
}

static void expect_refused(struct fetcher *fetcher, const char *url, const char *words)
{
    for (int purpose = FETCH_CRL; purpose <= FETCH_ISSUER; purpose++) {
        uint64_t refused = count_read(COUNT_FETCH_CRL_REFUSED) + count_read(COUNT_FETCH_OCSP_REFUSED) +
                           count_read(COUNT_FETCH_ISSUER_REFUSED);
        struct fetched *fetched = fetch_now(fetcher, (enum fetch_purpose)purpose, url);

        if (fetched->ok || !fetched->refused || strstr(fetched->error.text, words) == NULL) {
            fail_msg("%s: %s", url, fetched->error.text);
        }
        assert_int_equal(count_read(COUNT_FETCH_CRL_REFUSED) + count_read(COUNT_FETCH_OCSP_REFUSED) +
                             count_read(COUNT_FETCH_ISSUER_REFUSED),
                         refused + 1);
        fetched_free(&fetched);
    }
    if (atomic_load(&trap.connections) + atomic_load(&trap6.connections) > 0) {
        fail_msg("%s: the trap was reached", url);
    }
}

/* Whatever is written in the URL. Most of these curl itself would take to the trap. */
static void spellings_reach_nothing(void **state)
{
    static const struct {
        const char *url, *words;
    } rows[] = {
        {"http://127.0.0.1:PORT/good", "the address 127.0.0.1 is neither public"},
        {"https://127.0.0.1:PORT/good", "the address 127.0.0.1 is neither public"},
        {"http://127.255.255.254:PORT/good", "the address 127.255.255.254 is neither public"},
        {"http://localhost:PORT/good", "is neither public"},
        {"http://LOCALHOST:PORT/good", "is neither public"},
        {"http://0.0.0.0:PORT/good", "the address 0.0.0.0 is neither public"},
        {"http://[::1]:PORT/good", "the address ::1 is neither public"},
        {"http://[::]:PORT/good", "the address :: is neither public"},
        {"http://[0:0:0:0:0:0:0:1]:PORT/good", "the address ::1 is neither public"},
        {"http://[::ffff:127.0.0.1]:PORT/good", "the address ::ffff:127.0.0.1 is neither public"},
        {"http://[::ffff:7f00:1]:PORT/good", "the address ::ffff:127.0.0.1 is neither public"},
        {"http://[::127.0.0.1]:PORT/good", "is neither public"},
        {"http://[64:ff9b::127.0.0.1]:PORT/good", "is neither public"},
        {"http://[64:ff9b::7f00:1]:PORT/good", "is neither public"},
        {"http://[64:ff9b:1::127.0.0.1]:PORT/good", "is neither public"},
        {"http://[2002:7f00:1::1]:PORT/good", "is neither public"},
        {"http://[2001:0:7f00:1::1]:PORT/good", "is neither public"},
        {"http://[fe80::1]:PORT/good", "is neither public"},
        {"http://[fc00::1]:PORT/good", "is neither public"},
        {"http://[fec0::1]:PORT/good", "is neither public"},
        {"http://[ff02::1]:PORT/good", "is neither public"},
        {"http://10.0.0.1:PORT/good", "the address 10.0.0.1 is neither public"},
        {"http://172.16.0.1:PORT/good", "is neither public"},
        {"http://192.168.1.1:PORT/good", "is neither public"},
        {"http://100.64.0.1:PORT/good", "the address 100.64.0.1 is neither public"},
        {"http://169.254.169.254/latest/meta-data/", "the address 169.254.169.254 is neither public"},
        {"http://198.18.0.1:PORT/good", "is neither public"},
        {"http://224.0.0.1:PORT/good", "is neither public"},
        {"http://240.0.0.1:PORT/good", "is neither public"},
        {"http://255.255.255.255:PORT/good", "is neither public"},
        {"http://2130706433:PORT/good", "the URL: "},
        {"http://017700000001:PORT/good", "the URL: "},
        {"http://0177.0.0.1:PORT/good", "the URL: "},
        {"http://0x7f.1:PORT/good", "the URL: "},
        {"http://0x7f000001:PORT/good", "the URL: "},
        {"http://127.1:PORT/good", "the URL: "},
        {"http://127.0.1:PORT/good", "the URL: "},
        {"http://0:PORT/good", "the URL: "},
        {"http://127.0.0.1.:PORT/good", "the URL: "},
        {"http://127。0。0。1:PORT/good", "the URL: "},
        {"http://①②⑦.0.0.1:PORT/good", "the URL: "},
        {"http://user:pass@127.0.0.1:PORT/good", "the URL: "},
        {"http://example.org@127.0.0.1:PORT/good", "the URL: "},
        {"http://example.org#@127.0.0.1:PORT/good", "the URL: "},
        {"http://example.org\\@127.0.0.1:PORT/good", "the URL: "},
        {"http://127.0.0.1:PORT\\@example.org/good", "the URL: "},
        {"http://[::1%25lo]:PORT/good", "the URL: "},
        {"http://%31%32%37.0.0.1:PORT/good", "the URL: "},
        {"http:/127.0.0.1:PORT/good", "the URL: "},
        {"http:127.0.0.1:PORT/good", "the URL: "},
        {"http:///127.0.0.1:PORT/good", "the URL: "},
        {"//127.0.0.1:PORT/good", "the URL: "},
        {"127.0.0.1:PORT/good", "the URL: "},
        {"file:///etc/passwd", "the URL: "},
        {"file://localhost/etc/passwd", "the URL: "},
        {"gopher://127.0.0.1:PORT/_GET%20/", "the URL: "},
        {"dict://127.0.0.1:PORT/d:x", "the URL: "},
        {"ftp://127.0.0.1:PORT/good", "the URL: "},
        {"tftp://127.0.0.1:PORT/good", "the URL: "},
        {"telnet://127.0.0.1:PORT/", "the URL: "},
        {"smb://127.0.0.1/share/x", "the URL: "},
        {"scp://127.0.0.1:PORT/etc/passwd", "the URL: "},
        {"imap://127.0.0.1:PORT/", "the URL: "},
        {"ldap://127.0.0.1:PORT/cn=x?cACertificate", "the URL: "},
        {"ldaps://127.0.0.1:PORT/cn=x?cACertificate", "the URL: "},
        {"ldapi://%2Frun%2Fslapd%2Fldapi/", "the URL: "},
        {"unix:///run/docker.sock", "the URL: "},
        {"data:,good", "the URL: "},
        {"javascript:alert(1)", "the URL: "},
    };
    struct fetcher_config config = public_config();
    struct fetcher *fetcher = fetch_open(&config);
    char url[300];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        expect_refused(fetcher, with_port(rows[i].url, url), rows[i].words);
    }
    fetcher_close(&fetcher);
}

/* Whatever the name server says. */
static void names_reach_nothing(void **state)
{
    static struct web_name names[] = {
        {"a.example", {"127.0.0.1"}}, {"b.example", {"::1"}}, {"c.example", {"::ffff:127.0.0.1"}},
        {"d.example", {"127.0.0.1,::1"}}, {"e.example", {"10.0.0.1,192.168.0.1,fd00::1"}}, {"f.example", {"100.64.0.1"}},
        {"g.example", {"64:ff9b::7f00:1"}}, {"h.example", {"169.254.169.254"}}, {"i.example", {"0.0.0.0"}},
        {"j.example", {"::"}}, {"k.example", {"2002:7f00:1::"}}, {NULL},
    };
    struct fetcher_config config = public_config();
    struct fetcher *fetcher = fetch_open(&config);
    char url[300];

    (void)state;
    web_names(names);
    for (size_t i = 0; names[i].name != NULL; i++) {
        (void)snprintf(url, sizeof(url), "http://%s:%d/good", names[i].name, trap.port);
        expect_refused(fetcher, url, "is neither public nor in a network that may be reached");
        assert_true(atomic_load(&names[i].asked) > 0);
    }
    fetcher_close(&fetcher);
}

/* A name whose answer is good when it is looked at and bad when it is used, or the other way round, or both at once:
 * what counts is where the connection goes. 127.0.0.2 may be reached here, and 127.0.0.1 is the trap. */
static void names_that_change_reach_nothing(void **state)
{
    static struct web_name names[] = {
        {"first.example", {"127.0.0.2", "127.0.0.1"}},
        {"second.example", {"127.0.0.1", "127.0.0.2"}},
        {"both.example", {"127.0.0.1,127.0.0.2"}},
        {"again.example", {"127.0.0.2,127.0.0.1", "127.0.0.1,127.0.0.2"}},
        {NULL},
    };
    struct fetcher_config config = public_config();
    struct network only;
    char url[300];

    (void)state;
    web_names(names);
    assert_int_equal(network_parse("127.0.0.2", &only, NULL), 0);
    config.rules.networks = &only;
    config.rules.network_count = 1;
    struct fetcher *fetcher = fetch_open(&config);

    for (int i = 0; i < 20; i++) {
        (void)snprintf(url, sizeof(url), "http://%s:%d/good", names[i % 4].name, trap.port);
        struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, url);

        /* Nobody listens on 127.0.0.2, so that nothing comes. */
        assert_false(fetched->ok);
        assert_true(fetched->refused || strstr(fetched->error.text, "onnect") != NULL);
        fetched_free(&fetched);
        assert_int_equal(atomic_load(&trap.connections), 0);
    }
    fetcher_close(&fetcher);
}

/* Whatever a server that may be reached says. It is 127.0.0.2. */
static void redirects_reach_nothing(void **state)
{
    static struct web_name names[] = {{"inside.example", {"127.0.0.1"}},
                                      {"turns.example", {"127.0.0.2", "127.0.0.1"}},
                                      {NULL}};
    static const struct {
        const char *to, *words;
    } rows[] = {
        {"http://127.0.0.1:PORT/good", "the address 127.0.0.1 is neither public"},
        {"//127.0.0.1:PORT/good", "the address 127.0.0.1 is neither public"},
        {"http://[::1]:PORT/good", "the address ::1 is neither public"},
        {"http://localhost:PORT/good", "is neither public"},
        {"http://inside.example:PORT/good", "the address 127.0.0.1 is neither public"},
        {"http://turns.example:PORT/step", "the address 127.0.0.1 is neither public"},
        {"http://2130706433:PORT/good", ""},
        {"http://0177.0.0.1:PORT/good", ""},
        {"http://0x7f.1:PORT/good", ""},
        {"http://[::ffff:127.0.0.1]:PORT/good", "is neither public"},
        {"http://169.254.169.254/", "the address 169.254.169.254 is neither public"},
        {"http://user:pass@127.0.0.1:PORT/good", "redirects to a URL that"},
        {"http://127.0.0.1:25/", "redirects to a URL that"},
        {"http://127.0.0.1:PORT/good#x", ""},
        {"file:///etc/passwd", "redirects to a URL that"},
        {"FILE:///etc/passwd", "redirects to a URL that"},
        {"gopher://127.0.0.1:PORT/_x", "redirects to a URL that"},
        {"ftp://127.0.0.1:PORT/good", "redirects to a URL that"},
        {"dict://127.0.0.1:PORT/d:x", "redirects to a URL that"},
        {"ldap://127.0.0.1:PORT/cn=x?cACertificate", "redirects"},
        {"ldaps://127.0.0.1:PORT/cn=x?cACertificate", "redirects to a URL that"},
        {"data:,good", ""},
        {"http://", ""},
        {"http://127.0.0.1:PORT/a b", ""},
        {"\x01", ""},
    };
    static char said[sizeof(rows) / sizeof(rows[0])][400], paths[sizeof(rows) / sizeof(rows[0])][20];
    static struct web_page pages[sizeof(rows) / sizeof(rows[0]) + 2];
    size_t count = sizeof(rows) / sizeof(rows[0]);
    static struct web server;
    struct fetcher_config config = public_config();
    struct network only;
    char url[300];

    (void)state;
    web_names(names);
    assert_int_equal(network_parse("127.0.0.2", &only, NULL), 0);
    config.rules.networks = &only;
    config.rules.network_count = 1;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(said[i], sizeof(said[i]), TO "%s\r\n\r\n", with_port(rows[i].to, url));
        (void)snprintf(paths[i], sizeof(paths[i]), "/%zu", i);
        pages[i] = (struct web_page){.path = paths[i], .first = said[i]};
    }
    pages[count] = (struct web_page){.path = "/step", .first = TO "/good\r\n\r\n"};
    assert_true(web_start_at(&server, pages, trap.port, "127.0.0.2"));
    struct fetcher *fetcher = fetch_open(&config);

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(url, sizeof(url), "http://127.0.0.2:%d/%zu", trap.port, i);
        uint64_t refused = count_read(COUNT_FETCH_CRL_REFUSED), failed = count_read(COUNT_FETCH_CRL_FAILED);
        struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, url);

        if (fetched->ok || fetched->refused || strstr(fetched->error.text, rows[i].words) == NULL) {
            fail_msg("%s: %s", rows[i].to, fetched->error.text);
        }
        assert_int_equal(count_read(COUNT_FETCH_CRL_REFUSED) + count_read(COUNT_FETCH_CRL_FAILED), refused + failed + 1);
        assert_true(rows[i].words[0] == '\0' || count_read(COUNT_FETCH_CRL_REFUSED) == refused + 1);
        fetched_free(&fetched);
        if (atomic_load(&trap.connections) + atomic_load(&trap6.connections) > 0) {
            fail_msg("%s: the trap was reached", rows[i].to);
        }
    }
    fetcher_close(&fetcher);
    web_stop(&server);
}

static void the_environment_leads_nowhere(void **state)
{
    static const char *const variables[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    static struct web_name names[] = {{"outside.example", {"127.0.0.2"}}, {NULL}};
    struct fetcher_config config = public_config();
    struct network only;
    char url[300];

    (void)state;
    web_names(names);
    assert_int_equal(network_parse("127.0.0.2", &only, NULL), 0);
    config.rules.networks = &only;
    config.rules.network_count = 1;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", trap.port);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        (void)setenv(variables[i], url, 1);
    }
    struct fetcher *fetcher = fetch_open(&config);

    for (int tls = 0; tls < 2; tls++) {
        (void)snprintf(url, sizeof(url), "http%s://outside.example:%d/good", tls ? "s" : "", trap.port);
        struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, url);

        assert_false(fetched->ok);
        fetched_free(&fetched);
    }
    fetcher_close(&fetcher);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        (void)unsetenv(variables[i]);
    }
    assert_int_equal(atomic_load(&trap.connections), 0);
}

/* The trap is none that nobody can reach. */
static void the_trap_works(void **state)
{
    struct fetcher_config config = public_config();
    struct network networks[2];
    char url[300];

    (void)state;
    assert_int_equal(network_parse("127.0.0.0/8", &networks[0], NULL), 0);
    assert_int_equal(network_parse("::1", &networks[1], NULL), 0);
    config.rules.networks = networks;
    config.rules.network_count = 2;
    struct fetcher *fetcher = fetch_open(&config);
    struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, with_port("http://127.0.0.1:PORT/good", url));

    assert_true(fetched->ok);
    fetched_free(&fetched);
    assert_int_equal(atomic_load(&trap.connections), 1);
    fetched = fetch_now(fetcher, FETCH_CRL, with_port("http://[::1]:PORT/good", url));
    assert_int_equal(fetched->ok, trap6.port != 0);
    fetched_free(&fetched);
    fetched = fetch_now(fetcher, FETCH_CRL, with_port("http://[::ffff:127.0.0.1]:PORT/good", url));
    assert_true(fetched->ok);
    fetched_free(&fetched);
    fetcher_close(&fetcher);
}

static int start(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    if (!web_start(&trap, trap_pages, 0)) {
        return -1;
    }
    /* Where there is no IPv6, there is nothing to reach either. */
    if (!web_start_at(&trap6, trap_pages, trap.port, "::1")) {
        trap6.port = 0;
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    web_stop(&trap);
    if (trap6.port != 0) {
        web_stop(&trap6);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_reach_nothing),
        cmocka_unit_test(names_reach_nothing),
        cmocka_unit_test(names_that_change_reach_nothing),
        cmocka_unit_test(redirects_reach_nothing),
        cmocka_unit_test(the_environment_leads_nowhere),
        cmocka_unit_test(the_trap_works),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
