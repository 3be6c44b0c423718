#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ldap/sync_private.h"

/* Every entry that has certificates: one that gets its first comes in by it, one that loses its last goes. */
#define SYNC_FILTER "(|(userCertificate=*)(userSMIMECertificate=*))"
#define SYNC_REQUEST_BYTES (MAX_SYNC_COOKIE_BYTES + 64)
#define MESSAGES_AT_ONCE 256
#define LISTENER_BUSY_MS 10
/* Between two starts. */
#define REST_LEAST_MS 1000
#define REST_MOST_MS (5 * 60 * 1000)
#define REST_FULL_MS (60 * 60 * 1000)

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

static const char *server_name(const struct sync *sync)
{
    return sync->directory->servers[sync->server].name;
}

static void show(const struct sync *sync)
{
    unsigned number = sync->directory->number;

    gauge_directory(number, DIRECTORY_SYNC, sync->is_standing);
    gauge_directory(number, DIRECTORY_SYNC_ENTRIES, (int64_t)sync_table_entries(sync->table));
    gauge_directory(number, DIRECTORY_SYNC_BYTES, (int64_t)sync_table_bytes(sync->table));
}

void sync_show_none(const struct directory *directory)
{
    static const enum directory_gauge OURS[] = {DIRECTORY_SYNC, DIRECTORY_SYNC_ENTRIES, DIRECTORY_SYNC_BYTES};

    for (size_t i = 0; i < sizeof(OURS) / sizeof(OURS[0]); i++) {
        gauge_directory(directory->number, OURS[i], GAUGE_NOT_SHOWN);
    }
}

void sync_stands(struct sync *sync)
{
    if (!sync->continues) {
        (void)sync_tell(sync, sync->has_stood ? CHANGED_ALL : CHANGED_UNSEEN, "");
    } else if (sync->all_at_end) {
        (void)sync_tell(sync, CHANGED_ALL, "");
    }
    sync->has_stood = true;
    sync->is_standing = true;
    sync->strikes = 0;
    sync->reported.text[0] = '\0';
    show(sync);
    log_event(LEVEL_NOTICE, "the directory tells of its changes",
              LOG_TEXT("directory", sync->directory->config.name), LOG_TEXT("server", server_name(sync)),
              LOG_NUMBER("entries", (int64_t)sync_table_entries(sync->table)),
              LOG_TEXT("refresh", sync->continues ? "continued" : "whole"),
              LOG_NUMBER("took_ms", clock_mono_ms() - sync->began_ms));
}

/* What is known of the directory is of no use for going on. */
static void forget(struct sync *sync)
{
    sync_table_clear(sync->table);
    for (size_t i = 0; i < sync->part_count; i++) {
        free(sync->parts[i].base);
        buffer_free(&sync->parts[i].cookie);
        buffer_free(&sync->parts[i].next_cookie);
    }
    sync->part_count = 0;
}

/* The first time and after it stood a fault is worth a line; while it goes on, only another one is. */
static void report(struct sync *sync, const struct sync_fault *fault)
{
    if (strcmp(sync->reported.text, fault->words.text) == 0) {
        return;
    }
    sync->reported = fault->words;
    if (sync->is_standing) {
        log_event(LEVEL_WARNING, "the directory does not tell of its changes any more; till it does, they are seen when "
                                 "answers expire",
                  LOG_TEXT("directory", sync->directory->config.name), LOG_TEXT("error", fault->words.text));
    } else {
        log_event(LEVEL_ERROR, "the directory does not tell of its changes; they are seen when answers expire",
                  LOG_TEXT("directory", sync->directory->config.name), LOG_TEXT("setting", "directories.sync"),
                  LOG_TEXT("error", fault->words.text),
                  LOG_TEXT("do", fault->advice != NULL ? fault->advice : "it is tried again"));
    }
}

static int64_t rest_ms(const struct sync *sync, const struct sync_fault *fault)
{
    int64_t rest = REST_LEAST_MS;

    if (fault->is_full) {
        return REST_FULL_MS;
    }
    for (unsigned i = 1; i < sync->strikes && rest < REST_MOST_MS; i++) {
        rest *= 2;
    }
    rest = rest < REST_MOST_MS ? rest : REST_MOST_MS;
    return rest - rest * (clock_mono_us() & 127) / 1024; /* so that gateways do not march in step */
}

/* It begins again: at once if it stood for a while, else after a rest. */
static void fail(struct sync *sync, struct sync_fault *fault)
{
    int64_t now_ms = clock_mono_ms();
    bool stood = sync->is_standing && now_ms - sync->began_ms >= REST_LEAST_MS;

    link_close(&sync->link);
    if (fault->is_stale || fault->is_full || (!sync->is_standing && !sync->continues)) {
        forget(sync);
    }
    if (fault->is_stale && sync->continues && !sync->is_standing) {
        fault->notice = "the directory cannot tell what changed in between: everything of it is read again";
    }
    if (fault->notice != NULL) {
        log_event(LEVEL_NOTICE, fault->notice, LOG_TEXT("directory", sync->directory->config.name));
    } else {
        error_prefix(&fault->words, "%s: sync", server_name(sync));
        report(sync, fault);
        count_directory(sync->directory->number, DIRECTORY_SYNC_FAILURES);
        sync->strikes += stood ? 0 : 1;
    }
    sync->due_ms = now_ms + (stood || fault->notice != NULL ? 0 : rest_ms(sync, fault));
    sync->is_standing = false;
    show(sync);
}

static void dial_failed(struct sync *sync, const struct error *error)
{
    const struct sync_fault fault = {.words = *error};

    report(sync, &fault);
    count_directory(sync->directory->number, DIRECTORY_SYNC_FAILURES);
    sync->strikes++;
    sync->due_ms = clock_mono_ms() + rest_ms(sync, &fault);
}

/* Whether cookies and table are of this server and these bases. */
static bool can_continue(const struct sync *sync)
{
    bool result = sync->part_count > 0 && sync->part_count == sync->link->base_count &&
                  sync->server == sync->link->server;

    for (size_t i = 0; result && i < sync->part_count; i++) {
        result = sync->parts[i].cookie.size > 0 && strcmp(sync->parts[i].base, sync->link->bases[i]) == 0;
    }
    return result;
}

static int copy_bases(struct sync *sync)
{
    for (size_t i = 0; i < sync->link->base_count; i++) {
        struct sync_part *part = &sync->parts[i];

        *part = (struct sync_part){.base = strdup(sync->link->bases[i])};
        if (part->base == NULL) {
            return -1;
        }
        buffer_init(&part->cookie, MAX_SYNC_COOKIE_BYTES);
        buffer_init(&part->next_cookie, MAX_SYNC_COOKIE_BYTES);
        sync->part_count++;
    }
    return 0;
}

static int send_search(struct sync *sync, struct sync_part *part, struct sync_fault *fault)
{
    struct buffer value;
    LDAPControl control = {.ldctl_oid = (char *)LDAP_CONTROL_SYNC, .ldctl_iscritical = 1};
    LDAPControl *controls[] = {&control, NULL};
    const struct link_request request = {
        .base = part->base,
        .scope = sync->directory->config.scope,
        .filter = SYNC_FILTER,
        .attributes = sync->attributes,
        .controls = controls,
    };
    enum link_sent sent = LINK_BROKEN;

    error_set(&fault->words, "out of memory");
    buffer_init(&value, SYNC_REQUEST_BYTES);
    part->is_standing = false;
    buffer_clear(&part->next_cookie);
    if (sync_request_encode(buffer_bytes(&part->cookie), &value) == 0) {
        control.ldctl_value = (struct berval){.bv_len = value.size, .bv_val = (char *)value.data};
        sent = link_send(sync->link, &request, &part->message, &fault->words);
    }
    if (sent == LINK_BUSY) {
        error_set(&fault->words, "the server takes no request");
    }
    buffer_free(&value);
    return sent == LINK_SENT ? 0 : -1;
}

/* A link is here: the refresh begins. */
static int begin(struct sync *sync, struct sync_fault *fault)
{
    sync->continues = can_continue(sync);
    sync->all_at_end = false;
    sync->changes = 0;
    sync->sign = 0;
    sync->mark++;
    sync->began_ms = clock_mono_ms();
    if (!sync->continues) {
        forget(sync);
        sync->server = sync->link->server;
    }
    if (sync->link->sync == SYNC_NOT_OFFERED) {
        fault->advice = SYNC_NEEDS;
        return error_set(&fault->words, "the server does not offer the control %s (RFC 4533)", LDAP_CONTROL_SYNC);
    }
    if (!sync->continues && copy_bases(sync) != 0) {
        return error_set(&fault->words, "out of memory");
    }
    for (size_t i = 0; i < sync->part_count; i++) {
        if (send_search(sync, &sync->parts[i], fault) != 0) {
            return -1;
        }
    }
    return 0;
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

    if (news.was_not_dialled) {
        dial_failed(sync, &news.dial_error);
    }
    if (news.incoming != NULL) {
        sync->link = news.incoming;
        if (!news.is_open || begin(sync, &fault) != 0) {
            fail(sync, &fault);
        }
    } else if (sync->link != NULL && news.best != NO_SERVER && news.best < sync->link->server) {
        fault.notice = "the directory is followed at the server further up, which is back";
        fail(sync, &fault);
    }
    if (sync->link == NULL && !sync->is_dialling && sync->due_ms <= clock_mono_ms()) {
        want_link(sync);
    }
    return news.is_open;
}

static int ask_for_sign(struct sync *sync, struct sync_fault *fault)
{
    static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
    const struct link_request request = {
        .base = "",
        .scope = LDAP_SCOPE_BASE,
        .filter = "(objectClass=*)",
        .attributes = nothing,
        .max_entries = 1,
        .timeout_ms = sync->directory->config.timeout_ms,
    };

    sync->sign_ms = clock_mono_ms();
    if (link_send(sync->link, &request, &sync->sign, &fault->words) != LINK_SENT) {
        return error_set(&fault->words, "the server takes no request");
    }
    return 0;
}

/* When silence is too long, or a sign of life is due. */
static int64_t patience_ends_ms(const struct sync *sync)
{
    int64_t unit_ms = sync->directory->config.timeout_ms;
    int64_t heard_ms = sync->link->heard_ms;

    if (sync->is_standing) {
        return (sync->sign != 0 && sync->sign_ms > heard_ms ? sync->sign_ms : heard_ms) + SYNC_QUIET * unit_ms;
    }
    heard_ms = (heard_ms > sync->began_ms ? heard_ms : sync->began_ms) + SYNC_PATIENCE * unit_ms;
    return heard_ms < sync->began_ms + SYNC_LONGEST * unit_ms ? heard_ms : sync->began_ms + SYNC_LONGEST * unit_ms;
}

static int check_patience(struct sync *sync, struct sync_fault *fault)
{
    int64_t now_ms = clock_mono_ms();

    if (now_ms < patience_ends_ms(sync)) {
        return 0;
    }
    if (!sync->is_standing) {
        fault->advice = "look for a limit of the server on entries or time for bind-dn, which makes some go silent; or "
                        "say sync = false";
        return error_set(&fault->words, "no end of the refresh after %lld ms; %zu entries came",
                         (long long)(now_ms - sync->began_ms), sync_table_entries(sync->table));
    }
    return sync->sign == 0 ? ask_for_sign(sync, fault) : error_set(&fault->words, "no sign of life in time");
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
    int64_t next_ms = sync->link != NULL ? patience_ends_ms(sync) : sync->is_dialling ? INT64_MAX : sync->due_ms;
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

    if (came < 0 || check_patience(sync, &fault) != 0) {
        fail(sync, &fault);
    }
    show(sync);
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
    }
    link_close(&sync->link);
    return NULL;
}

static void sync_free(struct sync *sync)
{
    if (sync->table != NULL) {
        forget(sync);
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
    show(sync);
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
