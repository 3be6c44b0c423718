#include "tests/unit/sync_play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

struct scene scene;

static const struct step (*sessions)[STEPS];
static size_t session_count;
static ber_int_t messages[SESSIONS];
static char log_path[40];
static int saved_stderr;

static bool follow(struct talk *talk, ber_int_t message)
{
    char cookie[40], attributes[200];

    if (!scene_read_request(talk, cookie, attributes)) {
        return played_result(talk, message, LDAP_SUCCESS, ""); /* somebody's lookup */
    }
    size_t session = atomic_load(&scene.begun);

    if (session < SESSIONS) {
        memcpy(scene.cookies[session], cookie, sizeof(cookie));
        memcpy(scene.asked_for[session], attributes, sizeof(attributes));
        messages[session] = message;
    }
    atomic_fetch_add(&scene.begun, 1);
    const struct step *steps = sessions[session < session_count ? session : session_count - 1];

    for (size_t i = 0; i < STEPS && steps[i].kind != END; i++) {
        if (steps[i].kind == OF) {
            message = messages[steps[i].number];
        } else if (!scene_say(talk, message, &steps[i])) {
            return false;
        }
    }
    return true;
}

/* ---- what the listener hears */

static pthread_mutex_t heard_lock = PTHREAD_MUTEX_INITIALIZER;
static char heard[100000];

static bool on_changed(void *context, const struct directory_config *config, enum directory_change change,
                       const char *text)
{
    static const char *const words[] = {[CHANGED_ADDRESS] = "", [CHANGED_DOMAIN] = "@", [CHANGED_ALL] = "ALL",
                                        [CHANGED_UNSEEN] = "UNSEEN"};
    (void)context;
    (void)config;

    if (atomic_load(&scene.deaf)) {
        return false;
    }
    pthread_mutex_lock(&heard_lock);
    (void)snprintf(heard + strlen(heard), sizeof(heard) - strlen(heard), "%s%s ", words[change], text);
    pthread_mutex_unlock(&heard_lock);
    return true;
}

void scene_forget(void)
{
    pthread_mutex_lock(&heard_lock);
    heard[0] = '\0';
    pthread_mutex_unlock(&heard_lock);
}

void scene_expect(const char *want)
{
    int64_t until_ms = clock_mono_ms() + PATIENT_MS;
    static char came[sizeof(heard)];

    do {
        pthread_mutex_lock(&heard_lock);
        memcpy(came, heard, sizeof(came));
        pthread_mutex_unlock(&heard_lock);
    } while (strlen(came) < strlen(want) && clock_mono_ms() < until_ms && poll(NULL, 0, 5) == 0);
    assert_string_equal(came, want);
    scene_forget();
}

unsigned scene_count_until(const char *last)
{
    int64_t until_ms = clock_mono_ms() + PATIENT_MS;
    unsigned count = 0;
    bool came = false;

    while (!came && clock_mono_ms() < until_ms) {
        (void)poll(NULL, 0, 10);
        pthread_mutex_lock(&heard_lock);
        came = strlen(heard) >= strlen(last) && strcmp(heard + strlen(heard) - strlen(last), last) == 0;
        pthread_mutex_unlock(&heard_lock);
    }
    assert_true(came);
    pthread_mutex_lock(&heard_lock);
    for (const char *at = heard; (at = strchr(at, ' ')) != NULL; at++) {
        count++;
    }
    heard[0] = '\0';
    pthread_mutex_unlock(&heard_lock);
    return count;
}

int64_t scene_shown(const char *name)
{
    struct buffer out;
    char sample[100];
    long long value = -1;

    buffer_init(&out, 1 << 20);
    metrics_write(&out);
    (void)snprintf(sample, sizeof(sample), "%s{directory=\"test\"} ", name);
    const char *at = strstr(buffer_string(&out), sample);

    if (at != NULL) {
        value = strtoll(at + strlen(sample), NULL, 10);
    }
    buffer_free(&out);
    return value;
}

int64_t scene_failures(void)
{
    int64_t failures = scene_shown(FAILURES);

    return failures < 0 ? 0 : failures;
}

bool scene_comes_to(const char *name, int64_t least)
{
    int64_t until_ms = clock_mono_ms() + PATIENT_MS;

    while (scene_shown(name) < least && clock_mono_ms() < until_ms) {
        (void)poll(NULL, 0, 5);
    }
    return scene_shown(name) >= least;
}

const struct directory_listener scene_listener = {.changed = on_changed};

/* ---- the play */

static void catch_log(void)
{
    (void)snprintf(log_path, sizeof(log_path), "/tmp/certlookup-log-XXXXXX");
    int fd = mkstemp(log_path);

    saved_stderr = dup(STDERR_FILENO);
    (void)dup2(fd, STDERR_FILENO);
    close(fd);
    log_open(LEVEL_NOTICE, LOG_FORMAT_TEXT);
}

unsigned scene_logged(const char *text)
{
    return lines_in(log_path, text);
}

void scene_begin_with(const struct step script[][STEPS], size_t count, struct directory_config config)
{
    static const char *const uris[] = {scene.server.uri};
    struct error error = {""};

    sessions = (const struct step(*)[STEPS])script;
    session_count = count;
    atomic_store(&scene.begun, 0);
    atomic_store(&scene.allowed, 0);
    atomic_store(&scene.deaf, false);
    scene_forget();
    if (scene.play.search == NULL) {
        scene.play.search = follow;
    }
    catch_log();
    scene.is_open = true;
    assert_true(played_start(&scene.server, &scene.play, 0));
    config.uris = uris;
    scene.directory = directory_open(&config, &error);
    if (scene.directory == NULL) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(directory_follow(scene.directory, &scene_listener), 0);
    assert_int_equal(directory_follow(scene.directory, &scene_listener), 0);
}

struct directory_config scene_config(void)
{
    static const char *const domains[] = {"example.org", "*.example.org"};
    struct directory_config config = plain_config(NULL, 1);

    config.domains = domains;
    config.domain_count = 2;
    config.sync = true;
    config.sync_bytes = 1 << 20;
    config.timeout_ms = 5000;
    return config;
}

void scene_end(void)
{
    int64_t from_ms = clock_mono_ms();

    scene.is_open = false;
    directory_close(&scene.directory);
    int64_t took_ms = clock_mono_ms() - from_ms;

    played_stop(&scene.server);
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    (void)dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    (void)unlink(log_path);
    scene.play = (struct play){0};
    assert_in_range(took_ms, 0, 1500);
}

void scene_pass(void)
{
    atomic_fetch_add(&scene.allowed, 1);
}

int scene_clean_up(void **state)
{
    (void)state;
    if (scene.is_open) {
        scene_end();
    }
    return 0;
}

int scene_start(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    return 0;
}
