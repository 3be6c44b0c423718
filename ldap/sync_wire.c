#include "ldap/sync_wire.h"

/* Sync Info's choices (RFC 4533 2.5), and the tags of BER (X.690 8) that come in these values. */
enum {
    TAG_BOOLEAN = 0x01,
    TAG_OCTETS = 0x04,
    TAG_ENUMERATED = 0x0a,
    TAG_SEQUENCE = 0x30,
    TAG_SET = 0x31,
    TAG_NEW_COOKIE = 0x80,
    TAG_REFRESH_DELETE = 0xa1,
    TAG_REFRESH_PRESENT = 0xa2,
    TAG_ID_SET = 0xa3
};

#define REFRESH_AND_PERSIST 3

/* What stands next, without taking it; 0: nothing. */
static uint8_t next_tag(const struct bytes *at)
{
    return at->size > 0 ? at->data[0] : 0;
}

/* One length octet, or up to four after the first (X.690 8.1.3). LDAP knows no indefinite length (RFC 4511 5.1). */
static int take_length(struct bytes *at, size_t *out)
{
    size_t octets = at->data[1] & 0x7f;
    size_t length = at->data[1];
    size_t head = 2;

    if (length >= 0x80) {
        if (octets < 1 || octets > 4 || at->size < 2 + octets) {
            return -1;
        }
        length = 0;
        for (; head < 2 + octets; head++) {
            length = length << 8 | at->data[head];
        }
    }
    if (length > at->size - head) {
        return -1;
    }
    *at = bytes_of(at->data + head, at->size - head);
    *out = length;
    return 0;
}

/* Takes what stands next, which must bear the tag. */
static int take(struct bytes *at, uint8_t tag, struct bytes *content)
{
    size_t length;

    if (at->size < 2 || at->data[0] != tag || take_length(at, &length) != 0) {
        return -1;
    }
    *content = bytes_of(at->data, length);
    *at = bytes_of(at->data + length, at->size - length);
    return 0;
}

/* A number of one octet; all others are none that is known here. */
static int take_number(struct bytes *at, uint8_t tag, uint8_t *out)
{
    struct bytes content;

    if (take(at, tag, &content) != 0 || content.size != 1) {
        return -1;
    }
    *out = content.data[0];
    return 0;
}

/* An OCTET STRING that may be left out. */
static int take_cookie(struct bytes *at, struct bytes *out)
{
    *out = bytes_of(NULL, 0);
    return next_tag(at) == TAG_OCTETS ? take(at, TAG_OCTETS, out) : 0;
}

/* A BOOLEAN that may be left out. */
static int take_boolean(struct bytes *at, bool preset, bool *out)
{
    uint8_t value = preset;

    if (next_tag(at) == TAG_BOOLEAN && take_number(at, TAG_BOOLEAN, &value) != 0) {
        return -1;
    }
    *out = value != 0;
    return 0;
}

static void append_length(struct buffer *out, size_t length)
{
    if (length >= 0x80) {
        buffer_append_u8(out, 0x82);
        buffer_append_u8(out, (uint8_t)(length >> 8));
    }
    buffer_append_u8(out, (uint8_t)length);
}

int sync_request_encode(struct bytes cookie, struct buffer *out)
{
    size_t head = cookie.size >= 0x80 ? 4 : 2;

    if (cookie.size > UINT16_MAX - 16) {
        return -1;
    }
    buffer_append_u8(out, TAG_SEQUENCE);
    append_length(out, 3 + (cookie.size > 0 ? head + cookie.size : 0));
    buffer_append(out, (const uint8_t[]){TAG_ENUMERATED, 1, REFRESH_AND_PERSIST}, 3);
    if (cookie.size > 0) {
        buffer_append_u8(out, TAG_OCTETS);
        append_length(out, cookie.size);
        buffer_append_bytes(out, cookie);
    }
    return out->failed ? -1 : 0;
}

int sync_entry_decode(struct bytes value, struct sync_entry *out)
{
    struct bytes at, uuid;
    uint8_t state;

    if (take(&value, TAG_SEQUENCE, &at) != 0 || take_number(&at, TAG_ENUMERATED, &state) != 0 ||
        state > SYNC_DELETE || take(&at, TAG_OCTETS, &uuid) != 0 || uuid.size != SYNC_UUID_BYTES ||
        take_cookie(&at, &out->cookie) != 0) {
        return -1;
    }
    out->state = (enum sync_state)state;
    memcpy(out->uuid, uuid.data, SYNC_UUID_BYTES);
    return 0;
}

/* The UUIDs of a set. False: something else is in it. */
static bool are_uuids(struct bytes uuids)
{
    struct bytes uuid;

    while (uuids.size > 0) {
        if (take(&uuids, TAG_OCTETS, &uuid) != 0 || uuid.size != SYNC_UUID_BYTES) {
            return false;
        }
    }
    return true;
}

/* SEQUENCE { cookie OPTIONAL, refreshDone DEFAULT TRUE } */
static int take_refresh(struct bytes at, struct sync_info *out)
{
    return take_cookie(&at, &out->cookie) == 0 ? take_boolean(&at, true, &out->refresh_is_done) : -1;
}

/* SEQUENCE { cookie OPTIONAL, refreshDeletes DEFAULT FALSE, SET OF syncUUID } */
static int take_set(struct bytes at, struct sync_info *out)
{
    if (take_cookie(&at, &out->cookie) != 0 || take_boolean(&at, false, &out->are_deleted) != 0 ||
        take(&at, TAG_SET, &out->uuids) != 0) {
        return -1;
    }
    return are_uuids(out->uuids) ? 0 : -1;
}

int sync_info_decode(struct bytes value, struct sync_info *out)
{
    struct bytes at;
    uint8_t tag = next_tag(&value);

    *out = (struct sync_info){0};
    if (take(&value, tag, &at) != 0) {
        return -1;
    }
    switch (tag) {
    case TAG_NEW_COOKIE:
        out->kind = SYNC_NEW_COOKIE;
        out->cookie = at;
        return 0;
    case TAG_REFRESH_DELETE:
        out->kind = SYNC_REFRESH_DELETE;
        return take_refresh(at, out);
    case TAG_REFRESH_PRESENT:
        out->kind = SYNC_REFRESH_PRESENT;
        return take_refresh(at, out);
    case TAG_ID_SET:
        out->kind = SYNC_ID_SET;
        return take_set(at, out);
    default:
        return -1;
    }
}

void sync_info_each(const struct sync_info *info, bool (*named)(void *context, const uint8_t *uuid), void *context)
{
    struct bytes at = info->uuids, uuid;

    while (take(&at, TAG_OCTETS, &uuid) == 0 && named(context, uuid.data)) {
    }
}
