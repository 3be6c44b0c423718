#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "fetch/private.h"

static const struct {
    const char *word;
    enum counter counters[FETCH_RESULT_COUNT];
} PURPOSES[] = {
    [FETCH_CRL] = {"crl", {COUNT_FETCH_CRL_OK, COUNT_FETCH_CRL_FAILED, COUNT_FETCH_CRL_REFUSED, COUNT_FETCH_CRL_LIMIT}},
    [FETCH_OCSP] = {"ocsp",
                    {COUNT_FETCH_OCSP_OK, COUNT_FETCH_OCSP_FAILED, COUNT_FETCH_OCSP_REFUSED, COUNT_FETCH_OCSP_LIMIT}},
    [FETCH_ISSUER] = {"issuer", {COUNT_FETCH_ISSUER_OK, COUNT_FETCH_ISSUER_FAILED, COUNT_FETCH_ISSUER_REFUSED,
                                 COUNT_FETCH_ISSUER_LIMIT}},
};

void fetched_free(struct fetched **fetched)
{
    if (*fetched == NULL) {
        return;
    }
    for (size_t i = 0; i < (*fetched)->count; i++) {
        buffer_free(&(*fetched)->objects[i]);
    }
    free((*fetched)->objects);
    free(*fetched);
    *fetched = NULL;
}

bool fetch_url_is_allowed(const char *url, struct error *error)
{
    struct url ignored;

    return url_parse(url, &ignored, error) == 0;
}

bool fetch_host_is_allowed(const char *host, struct error *error)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]";
    const char *name = strncmp(host, "*.", 2) == 0 ? host + 2 : host;

    if (strcmp(host, "*") != 0 && (name[0] == '\0' || name[strspn(name, letters)] != '\0')) {
        error_set(error, "\"%.100s\" is neither a host nor \"*.domain\" nor \"*\"", host);
        return false;
    }
    return true;
}

static void question_free(struct question *question)
{
    if (question != NULL) {
        fetched_free(&question->fetched);
        free(question->url);
        free(question->post);
        free(question);
    }
}

static int copy_post(struct question *question, struct bytes post)
{
    if (post.data == NULL) {
        return 0;
    }
    question->post = malloc(post.size + 1); /* never of size 0 */
    if (question->post == NULL) {
        return -1;
    }
    memcpy(question->post, post.data, post.size);
    question->post_size = post.size;
    return 0;
}

/* NULL: out of memory. */
static struct question *question_new(struct fetcher *fetcher, const struct fetch_question *asked)
{
    struct question *question = calloc(1, sizeof(*question));

    if (question == NULL) {
        return NULL;
    }
    question->fetcher = fetcher;
    question->purpose = asked->purpose;
    question->deadline_ms = clock_mono_ms() + fetcher->config.rules.timeout_ms;
    question->fetched = calloc(1, sizeof(*question->fetched));
    question->url = strdup(asked->url);
    if (question->fetched == NULL || question->url == NULL || copy_post(question, asked->post) != 0) {
        question_free(question);
        return NULL;
    }
    return question;
}

static void report(const struct question *question, enum fetch_result result)
{
    static const char *const SENTENCES[] = {
        [FETCH_OK] = "fetched",
        [FETCH_FAILED] = "cannot fetch",
        [FETCH_REFUSED] = "will not fetch",
        [FETCH_LIMIT] = "cannot fetch now",
    };
    char shown[URL_SHOWN_BYTES];

    count(PURPOSES[question->purpose].counters[result]);
    log_event(result == FETCH_OK ? LEVEL_DEBUG : LEVEL_INFO, SENTENCES[result],
              LOG_TEXT("purpose", PURPOSES[question->purpose].word), LOG_TEXT("url", url_shown(question->url, shown)),
              LOG_TEXT("error", question->fetched->error.text));
}

/* Gives what came away, and frees the question. */
static void question_finish(struct question *question, enum fetch_result result)
{
    struct fetched *fetched = question->fetched;

    report(question, result);
    question->fetched = NULL;
    question->done(question->context, fetched);
    question_free(question);
}

bool fetcher_take(struct fetcher *fetcher, const char *host, struct fetched *fetched)
{
    pthread_mutex_lock(&fetcher->lock);
    bool taken = hosts_take(fetcher->hosts, host, clock_mono_ms(), &fetched->retry_after_s);

    pthread_mutex_unlock(&fetcher->lock);
    if (!taken) {
        count(COUNT_LIMIT_FETCH_RATE);
        error_set(&fetched->error, "%s: more than %lld requests in a minute", host,
                  (long long)fetcher->config.per_host_minute);
    }
    return taken;
}

/* Under the lock: the first question whose host may have a thread. NULL: none. */
static struct question *take_next(struct fetcher *fetcher)
{
    for (struct question **at = &fetcher->first; *at != NULL; at = &(*at)->next) {
        struct question *question = *at;

        if (hosts_may_start(fetcher->hosts, question->parsed.host)) {
            *at = question->next;
            if (fetcher->last == &question->next) {
                fetcher->last = at;
            }
            fetcher->queued--;
            hosts_start(fetcher->hosts, question->parsed.host);
            return question;
        }
    }
    return NULL;
}

/* Waits for a question. NULL: the end. */
static struct question *wait_for_next(struct fetcher *fetcher)
{
    struct question *question = NULL;

    pthread_mutex_lock(&fetcher->lock);
    while (!atomic_load(&fetcher->closing) && (question = take_next(fetcher)) == NULL) {
        pthread_cond_wait(&fetcher->wake, &fetcher->lock);
    }
    pthread_mutex_unlock(&fetcher->lock);
    return question;
}

/* What the host's answer, or its silence, says of it: nothing if most of the time had gone by in the queue. */
static enum host_word word_of(const struct question *question, int64_t began_ms)
{
    if (clock_mono_ms() < question->deadline_ms) {
        return HOST_ANSWERED;
    }
    bool had_time = question->deadline_ms - began_ms >= question->fetcher->config.rules.timeout_ms / 2;

    return had_time ? HOST_SILENT : HOST_HAD_NO_TIME;
}

static void *fetcher_main(void *context)
{
    struct fetcher *fetcher = context;
    struct question *question;

    while ((question = wait_for_next(fetcher)) != NULL) {
        int64_t began_ms = clock_mono_ms();
        enum fetch_result result = question_follow(question);

        pthread_mutex_lock(&fetcher->lock);
        hosts_end(fetcher->hosts, question->parsed.host, word_of(question, began_ms));
        /* Others may wait for this very host. */
        pthread_cond_broadcast(&fetcher->wake);
        pthread_mutex_unlock(&fetcher->lock);
        question_finish(question, result);
    }
    return NULL;
}

/* FETCH_OK: it may be queued. */
static enum fetch_result check(struct question *question, size_t post_size)
{
    struct fetcher *fetcher = question->fetcher;
    struct fetched *fetched = question->fetched;
    struct error *error = &fetched->error;

    if (url_parse(question->url, &question->parsed, error) != 0 ||
        !question_allows(&fetcher->config, question->purpose, &question->parsed, error)) {
        fetched->refused = true;
        error_prefix(error, "the URL");
        return FETCH_REFUSED;
    }
    if (post_size > MAX_FETCH_OCSP_BYTES) {
        error_set(error, "the question is larger than %d bytes", MAX_FETCH_OCSP_BYTES);
        return FETCH_LIMIT;
    }
    return fetcher_take(fetcher, question->parsed.host, fetched) ? FETCH_OK : FETCH_LIMIT;
}

/* False: there is no room. */
static bool enqueue(struct fetcher *fetcher, struct question *question)
{
    pthread_mutex_lock(&fetcher->lock);
    bool has_room = fetcher->queued < fetcher->config.max_queued;

    if (has_room) {
        *fetcher->last = question;
        fetcher->last = &question->next;
        fetcher->queued++;
        pthread_cond_signal(&fetcher->wake);
    }
    pthread_mutex_unlock(&fetcher->lock);
    return has_room;
}

void fetcher_ask(struct fetcher *fetcher, const struct fetch_question *asked,
                 void (*done)(void *context, struct fetched *fetched), void *context)
{
    struct question *question = question_new(fetcher, asked);

    if (question == NULL) {
        done(context, NULL);
        return;
    }
    question->done = done;
    question->context = context;
    enum fetch_result result = check(question, asked->post.size);

    if (result != FETCH_OK) {
        question_finish(question, result);
    } else if (!enqueue(fetcher, question)) {
        count(COUNT_LIMIT_FETCHES);
        error_set(&question->fetched->error, "%s: too many fetches wait already", question->parsed.host);
        question_finish(question, FETCH_LIMIT);
    }
}

static void config_free(struct fetcher_config *config)
{
    for (size_t i = 0; config->issuer_hosts != NULL && i < config->issuer_host_count; i++) {
        free((char *)config->issuer_hosts[i]);
    }
    free((void *)config->issuer_hosts);
    free((struct network *)config->rules.networks);
    free((char *)config->ca_file);
}

/* -1: out of memory; what was copied is freed with the fetcher. */
static int config_copy(const struct fetcher_config *config, struct fetcher_config *copy)
{
    size_t size = config->rules.network_count * sizeof(struct network);
    struct network *networks = malloc(size + 1);
    char **hosts = calloc(config->issuer_host_count + 1, sizeof(*hosts));
    int result = 0;

    *copy = *config;
    copy->rules.networks = networks;
    copy->issuer_hosts = (const char *const *)hosts;
    copy->ca_file = strdup(config->ca_file);
    if (networks == NULL || hosts == NULL || copy->ca_file == NULL) {
        return -1;
    }
    if (size > 0) {
        memcpy(networks, config->rules.networks, size);
    }
    for (size_t i = 0; i < config->issuer_host_count; i++) {
        hosts[i] = strdup(config->issuer_hosts[i]);
        result = hosts[i] == NULL ? -1 : result;
    }
    return result;
}

static void free_fetcher(struct fetcher *fetcher)
{
    config_free(&fetcher->config);
    hosts_free(&fetcher->hosts);
    pthread_cond_destroy(&fetcher->wake);
    pthread_mutex_destroy(&fetcher->lock);
    free(fetcher);
}

/* Signals are for the main thread, and SIGPIPE is for nobody: blocked in the thread that causes it, it stays there. */
static int start_threads(struct fetcher *fetcher)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (fetcher->thread_count < (size_t)fetcher->config.threads &&
           pthread_create(&fetcher->threads[fetcher->thread_count], NULL, fetcher_main, fetcher) == 0) {
        (void)pthread_setname_np(fetcher->threads[fetcher->thread_count], "fetcher");
        fetcher->thread_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return fetcher->thread_count == (size_t)fetcher->config.threads ? 0 : -1;
}

struct fetcher *fetcher_open(const struct fetcher_config *config, struct error *error)
{
    size_t threads = (size_t)config->threads;
    struct fetcher *fetcher = calloc(1, sizeof(*fetcher) + threads * sizeof(fetcher->threads[0]));

    if (fetcher == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&fetcher->lock, NULL);
    pthread_cond_init(&fetcher->wake, NULL);
    fetcher->last = &fetcher->first;
    fetcher->hosts = hosts_new(config->per_host_minute, config->threads);
    if (fetcher->hosts == NULL || config_copy(config, &fetcher->config) != 0) {
        error_set(error, "out of memory");
        free_fetcher(fetcher);
        return NULL;
    }
    if (start_threads(fetcher) != 0) {
        error_set(error, "cannot start %zu threads", threads);
        fetcher_close(&fetcher);
    }
    return fetcher;
}

void fetcher_close(struct fetcher **fetcher)
{
    struct fetcher *closed = *fetcher;
    struct question *question;

    if (closed == NULL) {
        return;
    }
    *fetcher = NULL;
    pthread_mutex_lock(&closed->lock);
    atomic_store(&closed->closing, true);
    pthread_cond_broadcast(&closed->wake);
    pthread_mutex_unlock(&closed->lock);
    for (size_t i = 0; i < closed->thread_count; i++) {
        pthread_join(closed->threads[i], NULL);
    }
    while ((question = closed->first) != NULL) {
        closed->first = question->next;
        error_set(&question->fetched->error, "%s: nothing is fetched any more", question->parsed.host);
        question_finish(question, FETCH_FAILED);
    }
    free_fetcher(closed);
}
