#include "cache/drop_record.h"

#include "base/limits.h"
#include "cache/record_private.h"
#include "cache/record_reader.h"
#include "cache/sealed.h"

#define SEALED_MAX (64 * 1024)

static const struct sealed_form message_form = {"CLD", DROP_VERSION, SEALED_MAX, "drop"};
static const struct sealed_form purged_form = {"CLP", DROP_VERSION, SEALED_MAX, "purged record"};

static void put_text(struct buffer *out, const char *text)
{
    size_t size = strlen(text);

    buffer_append_u16(out, (uint16_t)size);
    buffer_append(out, text, size);
}

/* A domain, normalised, and no pattern. */
static void get_domain(struct record_reader *reader, char domain[MAX_DOMAIN_BYTES + 1])
{
    char raw[MAX_DOMAIN_BYTES + 1], parsed[MAX_DOMAIN_BYTES + 3];
    struct bytes text = record_get_text_bytes(reader, MAX_DOMAIN_BYTES);

    if (reader->fault != NULL) {
        return;
    }
    memcpy(raw, text.data, text.size);
    raw[text.size] = '\0';
    if (raw[0] == '*' || !address_domain_pattern_parse(raw, parsed) || strcmp(raw, parsed) != 0) {
        record_fail(reader, "a domain is not a normalised one");
        return;
    }
    memcpy(domain, raw, text.size + 1);
}

/* A time that something was dropped at: never 0. */
static int64_t get_at(struct record_reader *reader)
{
    int64_t at = record_get_time(reader);

    if (at <= 0) {
        record_fail(reader, "a time is before all drops");
    }
    return at;
}

void drop_message_encode(const struct drop_message *message, struct buffer *out)
{
    const struct drop *drop = &message->drop;

    buffer_append(out, message->sender, DROP_SENDER_BYTES);
    buffer_append_u64(out, (uint64_t)message->at);
    buffer_append_u8(out, (uint8_t)drop->what);
    put_text(out, drop->what == DROP_ADDRESS ? drop->address.text : drop->what == DROP_DOMAIN ? drop->domain : "");
}

static void get_address(struct record_reader *reader, struct address *address)
{
    struct bytes text = record_get_text_bytes(reader, MAX_ADDRESS_BYTES);

    if (reader->fault == NULL &&
        (address_parse(text, address) != ADDRESS_OK || !bytes_equal(text, address_bytes(address)))) {
        record_fail(reader, "the address is not a normalised one");
    }
}

int drop_message_decode(struct bytes body, struct drop_message *message, struct error *error)
{
    struct record_reader reader = {.left = body};
    struct bytes sender = record_get_bytes(&reader, DROP_SENDER_BYTES);

    *message = (struct drop_message){0};
    memcpy(message->sender, sender.data, sender.size);
    message->at = get_at(&reader);
    switch (record_get_u8(&reader)) {
    case DROP_ADDRESS:
        get_address(&reader, &message->drop.address);
        break;
    case DROP_DOMAIN:
        message->drop.what = DROP_DOMAIN;
        get_domain(&reader, message->drop.domain);
        break;
    case DROP_ALL:
        message->drop.what = DROP_ALL;
        record_get_text_bytes(&reader, 0);
        break;
    default:
        record_fail(&reader, "it is about nothing that we know");
    }
    return record_end(&reader, message_form.what, error);
}

int drop_message_close(const struct seal_ring *ring, size_t which, const char *prefix,
                       const struct drop_message *message, struct buffer *out)
{
    struct buffer plain;

    sealed_begin(&message_form, &plain);
    drop_message_encode(message, &plain);
    return sealed_close(&message_form, ring, which, prefix, &plain, out);
}

enum record_result drop_message_open(const struct seal_ring *ring, const char *prefix, struct bytes sealed,
                                     struct drop_message *message, struct error *error)
{
    struct buffer plain;
    struct bytes body;

    buffer_init(&plain, SEALED_MAX);
    enum record_result result = sealed_open(&message_form, ring, prefix, sealed, &plain, &body, error);
    if (result == RECORD_GOOD && drop_message_decode(body, message, error) != 0) {
        result = RECORD_BAD;
    }
    buffer_free(&plain);
    return result;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void remove_domain(struct purged *purged, size_t i)
{
    memmove(&purged->domains[i], &purged->domains[i + 1], (purged->count - i - 1) * sizeof(purged->domains[0]));
    purged->count--;
}

/* A drop of all says what older drops of domains said. */
static void add_all(struct purged *purged, int64_t at)
{
    purged->all = later(purged->all, at);
    for (size_t i = purged->count; i > 0; i--) {
        if (purged->domains[i - 1].at <= purged->all) {
            remove_domain(purged, i - 1);
        }
    }
}

static void make_room(struct purged *purged)
{
    int64_t oldest = INT64_MAX;

    for (size_t i = 0; i < purged->count; i++) {
        oldest = purged->domains[i].at < oldest ? purged->domains[i].at : oldest;
    }
    add_all(purged, oldest);
}

static void add_domain(struct purged *purged, const char *domain, int64_t at)
{
    size_t i = 0;

    if (at <= purged->all) {
        return;
    }
    while (i < purged->count && strcmp(purged->domains[i].domain, domain) < 0) {
        i++;
    }
    if (i < purged->count && strcmp(purged->domains[i].domain, domain) == 0) {
        purged->domains[i].at = later(purged->domains[i].at, at);
        return;
    }
    if (purged->count == MAX_PURGED_DOMAINS) {
        make_room(purged);
        add_domain(purged, domain, at);
        return;
    }
    memmove(&purged->domains[i + 1], &purged->domains[i], (purged->count - i) * sizeof(purged->domains[0]));
    purged->count++;
    purged->domains[i].at = at;
    memcpy(purged->domains[i].domain, domain, strlen(domain) + 1);
}

static int64_t domain_at(const struct purged *purged, const char *domain)
{
    for (size_t i = 0; i < purged->count; i++) {
        if (strcmp(purged->domains[i].domain, domain) == 0) {
            return purged->domains[i].at;
        }
    }
    return 0;
}

int64_t purged_time(const struct purged *purged, const struct drop *drop, int64_t now)
{
    int64_t known = 0;

    if (drop->what != DROP_ADDRESS) {
        known = later(purged->all, drop->what == DROP_DOMAIN ? domain_at(purged, drop->domain) : 0);
    }
    return known > now && known < RECORD_TIME_MAX ? known + 1 : now;
}

void purged_add(struct purged *purged, const struct drop *drop, int64_t at)
{
    purged->latest = later(purged->latest, at);
    if (drop->what == DROP_ALL) {
        add_all(purged, at);
    } else if (drop->what == DROP_DOMAIN) {
        add_domain(purged, drop->domain, at);
    }
}

void purged_merge(struct purged *purged, const struct purged *more)
{
    purged->latest = later(purged->latest, more->latest);
    add_all(purged, more->all);
    for (size_t i = 0; i < more->count; i++) {
        add_domain(purged, more->domains[i].domain, more->domains[i].at);
    }
}

bool purged_is_within(const struct purged *purged, const struct purged *other)
{
    if (purged->latest > other->latest || purged->all > other->all) {
        return false;
    }
    for (size_t i = 0; i < purged->count; i++) {
        const struct purged_domain *domain = &purged->domains[i];

        if (domain->at > other->all && domain->at > domain_at(other, domain->domain)) {
            return false;
        }
    }
    return true;
}

void purged_encode(const struct purged *purged, struct buffer *out)
{
    buffer_append_u64(out, (uint64_t)purged->latest);
    buffer_append_u64(out, (uint64_t)purged->all);
    buffer_append_u16(out, (uint16_t)purged->count);
    for (size_t i = 0; i < purged->count; i++) {
        put_text(out, purged->domains[i].domain);
        buffer_append_u64(out, (uint64_t)purged->domains[i].at);
    }
}

int purged_decode(struct bytes body, struct purged *purged, struct error *error)
{
    struct record_reader reader = {.left = body};
    size_t count;

    *purged = (struct purged){0};
    purged->latest = record_get_time(&reader);
    purged->all = record_get_time(&reader);
    count = record_at_most(&reader, record_get_u16(&reader), MAX_PURGED_DOMAINS);
    while (reader.fault == NULL && purged->count < count) {
        struct purged_domain *domain = &purged->domains[purged->count++];

        get_domain(&reader, domain->domain);
        domain->at = get_at(&reader);
        if (reader.fault == NULL && (domain->at <= purged->all || domain->at > purged->latest ||
                                     (purged->count > 1 && strcmp(domain[-1].domain, domain->domain) >= 0))) {
            record_fail(&reader, "its domains are out of order, or say nothing");
        }
    }
    if (reader.fault == NULL && (purged->all < 0 || purged->all > purged->latest)) {
        record_fail(&reader, "it knows of a drop after the latest, or before all");
    }
    return record_end(&reader, purged_form.what, error);
}

const char *purged_key(const struct seal_ring *ring, size_t which, const char *prefix, char out[RECORD_KEY_BYTES])
{
    return sealed_name(ring, which, prefix, "p:", bytes_of_string("purged"), out);
}

int purged_close(const struct seal_ring *ring, size_t which, const char *key, const struct purged *purged,
                 struct buffer *out)
{
    struct buffer plain;

    sealed_begin(&purged_form, &plain);
    purged_encode(purged, &plain);
    return sealed_close(&purged_form, ring, which, key, &plain, out);
}

enum record_result purged_open(const struct seal_ring *ring, const char *key, struct bytes sealed,
                               struct purged *purged, struct error *error)
{
    struct buffer plain;
    struct bytes body;

    buffer_init(&plain, SEALED_MAX);
    enum record_result result = sealed_open(&purged_form, ring, key, sealed, &plain, &body, error);
    if (result == RECORD_GOOD && purged_decode(body, purged, error) != 0) {
        result = RECORD_BAD;
    }
    buffer_free(&plain);
    return result;
}
