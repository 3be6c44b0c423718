/*
 * The web that certificates point to: what is served at each URL, and how.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/blob.h"
#include "fetch/fetcher.h"
#include "tests/scenario/played.h"

#define URLS_MAX 16
#define OPEN_MAX 64

struct fetcher {
    char unused;
};

static struct site {
    char url[128];
    struct blob *body;
    enum played_web mood;
    unsigned fetches;
} sites[URLS_MAX];

static struct open {
    struct fetcher *fetcher;
    struct site *site;
    void (*done)(void *context, struct fetched *fetched);
    void *context;
} opens[OPEN_MAX];

static struct site *site_of(const char *url)
{
    for (size_t i = 0; i < URLS_MAX; i++) {
        if (sites[i].url[0] == '\0') {
            snprintf(sites[i].url, sizeof(sites[i].url), "%s", url);
            sites[i].mood = WEB_DOWN;
        }
        if (strcmp(sites[i].url, url) == 0) {
            return &sites[i];
        }
    }
    abort();
}

static struct fetched *answer(const struct site *site, bool cut)
{
    static const char garbage[] = "<html>Please log in</html>";
    struct fetched *fetched = calloc(1, sizeof(*fetched));
    fetched->refused = site->mood == WEB_REFUSED;
    fetched->ok = !cut && (site->mood == WEB_ANSWERS || site->mood == WEB_GARBAGE);
    fetched->retry_after_s = site->mood == WEB_BUSY ? 120 : 0;
    error_set(&fetched->error, "%s: the story says so", site->url);
    if (fetched->ok) {
        fetched->count = 1;
        fetched->objects = calloc(1, sizeof(struct buffer));
        buffer_init(fetched->objects, 1 << 20);
        if (site->mood == WEB_GARBAGE) {
            buffer_append_string(fetched->objects, garbage);
        } else {
            buffer_append_bytes(fetched->objects, blob_bytes(site->body));
        }
    }
    return fetched;
}

/* Those that hang at this site, or of this fetcher, end. */
static void end_open(const struct site *site, const struct fetcher *fetcher)
{
    for (size_t i = 0; i < OPEN_MAX; i++) {
        struct open one = opens[i];
        if (one.done != NULL && (one.site == site || one.fetcher == fetcher)) {
            opens[i].done = NULL;
            one.done(one.context, answer(one.site, fetcher != NULL));
        }
    }
}

void played_web_reset(void)
{
    for (size_t i = 0; i < URLS_MAX; i++) {
        blob_free(&sites[i].body);
        sites[i] = (struct site){0};
    }
}

void played_web_put(const char *url, struct bytes body)
{
    struct site *site = site_of(url);
    blob_free(&site->body);
    site->body = blob_new(body);
    played_web_mood(url, WEB_ANSWERS);
}

void played_web_mood(const char *url, enum played_web mood)
{
    struct site *site = site_of(url);
    site->mood = mood;
    if (mood != WEB_HANGS) {
        end_open(site, NULL);
    }
}

unsigned played_web_fetches(const char *url)
{
    return site_of(url)->fetches;
}

struct fetcher *fetcher_open(const struct fetcher_config *config, struct error *error)
{
    (void)config, (void)error;
    return calloc(1, sizeof(struct fetcher));
}

void fetcher_close(struct fetcher **fetcher)
{
    if (*fetcher != NULL) {
        end_open(NULL, *fetcher);
    }
    free(*fetcher);
    *fetcher = NULL;
}

void fetcher_ask(struct fetcher *fetcher, const struct fetch_question *question,
                 void (*done)(void *context, struct fetched *fetched), void *context)
{
    struct site *site = site_of(question->url);
    site->fetches++;
    if (site->mood != WEB_HANGS) {
        done(context, answer(site, false));
        return;
    }
    for (size_t i = 0; i < OPEN_MAX; i++) {
        if (opens[i].done == NULL) {
            opens[i] = (struct open){fetcher, site, done, context};
            return;
        }
    }
    abort();
}

void fetched_free(struct fetched **fetched)
{
    for (size_t i = 0; *fetched != NULL && i < (*fetched)->count; i++) {
        buffer_free(&(*fetched)->objects[i]);
    }
    if (*fetched != NULL) {
        free((*fetched)->objects);
    }
    free(*fetched);
    *fetched = NULL;
}

bool fetch_url_is_allowed(const char *url, struct error *error)
{
    return strncmp(url, "http", 4) == 0 || error_set(error, "%s: the story has http only", url) == 0;
}

bool fetch_host_is_allowed(const char *host, struct error *error)
{
    (void)host, (void)error;
    return true;
}
