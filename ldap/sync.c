#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ldap/sync_private.h"

#define MESSAGES_AT_ONCE 256
#define LISTENER_BUSY_MS 10

static void wake_up(const struct sync *sync)
{
    uint64_t one = 1;

    /* Cannot fail: the counter is far from its end. */
    (void)!write(sync->wake, &one, sizeof(one));
}

bool sync_wants_link(const struct directory *directory)
{
    return directory->sync != NULL && directory->sync->wants_link;
}

bool sync_give(struct directory *directory, struct link *link)
{
    struct sync *sync = directory->sync;

    if (!sync_wants_link(directory) || directory->closing) {
        return false;
    }
    sync->wants_link = false;
    sync->incoming = link;
    wake_up(sync);
    return true;
}

void sync_servers_changed(struct directory *directory)
{
    if (directory->sync != NULL) {
        wake_up(directory->sync);
    }
}

void sync_not_dialled(struct directory *directory, const struct error *error)
{
    struct sync *sync = directory->sync;

    if (sync_wants_link(directory)) {
        sync->wants_link = false;
        sync->was_not_dialled = true;
        sync->dial_error = *error;
        wake_up(sync);
    }
}

bool sync_tell(struct sync *sync, enum directory_change change, const char *text)
{
    struct directory *directory = sync->directory;

    if (change == CHANGED_ALL) {
        sync->all_is_due = false;
        count_directory(directory->number, DIRECTORY_SYNC_RESETS);
    }
    while (!sync->listener.changed(sync->listener.context, &directory->config, change, text)) {
        pthread_mutex_lock(&directory->lock);
        bool is_open = !directory->closing;

        pthread_mutex_unlock(&directory->lock);
        if (!is_open) {
            return false;
        }
        (void)poll(NULL, 0, LISTENER_BUSY_MS);
    }
    return true;
}

static void tell_what_is_due(struct sync *sync)
{
    int64_t now_ms = clock_mono_ms();

    if (sync->all_is_due && sync->all_due_ms <= now_ms) {
        sync->all_due_ms = now_ms + SYNC_ALL_REST * sync->directory->config.timeout_ms;
        log_event(LEVEL_WARNING, "all that the directory answers for is dropped: an entry has addresses of more "
                                 "domains than are remembered, or its server does not send all of them",
                  LOG_TEXT("directory", sync->directory->config.name));
        (void)sync_tell(sync, CHANGED_ALL, "");
    }
}

void sync_tell_endless(struct sync *sync)
{
    sync->all_is_due = true;
    tell_what_is_due(sync);
}

/* What others left for us. */
struct news {
    bool is_open; /* the directory */
    struct link *incoming;
    bool was_not_dialled;
    struct error dial_error;
    size_t best;
};

static struct news take_news(struct sync *sync)
{
    struct directory *directory = sync->directory;
    uint64_t ignored;

    (void)!read(sync->wake, &ignored, sizeof(ignored));
    pthread_mutex_lock(&directory->lock);
    struct news news = {
        .is_open = !directory->closing,
        .incoming = sync->incoming,
        .was_not_dialled = sync->was_not_dialled,
        .dial_error = sync->dial_error,
        .best = directory_best_server(directory),
    };

    sync->incoming = NULL;
    sync->was_not_dialled = false;
    sync->is_dialling = sync->wants_link;
    pthread_mutex_unlock(&directory->lock);
    return news;
}

static void want_link(struct sync *sync)
{
    struct directory *directory = sync->directory;

    sync->is_dialling = true;
    pthread_mutex_lock(&directory->lock);
    sync->wants_link = true;
    keeper_wake(directory);
    pthread_mutex_unlock(&directory->lock);
}

/* False: the end. */
static bool look_around(struct sync *sync)
{
    struct news news = take_news(sync);
    struct sync_fault fault = {0};

    if (!news.is_open) {
        link_close(&news.incoming);
        return false;
    }
    if (news.was_not_dialled) {
        sync_dial_failed(sync, &news.dial_error);
    }
    if (news.incoming != NULL) {
        sync->link = news.incoming;
        if (sync_begin(sync, &fault) != 0) {
            sync_fail(sync, &fault);
        }
    } else if (sync->link != NULL && news.best != NO_SERVER && news.best < sync->link->server) {
        fault.notice = "the directory is followed at the server further up, which is back";
        sync_fail(sync, &fault);
    }
    if (sync->link == NULL && !sync->is_dialling && sync->due_ms <= clock_mono_ms()) {
        want_link(sync);
    }
    return true;
}

/* 1: there may be more. */
static int read_messages(struct sync *sync, struct sync_fault *fault)
{
    int64_t now_ms = clock_mono_ms();

    for (unsigned i = 0; i < MESSAGES_AT_ONCE; i++) {
        LDAPMessage *message = NULL;
        int came = link_next(sync->link, &message, &fault->words);

        if (came <= 0) {
            sync->link->must_write = link_must_still_write(sync->link);
            return came;
        }
        sync->link->heard_ms = now_ms;
        came = sync_take(sync, message, fault);
        ldap_msgfree(message);
        if (came < 0) {
            return -1;
        }
    }
    return 1;
}

static int wait_ms(const struct sync *sync, bool more)
{
    int64_t next_ms = sync->link != NULL ? sync_patience_ends_ms(sync) : sync->is_dialling ? INT64_MAX : sync->due_ms;

    if (sync->all_is_due && sync->all_due_ms < next_ms) {
        next_ms = sync->all_due_ms;
    }
    int64_t left_ms = next_ms - clock_mono_ms();

    if (next_ms == INT64_MAX) {
        return -1;
    }
    return more || left_ms <= 0 ? 0 : (int)(left_ms + 1);
}

/* Reads what came. True: there may be more. */
static bool attend(struct sync *sync, bool has_come)
{
    struct sync_fault fault = {0};
    int came = has_come ? read_messages(sync, &fault) : 0;

    if (came < 0 || sync_check_patience(sync, &fault) != 0) {
        sync_fail(sync, &fault);
    }
    sync_show(sync);
    return sync->link != NULL && came > 0;
}

static void *sync_main(void *argument)
{
    struct sync *sync = argument;
    bool more = false;

    while (look_around(sync)) {
        const struct link *link = sync->link;
        struct pollfd events[] = {
            {.fd = sync->wake, .events = POLLIN},
            {.fd = link != NULL ? link->socket : -1,
             .events = (short)(POLLIN | (link != NULL && link->must_write ? POLLOUT : 0))},
        };

        (void)poll(events, 2, wait_ms(sync, more));
        more = link != NULL && attend(sync, more || events[1].revents != 0);
        tell_what_is_due(sync);
    }
    link_close(&sync->link);
    return NULL;
}

static void sync_free(struct sync *sync)
{
    if (sync->table != NULL) {
        sync_forget(sync);
    }
    sync_table_free(&sync->table);
    link_close(&sync->incoming);
    if (sync->wake >= 0) {
        close(sync->wake);
    }
    free(sync);
}

/* Each attribute once. */
static void list_attributes(struct sync *sync)
{
    size_t count = 0;

    for (size_t i = 0; i < sync->names.count; i++) {
        bool is_new = true;

        for (size_t k = 0; k < count; k++) {
            is_new = is_new && strcasecmp(sync->attributes[k], sync->names.patterns[i].attribute) != 0;
        }
        if (is_new) {
            sync->attributes[count++] = sync->names.patterns[i].attribute;
        }
    }
}

/* NULL: out of memory. */
static struct sync *sync_new(struct directory *directory, const struct directory_listener *listener)
{
    struct sync *sync = calloc(1, sizeof(*sync));

    if (sync == NULL) {
        return NULL;
    }
    sync->directory = directory;
    sync->listener = *listener;
    sync->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    sync->table = sync_table_new((size_t)directory->config.sync_bytes);
    if (sync->wake < 0 || sync->table == NULL ||
        sync_names_make(&directory->config, &sync->names, NULL) != 0) { /* which was checked */
        sync_free(sync);
        return NULL;
    }
    list_attributes(sync);
    return sync;
}

static void set_sync(struct directory *directory, struct sync *sync)
{
    pthread_mutex_lock(&directory->lock);
    directory->sync = sync;
    pthread_mutex_unlock(&directory->lock);
}

int sync_start(struct directory *directory, const struct directory_listener *listener)
{
    struct sync *sync = sync_new(directory, listener);

    if (sync == NULL) {
        return -1;
    }
    sync_show(sync);
    set_sync(directory, sync);
    if (thread_start(&sync->thread, "ldap-sync", sync_main, sync) != 0) {
        set_sync(directory, NULL);
        sync_free(sync);
        return -1;
    }
    return 0;
}

void sync_stop(struct directory *directory)
{
    struct sync *sync = directory->sync;

    if (sync == NULL) {
        return;
    }
    wake_up(sync);
    pthread_join(sync->thread, NULL);
    set_sync(directory, NULL);
    sync_free(sync);
}
