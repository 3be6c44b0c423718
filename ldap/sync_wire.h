/*
 * The octets of RFC 4533: what is asked with a Sync Request control, and what
 * comes in Sync State and Sync Done controls and in Sync Info messages. Nothing
 * here knows of connections; everything that is decoded comes from outside.
 *
 * Views point into the value that was decoded.
 */
#ifndef LDAP_SYNC_WIRE_H
#define LDAP_SYNC_WIRE_H

#include "base/buffer.h"

#define SYNC_UUID_BYTES 16 /* RFC 4530, RFC 4533 2.1 */

/* The value of a Sync Request control (2.2), mode refreshAndPersist; `cookie` of no bytes: none. -1: no room. */
int sync_request_encode(struct bytes cookie, struct buffer *out);

/* What an entry is named for (2.3), with the numbers of the protocol. */
enum sync_state { SYNC_PRESENT, SYNC_ADD, SYNC_MODIFY, SYNC_DELETE };

struct sync_entry {
    enum sync_state state;
    uint8_t uuid[SYNC_UUID_BYTES];
    struct bytes cookie; /* .data NULL: none */
};

/* -1: not a Sync State control's value. */
int sync_entry_decode(struct bytes value, struct sync_entry *out);

/* Sync Info (2.5). */
enum sync_info_kind { SYNC_NEW_COOKIE, SYNC_REFRESH_DELETE, SYNC_REFRESH_PRESENT, SYNC_ID_SET };

struct sync_info {
    enum sync_info_kind kind;
    struct bytes cookie;  /* .data NULL: none */
    bool refresh_is_done; /* of the two refreshes: no other phase follows */
    bool are_deleted;     /* of a set: what it names is gone; else it is still there */
    struct bytes uuids;   /* of a set: for sync_info_each() */
};

/* -1: not a Sync Info message's value. */
int sync_info_decode(struct bytes value, struct sync_info *out);

/* Calls `named` for each UUID of a set, until it says false. */
void sync_info_each(const struct sync_info *info, bool (*named)(void *context, const uint8_t *uuid), void *context);

#endif
