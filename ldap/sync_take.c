#include "ldap/sync_private.h"

#include <stdio.h>

#include "base/metrics.h"

static int bad_message(struct sync_fault *fault)
{
    return error_set(&fault->words, "the server sent a message that cannot be read");
}

/* Whether changes below this base are told as they come. What a first refresh names was not known to be different. */
static bool tells(const struct sync *sync, const struct sync_part *part)
{
    return part->is_standing || (sync->continues && !sync->all_at_end);
}

static void tell(struct sync *sync, const struct sync_part *part, enum directory_change change, const char *text)
{
    if (!part->is_standing && ++sync->changes > MAX_SYNC_REFRESH_CHANGES) {
        sync->all_at_end = true;
    } else {
        (void)sync_tell(sync, change, text);
    }
}

/* Tells of each key, but of those that stand in `told`. */
static void tell_keys(struct sync *sync, const struct sync_part *part, struct bytes keys, struct bytes told)
{
    char text[MAX_ADDRESS_BYTES + 1];

    while (keys.size > 0 && tells(sync, part)) {
        size_t size = (size_t)((const uint8_t *)memchr(keys.data, '\n', keys.size) - keys.data);
        size_t at = keys.data[0] == '@' ? 1 : 0; /* a domain */

        if (!sync_keys_have(told, bytes_of(keys.data, size))) {
            (void)snprintf(text, sizeof(text), "%.*s", (int)(size - at), (const char *)keys.data + at);
            tell(sync, part, at > 0 ? CHANGED_DOMAIN : CHANGED_ADDRESS, text);
        }
        keys = bytes_of(keys.data + size + 1, keys.size - size - 1);
    }
}

static void tell_endless(struct sync *sync, const struct sync_part *part)
{
    if (part->is_standing) {
        sync_tell_endless(sync);
    } else if (tells(sync, part)) {
        sync->all_at_end = true;
    }
}

static void tell_row(struct sync *sync, const struct sync_part *part, const struct sync_row *row, struct bytes told)
{
    if (row != NULL && row->is_endless) {
        tell_endless(sync, part);
    } else if (row != NULL) {
        tell_keys(sync, part, bytes_of(row->keys, row->size), told);
    }
}

/* The entry as it was is of no account any more. One that another base named since went there, and is told of by that
 * one from now on. */
static void take_gone(struct sync *sync, const struct sync_part *part, const uint8_t *uuid)
{
    const struct sync_row *row = sync_table_find(sync->table, uuid);

    tell_row(sync, part, row, bytes_of(NULL, 0));
    if (row != NULL && row->part == part - sync->parts) {
        sync_table_remove(sync->table, uuid);
    }
}

static int keep_row(struct sync *sync, const struct sync_row *row, const struct sync_keys *keys,
                    struct sync_fault *fault)
{
    if (row->size == 0 && !row->is_endless) {
        sync_table_remove(sync->table, row->uuid);
        return 0;
    }
    if (sync_table_put(sync->table, row, buffer_string(&keys->lines)) == 0) {
        return 0;
    }
    fault->is_full = true;
    fault->advice = "raise directories.sync-memory, or say sync = false";
    count(COUNT_LIMIT_SYNC_MEMORY);
    return error_set(&fault->words, "there is no room in directories.sync-memory for the addresses of this directory; "
                                    "%zu entries are in it", sync_table_entries(sync->table));
}

/* What it answers for now and what it did before are told of. */
static int take_keys(struct sync *sync, struct sync_part *part, const struct sync_entry *entry,
                     const struct sync_keys *keys, struct sync_fault *fault)
{
    const struct bytes lines = buffer_bytes(&keys->lines);
    struct sync_row row = {
        .part = (uint8_t)(part - sync->parts),
        .mark = sync->mark,
        .is_endless = keys->is_endless,
        .size = (uint16_t)lines.size,
    };

    memcpy(row.uuid, entry->uuid, sizeof(row.uuid));
    for (size_t i = 0; i < keys->unreadable; i++) {
        count_directory(sync->directory->number, DIRECTORY_SYNC_UNREADABLE);
    }
    const struct sync_row *before = sync_table_find(sync->table, entry->uuid);
    tell_row(sync, part, before, lines);
    if (row.is_endless && (before == NULL || !before->is_endless)) {
        tell_endless(sync, part);
    } else {
        tell_keys(sync, part, lines, bytes_of(NULL, 0));
    }
    return keep_row(sync, &row, keys, fault);
}

static int take_content(struct sync *sync, struct sync_part *part, const struct sync_entry *entry,
                        LDAPMessage *message, struct sync_fault *fault)
{
    struct sync_keys keys;
    BerElement *ber = NULL;
    struct berval dn;

    if (ldap_get_dn_ber(sync->link->handle, message, &ber, &dn) != LDAP_SUCCESS) {
        return bad_message(fault);
    }
    int result = sync_keys_read(&keys, &sync->names, ber) == 0 ? take_keys(sync, part, entry, &keys, fault)
                                                               : bad_message(fault);

    sync_keys_free(&keys);
    ber_free(ber, 0);
    return result;
}

/* One that stands holds for what was said before it; within a refresh only the end makes it good. */
static void keep_cookie(struct sync_part *part, struct bytes cookie)
{
    struct buffer *kept = part->is_standing ? &part->cookie : &part->next_cookie;

    if (cookie.data != NULL) {
        buffer_clear(kept);
        buffer_append_bytes(kept, cookie);
        if (kept->failed) {
            buffer_clear(kept); /* too long: the next refresh begins anew */
        }
    }
}

/* -1: the entry is named by no such control. */
static int find_state(const struct sync *sync, LDAPMessage *message, struct sync_entry *entry, LDAPControl ***controls)
{
    if (ldap_get_entry_controls(sync->link->handle, message, controls) != LDAP_SUCCESS) {
        return -1;
    }
    const LDAPControl *state = ldap_control_find(LDAP_CONTROL_SYNC_STATE, *controls, NULL);

    if (state == NULL) {
        return -1;
    }
    return sync_entry_decode(bytes_of(state->ldctl_value.bv_val, state->ldctl_value.bv_len), entry);
}

static int take_entry(struct sync *sync, struct sync_part *part, LDAPMessage *message, struct sync_fault *fault)
{
    LDAPControl **controls = NULL;
    struct sync_entry entry;
    struct sync_row *row;
    int result = 0;

    if (find_state(sync, message, &entry, &controls) != 0) {
        ldap_controls_free(controls);
        return error_set(&fault->words, "the server sent an entry without a Sync State control (RFC 4533 2.3)");
    }
    if (tells(sync, part) && entry.state != SYNC_PRESENT) {
        count_directory(sync->directory->number, DIRECTORY_SYNC_CHANGES);
    }
    switch (entry.state) {
    case SYNC_PRESENT:
        row = sync_table_find(sync->table, entry.uuid);
        if (row != NULL) {
            row->mark = sync->mark;
        }
        break;
    case SYNC_DELETE:
        take_gone(sync, part, entry.uuid);
        break;
    case SYNC_ADD:
    case SYNC_MODIFY:
        result = take_content(sync, part, &entry, message, fault);
        break;
    }
    if (result == 0) { /* else the server has to say it once more */
        keep_cookie(part, entry.cookie);
    }
    ldap_controls_free(controls);
    return result;
}

struct naming {
    struct sync *sync;
    struct sync_part *part;
    bool are_deleted;
};

static bool take_named(void *context, const uint8_t *uuid)
{
    const struct naming *naming = context;
    struct sync_row *row = sync_table_find(naming->sync->table, uuid);

    if (naming->are_deleted) {
        take_gone(naming->sync, naming->part, uuid);
        if (tells(naming->sync, naming->part)) {
            count_directory(naming->sync->directory->number, DIRECTORY_SYNC_CHANGES);
        }
    } else if (row != NULL) {
        row->mark = naming->sync->mark;
    }
    return true;
}

static void take_unnamed(void *context, const struct sync_row *row)
{
    const struct naming *naming = context;

    tell_row(naming->sync, naming->part, row, bytes_of(NULL, 0));
}

static void end_refresh(struct sync *sync, struct sync_part *part)
{
    bool all_stand = true;

    part->is_standing = true;
    if (part->next_cookie.size > 0) {
        keep_cookie(part, buffer_bytes(&part->next_cookie));
    }
    for (size_t i = 0; i < sync->part_count; i++) {
        all_stand = all_stand && sync->parts[i].is_standing;
    }
    if (all_stand) {
        sync_stands(sync);
    }
}

static int take_info(struct sync *sync, struct sync_part *part, struct bytes value, struct sync_fault *fault)
{
    struct naming naming = {.sync = sync, .part = part};
    struct sync_info info;

    if (sync_info_decode(value, &info) != 0) {
        return error_set(&fault->words, "the server sent a Sync Info message that cannot be read (RFC 4533 2.5)");
    }
    keep_cookie(part, info.cookie);
    switch (info.kind) {
    case SYNC_NEW_COOKIE:
        break;
    case SYNC_ID_SET:
        naming.are_deleted = info.are_deleted;
        sync_info_each(&info, take_named, &naming);
        break;
    case SYNC_REFRESH_PRESENT:
        if (!part->is_standing) {
            sync_table_sweep(sync->table, (uint8_t)(part - sync->parts), sync->mark, take_unnamed, &naming);
        }
        /* fall through */
    case SYNC_REFRESH_DELETE:
        if (info.refresh_is_done && !part->is_standing) {
            end_refresh(sync, part);
        }
        break;
    }
    return 0;
}

static int take_intermediate(struct sync *sync, struct sync_part *part, LDAPMessage *message, struct sync_fault *fault)
{
    struct berval *value = NULL;
    char *oid = NULL;
    int result = 0;

    if (ldap_parse_intermediate(sync->link->handle, message, &oid, &value, NULL, 0) != LDAP_SUCCESS) {
        return bad_message(fault);
    }
    if (oid != NULL && strcmp(oid, LDAP_SYNC_INFO) == 0) {
        result = value != NULL ? take_info(sync, part, bytes_of(value->bv_val, value->bv_len), fault)
                               : bad_message(fault);
    }
    ldap_memfree(oid);
    ber_bvfree(value);
    return result;
}

int sync_refused(int code, const char *diagnostic, struct sync_fault *fault)
{
    static const char LIMITED[] =
        "the server limits how many entries bind-dn gets; lift that (slapd: limits dn.exact=BIND-DN size=unlimited "
        "time=unlimited), or say sync = false";
    static const struct {
        int code;
        const char *advice;
    } ROWS[] = {
        {LDAP_SIZELIMIT_EXCEEDED, LIMITED},
        {LDAP_TIMELIMIT_EXCEEDED, LIMITED},
        {LDAP_ADMINLIMIT_EXCEEDED, LIMITED},
        {LDAP_INSUFFICIENT_ACCESS, "let bind-dn search and read the addresses and entryUUID, or say sync = false"},
        {LDAP_UNAVAILABLE_CRITICAL_EXTENSION, SYNC_NEEDS},
        {LDAP_NO_SUCH_OBJECT, "look at base"},
    };

    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        if (ROWS[i].code == code) {
            fault->advice = ROWS[i].advice;
        }
    }
    link_words(code, diagnostic, &fault->words);
    return -1;
}

/* The search stands until the server ends it, which it should not. */
static int take_end(const struct sync *sync, LDAPMessage *message, struct sync_fault *fault)
{
    char *diagnostic = NULL;
    int code = LDAP_OTHER;

    if (ldap_parse_result(sync->link->handle, message, &code, NULL, &diagnostic, NULL, NULL, 0) != LDAP_SUCCESS) {
        return bad_message(fault);
    }
    if (code == LDAP_SUCCESS) {
        error_set(&fault->words, "the server ended the search");
    } else {
        sync_refused(code, diagnostic, fault);
    }
    /* A server that was restored refuses a cookie with codes of its own. */
    fault->is_stale = code == LDAP_SYNC_REFRESH_REQUIRED ||
                      (!sync->is_standing && code != LDAP_BUSY && code != LDAP_UNAVAILABLE);
    ldap_memfree(diagnostic);
    return -1;
}

static struct sync_part *find_part(struct sync *sync, ber_int_t message)
{
    for (size_t i = 0; i < sync->part_count; i++) {
        if (sync->parts[i].message == message) {
            return &sync->parts[i];
        }
    }
    return NULL;
}

int sync_take(struct sync *sync, LDAPMessage *message, struct sync_fault *fault)
{
    ber_int_t id = ldap_msgid(message);
    struct sync_part *part = find_part(sync, id);

    if (id == 0) { /* a notice of disconnection (RFC 4511 4.4.1) */
        return error_set(&fault->words, "the server ended the connection");
    }
    if (part == NULL) {
        sync->sign = id == sync->sign ? 0 : sync->sign;
        return 0;
    }
    switch (ldap_msgtype(message)) {
    case LDAP_RES_SEARCH_ENTRY:
        return take_entry(sync, part, message, fault);
    case LDAP_RES_INTERMEDIATE:
        return take_intermediate(sync, part, message, fault);
    case LDAP_RES_SEARCH_RESULT:
        return take_end(sync, message, fault);
    case LDAP_RES_SEARCH_REFERENCE: /* another server's part of the tree */
        return 0;
    default:
        return bad_message(fault);
    }
}
