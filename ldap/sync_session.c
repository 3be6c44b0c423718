#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ldap/sync_private.h"

/* Every entry that has certificates: one that gets its first comes in by it, one that loses its last goes. */
#define SYNC_FILTER "(|(userCertificate=*)(userSMIMECertificate=*))"
#define SYNC_REQUEST_BYTES (MAX_SYNC_COOKIE_BYTES + 64)
/* Between two starts. */
#define REST_LEAST_MS 1000
#define REST_MOST_MS (5 * 60 * 1000)
#define REST_FULL_MS (60 * 60 * 1000)

static const char *server_name(const struct sync *sync)
{
    return sync->directory->servers[sync->server].name;
}

void sync_show(const struct sync *sync)
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
    sync->all_at_end = false;
    sync->has_stood = true;
    sync->is_standing = true;
    sync->strikes = 0;
    sync->reported.text[0] = '\0';
    sync_show(sync);
    log_event(LEVEL_NOTICE, "the directory tells of its changes",
              LOG_TEXT("directory", sync->directory->config.name), LOG_TEXT("server", server_name(sync)),
              LOG_NUMBER("entries", (int64_t)sync_table_entries(sync->table)),
              LOG_TEXT("refresh", sync->continues ? "continued" : "whole"),
              LOG_NUMBER("took_ms", clock_mono_ms() - sync->began_ms));
}

/* What is known of the directory is of no use for going on. */
void sync_forget(struct sync *sync)
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
        log_event(LEVEL_WARNING, "the directory does not tell of its changes any more; till it does, they are seen "
                                 "when answers expire",
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
void sync_fail(struct sync *sync, struct sync_fault *fault)
{
    int64_t now_ms = clock_mono_ms();
    bool stood = sync->is_standing && now_ms - sync->began_ms >= REST_LEAST_MS;

    link_close(&sync->link);
    if (fault->is_stale || fault->is_full || (!sync->is_standing && !sync->continues)) {
        sync_forget(sync);
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
    sync_show(sync);
}

void sync_dial_failed(struct sync *sync, const struct error *error)
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
int sync_begin(struct sync *sync, struct sync_fault *fault)
{
    sync->continues = can_continue(sync);
    sync->changes = 0;
    sync->sign = 0;
    sync->mark++;
    sync->began_ms = clock_mono_ms();
    if (!sync->continues) {
        sync_forget(sync);
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
int64_t sync_patience_ends_ms(const struct sync *sync)
{
    int64_t unit_ms = sync->directory->config.timeout_ms;
    int64_t heard_ms = sync->link->heard_ms;

    if (sync->is_standing) {
        return (sync->sign != 0 && sync->sign_ms > heard_ms ? sync->sign_ms : heard_ms) + SYNC_QUIET * unit_ms;
    }
    heard_ms = (heard_ms > sync->began_ms ? heard_ms : sync->began_ms) + SYNC_PATIENCE * unit_ms;
    return heard_ms < sync->began_ms + SYNC_LONGEST * unit_ms ? heard_ms : sync->began_ms + SYNC_LONGEST * unit_ms;
}

int sync_check_patience(struct sync *sync, struct sync_fault *fault)
{
    int64_t now_ms = clock_mono_ms();

    if (now_ms < sync_patience_ends_ms(sync)) {
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
