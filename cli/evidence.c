#include "cli/evidence.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "fetch/fetcher.h"
#include "ldap/remote.h"

#define THREADS 4
#define ASKED_MAX 4096 /* in one run of the program */
#define COLLECTOR_MAX_BYTES ((size_t)64 * 1024 * 1024) /* of one body, or one entry */

/* One need under way. Whoever comes last, who waits or what came, frees it. */
struct job {
    struct collector *collector;
    struct need need;
    struct reading *reading;
    struct fetched *fetched;
    struct entry_result *entry;
    bool back, abandoned;
};

struct collector {
    const struct options *options;
    const struct policies *policies;
    struct evidence *evidence;
    struct fetcher *fetcher;
    struct digest asked[ASKED_MAX];
    size_t asked_count;
    pthread_mutex_t lock;  /* guards the fields of jobs that callbacks write, and `open` */
    pthread_cond_t change;
    size_t open;           /* jobs whose callback is still to come */
};

/* fetch/ knows no LDAP, and ldap/ no fetching: they meet here. */
static int read_ldap(const char *url, const struct fetch_rules *rules,
                     int (*take)(void *context, struct bytes value), void *context, bool *refused,
                     struct error *error)
{
    const struct remote_rules remote = {
        .networks = rules->networks,
        .network_count = rules->network_count,
        .timeout_ms = rules->timeout_ms,
        .max_bytes = rules->max_bytes,
        .stop = rules->stop,
    };
    return remote_read(url, &remote, take, context, refused, error);
}

static bool has_url(const struct trust_list *crls)
{
    for (size_t i = 0; i < crls->count; i++) {
        if (policy_is_url(crls->items[i])) {
            return true;
        }
    }
    return false;
}

static bool wants_fetcher(const struct options *options)
{
    const struct fetch_options *fetch = &options->fetch;

    return fetch->crls || fetch->ocsp || fetch->issuer_hosts.count > 0 || has_url(&options->trust.crls);
}

static struct fetcher *open_fetcher(const struct options *options, struct error *error)
{
    const struct fetch_options *fetch = &options->fetch;
    const struct fetcher_config config = {
        .rules = {.networks = fetch->networks,
                  .network_count = fetch->network_count,
                  .timeout_ms = options->timeout_ms,
                  .max_bytes = COLLECTOR_MAX_BYTES},
        .issuer_hosts = fetch->issuer_hosts.items,
        .issuer_host_count = fetch->issuer_hosts.count,
        .ca_file = options->ca_file != NULL ? options->ca_file : "",
        .threads = THREADS,
        .max_queued = ASKED_MAX,
        .per_host_minute = ASKED_MAX,
        .read_ldap = read_ldap,
    };
    return fetcher_open(&config, error);
}

struct collector *collector_open(const struct options *options, const struct policies *policies, struct error *error)
{
    struct collector *collector = calloc(1, sizeof(*collector));

    error_set(error, "out of memory");
    if (collector == NULL) {
        return NULL;
    }
    collector->options = options;
    collector->policies = policies;
    pthread_mutex_init(&collector->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&collector->change, &attributes);
    pthread_condattr_destroy(&attributes);
    collector->evidence = evidence_new();
    if (collector->evidence != NULL && wants_fetcher(options)) {
        collector->fetcher = open_fetcher(options, error);
    }
    if (collector->evidence == NULL || (wants_fetcher(options) && collector->fetcher == NULL)) {
        collector_close(&collector);
    }
    return collector;
}

void collector_close(struct collector **collector_)
{
    struct collector *collector = *collector_;

    *collector_ = NULL;
    if (collector == NULL) {
        return;
    }
    if (collector->fetcher != NULL) {
        fetcher_close(&collector->fetcher);
    }
    pthread_mutex_lock(&collector->lock);
    while (collector->open > 0) {
        pthread_cond_wait(&collector->change, &collector->lock);
    }
    pthread_mutex_unlock(&collector->lock);
    pthread_cond_destroy(&collector->change);
    pthread_mutex_destroy(&collector->lock);
    evidence_free(&collector->evidence);
    free(collector);
}

const struct evidence *collector_evidence(const struct collector *collector)
{
    return collector->evidence;
}

/* What came, held against what it was asked for. False: the evidence is as it was. */
static bool add(struct collector *collector, const struct need *need, const struct bytes *objects, size_t count,
                const char *source)
{
    const struct arrival arrival = {
        .need = need, .objects = objects, .count = count, .source = source, .now = clock_wall_s()};
    struct arrival_report report = {.usable = false};
    struct evidence *after = evidence_add(collector->evidence, collector->policies, &arrival, &report);

    if (after != NULL) {
        evidence_free(&collector->evidence);
        collector->evidence = after;
    } else {
        log_event(LEVEL_WARNING, "evidence does not count", LOG_TEXT("source", source),
                  LOG_TEXT("cause", report.error.text));
    }
    arrival_report_free(&report);
    return after != NULL;
}

int collector_offer(struct collector *collector, enum need_kind kind, const char *file, const char *dn,
                    const struct bytes *objects, size_t count)
{
    struct buffer source;
    struct need need;
    const struct need named = {.kind = kind, .directory = (char *)file, .dn = (char *)dn};

    if (need_copy(&named, &need) < 0) {
        return -1;
    }
    buffer_init(&source, MAX_SOURCE_BYTES);
    buffer_append_format(&source, "%.1000s%s%.1000s", file, dn[0] != '\0' ? ": " : "", dn);
    add(collector, &need, objects, count, buffer_string(&source));
    buffer_free(&source);
    need_clear(&need);
    return 0;
}

static void job_free(struct job *job)
{
    fetched_free(&job->fetched);
    entry_result_free(&job->entry);
    need_clear(&job->need);
    free(job);
}

/* The callback's end of a job, under the lock of nobody else. */
static void job_back(struct job *job)
{
    struct collector *collector = job->collector;
    bool abandoned;

    pthread_mutex_lock(&collector->lock);
    job->back = true;
    abandoned = job->abandoned;
    if (abandoned) {
        job_free(job);
    }
    collector->open--;
    pthread_cond_broadcast(&collector->change);
    pthread_mutex_unlock(&collector->lock);
}

static void on_fetched(void *context, struct fetched *fetched)
{
    struct job *job = context;

    job->fetched = fetched;
    job_back(job);
}

static void on_entry(void *context, struct entry_result *entry)
{
    struct job *job = context;

    job->entry = entry;
    job_back(job);
}

static bool was_asked(struct collector *collector, const struct need *need)
{
    for (size_t i = 0; i < collector->asked_count; i++) {
        if (digest_equal(&collector->asked[i], &need->key)) {
            return true;
        }
    }
    if (collector->asked_count == ASKED_MAX) {
        return true;
    }
    collector->asked[collector->asked_count++] = need->key;
    return false;
}

static const struct {
    enum fetch_purpose purpose;
    enum entry_part part;
} kinds[] = {
    [NEED_CRL] = {FETCH_CRL, ENTRY_CRLS},
    [NEED_OCSP] = {FETCH_OCSP, ENTRY_CRLS},
    [NEED_ISSUER] = {FETCH_ISSUER, ENTRY_ISSUERS},
};

/* NULL: it may not be had, was asked for before, or memory is out. */
static struct job *job_start(struct collector *collector, struct directory *directory, const struct need *need,
                             int64_t deadline_ms)
{
    struct job *job;

    if ((need->url != NULL ? collector->fetcher == NULL : directory == NULL) || was_asked(collector, need) ||
        (job = calloc(1, sizeof(*job))) == NULL) {
        return NULL;
    }
    job->collector = collector;
    if (need_copy(need, &job->need) < 0) {
        free(job);
        return NULL;
    }
    pthread_mutex_lock(&collector->lock);
    collector->open++;
    pthread_mutex_unlock(&collector->lock);
    if (need->url != NULL) {
        const struct fetch_question question = {
            .purpose = kinds[need->kind].purpose,
            .url = job->need.url,
            .post = need->request != NULL ? blob_bytes(need->request) : (struct bytes){NULL, 0},
        };
        fetcher_ask(collector->fetcher, &question, on_fetched, job);
    } else {
        job->reading = directory_read(directory, job->need.dn, kinds[need->kind].part, COLLECTOR_MAX_BYTES,
                                      deadline_ms - clock_mono_ms(), on_entry, job);
    }
    return job;
}

/* Waits until the job is back, or the deadline. */
static bool job_wait(struct job *job, int64_t deadline_ms)
{
    const struct timespec until = {deadline_ms / 1000, deadline_ms % 1000 * 1000000};
    struct collector *collector = job->collector;
    int waited = 0;

    pthread_mutex_lock(&collector->lock);
    while (!job->back && waited != ETIMEDOUT) {
        waited = pthread_cond_timedwait(&collector->change, &collector->lock, &until);
    }
    bool back = job->back;
    pthread_mutex_unlock(&collector->lock);
    return back;
}

/* Nobody waits for it any more. */
static void job_leave(struct job *job)
{
    struct collector *collector = job->collector;

    if (job->reading != NULL) {
        reading_abandon(&job->reading);
    }
    pthread_mutex_lock(&collector->lock);
    job->abandoned = true;
    if (job->back) {
        job_free(job);
    }
    pthread_mutex_unlock(&collector->lock);
}

static bool take_fetched(struct job *job)
{
    const struct fetched *fetched = job->fetched;
    struct bytes objects[MAX_EVIDENCE_OBJECTS];
    size_t count = 0;

    if (fetched == NULL || !fetched->ok) {
        log_event(LEVEL_WARNING, "evidence did not come", LOG_TEXT("url", job->need.url),
                  LOG_TEXT("cause", fetched != NULL ? fetched->error.text : "out of memory"));
        return false;
    }
    for (; count < fetched->count && count < MAX_EVIDENCE_OBJECTS; count++) {
        objects[count] = buffer_bytes(&fetched->objects[count]);
    }
    return add(job->collector, &job->need, objects, count, job->need.url);
}

static bool take_entry(struct job *job)
{
    const struct entry_result *entry = job->entry;
    struct bytes objects[MAX_EVIDENCE_OBJECTS];
    char source[MAX_SOURCE_BYTES];
    size_t count = 0;

    if (entry == NULL || (entry->result != ASKED_ANSWERED && entry->result != ASKED_CUT_OFF)) {
        log_event(LEVEL_WARNING, "evidence did not come", LOG_TEXT("dn", job->need.dn),
                  LOG_TEXT("cause", entry != NULL ? entry->error : "out of memory"));
        return false;
    }
    for (; count < entry->value_count && count < MAX_EVIDENCE_OBJECTS; count++) {
        objects[count] = blob_bytes(entry->values[count]);
    }
    snprintf(source, sizeof(source), "%.1000s: %.1000s", job->need.directory, job->need.dn);
    return add(job->collector, &job->need, objects, count, source); /* none is an answer as well */
}

bool collector_fetch(struct collector *collector, struct directory *directory, const struct needs *needs,
                     int64_t deadline_ms)
{
    struct job *jobs[MAX_NEEDS];
    size_t count = 0;
    bool news = false;

    for (size_t i = 0; i < needs->count; i++) {
        struct job *job = job_start(collector, directory, &needs->items[i], deadline_ms);
        if (job != NULL) {
            jobs[count++] = job;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (job_wait(jobs[i], deadline_ms)) {
            news = (jobs[i]->need.url != NULL ? take_fetched(jobs[i]) : take_entry(jobs[i])) || news;
        }
        job_leave(jobs[i]);
    }
    return news;
}
