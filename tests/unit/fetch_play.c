#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <poll.h>

#include "tests/unit/fetch_play.h"

struct fetcher_config fetch_config(void)
{
    static struct network loopback;

    assert_int_equal(network_parse("127.0.0.0/8", &loopback, NULL), 0);
    return (struct fetcher_config){
        .rules = {.networks = &loopback, .network_count = 1, .timeout_ms = 3000, .max_bytes = 100 * 1000},
        .ca_file = "",
        .threads = 2,
        .max_queued = 10,
        .per_host_minute = 1000,
    };
}

struct fetcher *fetch_open(const struct fetcher_config *config)
{
    struct error error = {""};
    struct fetcher *fetcher = fetcher_open(config, &error);

    if (fetcher == NULL) {
        fail_msg("%s", error.text);
    }
    return fetcher;
}

static void on_done(void *context, struct fetched *fetched)
{
    struct asked *asked = context;

    asked->fetched = fetched;
    atomic_fetch_add(&asked->done, 1);
}

void fetch_ask(struct fetcher *fetcher, enum fetch_purpose purpose, const char *url, struct asked *asked)
{
    static const uint8_t post[] = {0x30, 0x00, 0x01};
    const struct fetch_question question = {
        .purpose = purpose,
        .url = url,
        .post = bytes_of(purpose == FETCH_OCSP ? post : NULL, purpose == FETCH_OCSP ? sizeof(post) : 0),
    };

    *asked = (struct asked){0};
    fetcher_ask(fetcher, &question, on_done, asked);
}

struct fetched *fetch_wait(struct asked *asked)
{
    for (int i = 0; i < 3000 && atomic_load(&asked->done) == 0; i++) {
        (void)poll(NULL, 0, 10);
    }
    assert_int_equal(atomic_load(&asked->done), 1);
    return asked->fetched;
}

struct fetched *fetch_now(struct fetcher *fetcher, enum fetch_purpose purpose, const char *url)
{
    struct asked asked;

    fetch_ask(fetcher, purpose, url, &asked);
    struct fetched *fetched = fetch_wait(&asked);

    assert_non_null(fetched);
    assert_int_equal(fetched->ok, fetched->count > 0 && fetched->error.text[0] == '\0');
    return fetched;
}
