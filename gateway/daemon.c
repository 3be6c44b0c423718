#include "gateway/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"
#include "gateway/backend.h"
#include "gateway/following.h"
#include "gateway/lookup.h"
#include "gateway/reload.h"
#include "gateway/trimming.h"
#include "gateway/watch.h"

#define MAX_VALIDATIONS_QUEUED 4096
#define MAX_BACKGROUND_QUEUED 64
/* What an ended flight still waits for (a directory's thread inside a library) takes at most this much longer. */
#define LAST_GRACE_MS 3000
#define DRAIN_STEP_MS 20
/* Open files that are no connection: logs, libraries, event loops, files being read. */
#define FILES_BESIDES 128
#define FILES_OF_THREAD 8 /* of each thread that reads requests: two event loops, and a connection to Redis */

struct daemon {
    const char *config_path;
    bool log_fixed;
    struct engine *engine;
    struct task waking;
    struct memory *memory;
    struct shared *shared;
    struct pool *validators;
    struct pool *background;
    struct evidence_store *evidence;
    struct following *following;
    struct lookup *lookup;
    struct reload *reload;
    struct watch *watch;
    struct http *http;
    int64_t drain_ms;

    bool draining;
    int64_t drain_until_ms;
    struct timer drain_step;
    struct timer housekeeping;
    struct trimming trimming;
};

static void wake_http(struct task *task)
{
    (void)task;
    http_wake();
}

/* One read from Redis or from a directory brings many answers: they all go out, then those are woken who send them. */
static void on_answers(void *context)
{
    struct daemon *daemon = context;

    daemon->waking.run = wake_http;
    engine_soon(daemon->engine, &daemon->waking);
}

/* Draining: no new lookups, open ones to their end within `drain`, then everything else. */

static void on_drain_step(struct timer *timer)
{
    struct daemon *daemon = (struct daemon *)((char *)timer - offsetof(struct daemon, drain_step));
    bool late = clock_mono_ms() >= daemon->drain_until_ms;
    bool done = lookup_idle(daemon->lookup) && http_waiting(daemon->http) == 0;
    if (late) {
        lookup_end_flights(daemon->lookup);
        evidence_store_end(daemon->evidence); /* whoever explains may wait for some */
    }
    bool over = clock_mono_ms() >= daemon->drain_until_ms + LAST_GRACE_MS;
    bool loads = reload_is_under_way(daemon->reload) || watch_is_under_way(daemon->watch);
    if ((done && !loads) || over ||
        engine_timer_set(daemon->engine, timer, DRAIN_STEP_MS) != 0) {
        engine_stop(daemon->engine);
    }
}

static void on_end(void *context, int signal)
{
    struct daemon *daemon = context;
    if (daemon->draining) {
        daemon->drain_until_ms = clock_mono_ms(); /* the second signal means: now */
        return;
    }
    reload_end(daemon->reload);
    watch_end(daemon->watch);
    log_event(LEVEL_NOTICE, "draining", LOG_NUMBER("signal", signal),
              LOG_NUMBER("waiting", (int64_t)http_waiting(daemon->http)));
    daemon->draining = true;
    daemon->drain_until_ms = clock_mono_ms() + daemon->drain_ms;
    lookup_drain(daemon->lookup);
    http_drain(daemon->http);
    daemon->drain_step.fire = on_drain_step;
    on_drain_step(&daemon->drain_step);
}

/* Its tokens and certificates were looked at when it was read, so only memory can be wanting. One that comes in at the
 * end finds nobody listening any more. */
static void on_adopted(void *context, const struct config *config)
{
    struct daemon *daemon = context;
    struct error error;
    if (daemon->http != NULL && http_adopt(daemon->http, &config->http, &error) != 0) {
        log_event(LEVEL_ERROR, "tokens and certificates not reloaded, those before stay",
                  LOG_TEXT("error", error.text));
    }
}

static void on_reload(void *context, int signal)
{
    (void)signal;
    struct daemon *daemon = context;
    reload_start(daemon->reload);
}

static void on_housekeeping(struct timer *timer)
{
    struct daemon *daemon = (struct daemon *)((char *)timer - offsetof(struct daemon, housekeeping));
    gauge_set(GAUGE_MEMORY_BYTES, (int64_t)memory_bytes(daemon->memory));
    gauge_set(GAUGE_MEMORY_ENTRIES, (int64_t)memory_entries(daemon->memory));
    engine_timer_set(daemon->engine, timer, 1000);
}

/* Start */

static size_t cores(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

/* As many open files as the system lets us have; a warning when that is less than the configuration may need. */
static void claim_files(const struct config *config)
{
    uint64_t threads = config->http.threads > 0 ? (uint64_t)config->http.threads : cores();
    uint64_t wanted = FILES_BESIDES +
                      (config->http.max_connections + threads * FILES_OF_THREAD) * config->http.listen_count;
    for (size_t i = 0; i < config->directory_count; i++) {
        wanted += (uint64_t)config->directories[i].connections * 4;
    }
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return;
    }
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < wanted) {
        log_event(LEVEL_WARNING, "fewer open files are allowed than http.connections may need",
                  LOG_NUMBER("allowed", (int64_t)files.rlim_cur), LOG_NUMBER("wanted", (int64_t)wanted));
    }
}

static int fail(const char *what, const struct error *error)
{
    log_event(LEVEL_ERROR, "cannot start", LOG_TEXT("setting", what), LOG_TEXT("fault", error->text));
    return -1;
}

static int start_parts(struct daemon *daemon, struct world *world)
{
    const struct config *config = world->config;
    struct error error = {"out of memory or threads"};
    claim_files(config);
    daemon->drain_ms = config->drain_ms;
    daemon->engine = engine_new();
    daemon->memory = memory_new((size_t)config->cache.memory_bytes);
    daemon->validators = pool_new("validator", config->validators > 0 ? (size_t)config->validators : cores(),
                                  MAX_VALIDATIONS_QUEUED);
    daemon->background = pool_new("background", 1, MAX_BACKGROUND_QUEUED);
    if (daemon->engine == NULL || daemon->memory == NULL || daemon->validators == NULL || daemon->background == NULL) {
        return fail("cache.memory, lookup.validators", &error);
    }
    if (config->has_redis) {
        gauge_set(GAUGE_REDIS_UP, 0); /* shown from now on */
        gauge_set(GAUGE_REDIS_TRACKING, 0);
        daemon->shared = shared_open(engine_base(daemon->engine), &config->redis, &error);
        if (daemon->shared == NULL) {
            return fail("redis", &error);
        }
        if (config->seal_key_count == 0) {
            log_event(LEVEL_WARNING, "no redis.seal-key-file: this process alone can read what it stores in Redis");
        }
    }
    const struct evidence_parts sources = {daemon->engine, daemon->memory, daemon->shared, daemon->validators,
                                           daemon->background};
    daemon->evidence = evidence_store_new(&sources, world);
    if (daemon->evidence == NULL) {
        return fail("memory", &error);
    }
    daemon->following = following_new(daemon->engine);
    if (daemon->following == NULL) {
        return fail("memory", &error);
    }
    const struct lookup_parts parts = {daemon->engine,     daemon->memory,   daemon->shared,   daemon->validators,
                                       daemon->background, daemon->evidence, daemon->following, LOOKUP_ALONE,
                                       LOOKUP_HEDGE_AFTER};
    daemon->lookup = lookup_new(&parts, world);
    if (daemon->lookup == NULL) {
        return fail("lookup.flights", &error);
    }
    daemon->reload = reload_new(daemon->engine, daemon->background, daemon->lookup, daemon->config_path,
                                daemon->log_fixed, on_adopted, daemon);
    if (daemon->reload != NULL) {
        daemon->watch = watch_new(daemon->engine, daemon->background, daemon->lookup, daemon->reload);
    }
    return daemon->watch != NULL ? 0 : fail("memory", &error);
}

static int start_listening(struct daemon *daemon, const struct config *config)
{
    struct error error = {"cannot catch signals"};
    const struct http_backend backend = backend_of(daemon->lookup);
    if (engine_catch(daemon->engine, SIGTERM, on_end, daemon) != 0 ||
        engine_catch(daemon->engine, SIGINT, on_end, daemon) != 0 ||
        engine_catch(daemon->engine, SIGHUP, on_reload, daemon) != 0) {
        return fail("signals", &error);
    }
    daemon->http = http_open(&config->http, &backend, &error);
    if (daemon->http == NULL) {
        return fail("listen", &error);
    }
    http_wake_later(on_answers, daemon);
    daemon->housekeeping.fire = on_housekeeping;
    on_housekeeping(&daemon->housekeeping);
    trimming_begin(&daemon->trimming, daemon->engine, daemon->background);
    gauge_set(GAUGE_START_TIME, clock_wall_s());
    log_event(LEVEL_NOTICE, "ready", LOG_TEXT("version", VERSION),
              LOG_NUMBER("directories", (int64_t)config->directory_count), LOG_NUMBER("pid", getpid()));
    return 0;
}

/* One that reads a slow file is waited for: what it loaded has to be given back. */
static void await_reload(struct daemon *daemon)
{
    reload_end(daemon->reload);
    if (daemon->watch != NULL) {
        watch_end(daemon->watch);
    }
    while (reload_is_under_way(daemon->reload) || (daemon->watch != NULL && watch_is_under_way(daemon->watch))) {
        engine_run_posted(daemon->engine);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

/* What was asked of a directory for evidence comes back on that directory's thread, and until then belongs to both. */
static void await_evidence(struct daemon *daemon)
{
    int64_t until_ms = clock_mono_ms() + LAST_GRACE_MS;
    engine_run_posted(daemon->engine); /* what came back last; it may leave a world to `background` */
    while (!evidence_store_idle(daemon->evidence) && clock_mono_ms() < until_ms) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        engine_run_posted(daemon->engine);
    }
    if (!evidence_store_idle(daemon->evidence)) {
        log_event(LEVEL_ERROR, "a directory's thread does not come back; ending without it");
        _exit(1);
    }
}

/* End: the reverse. Whoever may still call somebody goes first. */
static void end(struct daemon *daemon)
{
    engine_timer_clear(&daemon->drain_step);
    engine_timer_clear(&daemon->housekeeping);
    trimming_end(&daemon->trimming);
    if (daemon->lookup != NULL) {
        lookup_drain(daemon->lookup);
    }
    http_close(&daemon->http);
    if (daemon->reload != NULL) {
        await_reload(daemon);
    }
    if (daemon->evidence != NULL) {
        evidence_store_end(daemon->evidence);
    }
    if (daemon->following != NULL) {
        following_end(daemon->following); /* a change that comes now would be told to Redis */
    }
    shared_close(&daemon->shared);
    pool_free(&daemon->validators);
    if (daemon->evidence != NULL) {
        await_evidence(daemon);
    }
    pool_free(&daemon->background);
    watch_free(&daemon->watch);
    reload_free(&daemon->reload);
    lookup_free(&daemon->lookup);
    evidence_store_free(&daemon->evidence);
    memory_free(&daemon->memory);
    engine_free(&daemon->engine);
}

static struct world *load_first(struct daemon *daemon, const char *log_word)
{
    struct world *world = world_load(daemon->config_path, NULL, reload_log_fault, NULL);
    if (world == NULL) {
        log_event(LEVEL_ERROR, "cannot start", LOG_TEXT("file", daemon->config_path));
        return NULL;
    }
    log_open(world->config->log_level, log_word != NULL ? log_current_format() : world->config->log_format);
    log_addresses_plainly(world->config->log_addresses == LOG_ADDRESSES_PLAIN);
    return world;
}

int daemon_run(const char *config_path, const char *log_word)
{
    int status = 1;
    struct daemon daemon = {.config_path = config_path, .log_fixed = log_word != NULL};
    signal(SIGPIPE, SIG_IGN);
    log_open(LEVEL_NOTICE, log_word != NULL && strcmp(log_word, "json") == 0 ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT);

    struct world *world = load_first(&daemon, log_word);
    if (world == NULL || start_parts(&daemon, world) != 0 || start_listening(&daemon, world->config) != 0) {
        goto out;
    }
    world_free(&world);
    engine_run(daemon.engine);
    if (!lookup_idle(daemon.lookup)) {
        log_event(LEVEL_ERROR, "a directory's thread does not come back; ending without it");
        _exit(1);
    }
    log_event(LEVEL_NOTICE, "ended");
    status = 0;
out:
    end(&daemon);
    world_free(&world);
    following_free(&daemon.following);
    return status;
}
