/* What gateways tell each other of drops: what goes in comes out, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "cache/drop_record.h"
#include "tests/unit/record_play.h"
#include "tests/unit/scarce.h"

static const char secret[] = "0123456789abcdef0123456789abcdef";
static const char other_secret[] = "fedcba9876543210fedcba9876543210";

/* "a@b.example", "b.example" or "all". */
static struct drop drop_of(const char *text)
{
    struct drop drop = {.what = DROP_ALL};

    if (strchr(text, '@') != NULL) {
        drop.what = DROP_ADDRESS;
        assert_int_equal(address_parse(bytes_of_string(text), &drop.address), ADDRESS_OK);
    } else if (strcmp(text, "all") != 0) {
        drop.what = DROP_DOMAIN;
        snprintf(drop.domain, sizeof(drop.domain), "%s", text);
    }
    return drop;
}

static struct drop_message message_of(const char *text)
{
    return (struct drop_message){.sender = "01234567", .at = 1700000000, .drop = drop_of(text)};
}

static void assert_same(const struct drop_message *a, const struct drop_message *b)
{
    assert_memory_equal(a->sender, b->sender, DROP_SENDER_BYTES);
    assert_int_equal(a->at, b->at);
    assert_int_equal(a->drop.what, b->drop.what);
    assert_string_equal(a->drop.domain, b->drop.domain);
    assert_string_equal(a->drop.address.text, b->drop.address.text);
}

static void messages_come_out_as_they_went_in(void **state)
{
    static const char *const texts[] = {"alice@example.org", "\"a b\"@example.org", "J\303\266rg@example.org",
                                        "example.org", "xn--bcher-kva.example", "all"};
    struct seal_ring *ring = ring_of(secret, NULL), *both = ring_of(other_secret, secret);

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct drop_message message = message_of(texts[i]), back;
        struct buffer sealed;
        struct error error;

        buffer_init(&sealed, MAX_MESSAGE_BYTES);
        assert_int_equal(drop_message_close(both, 1, "p:", &message, &sealed), 0);
        assert_null(memmem(sealed.data, sealed.size, "example", 7));
        assert_int_equal(drop_message_open(ring, "p:", buffer_bytes(&sealed), &back, &error), RECORD_GOOD);
        assert_same(&message, &back);
        buffer_free(&sealed);
    }
    seal_ring_free(&ring);
    seal_ring_free(&both);
}

/* The longest address there is. */
static void the_longest_message_fits(void **state)
{
    struct drop_message message = message_of("all");
    struct seal_ring *ring = ring_of(secret, NULL);
    char text[MAX_ADDRESS_BYTES + 1];
    struct buffer sealed;

    (void)state;
    memset(text, 'a', sizeof(text));
    text[64] = '@';
    for (size_t i = 65 + 60; i < MAX_ADDRESS_BYTES; i += 61) {
        text[i] = '.';
    }
    text[MAX_ADDRESS_BYTES] = '\0';
    message.drop = drop_of(text);
    buffer_init(&sealed, MAX_MESSAGE_BYTES);
    assert_int_equal(drop_message_close(ring, 0, "certlookup:", &message, &sealed), 0);
    buffer_free(&sealed);
    seal_ring_free(&ring);
}

/* Any flipped bit, another prefix, another ring, the seal of something else: no message. */
static void a_broken_seal_opens_nothing(void **state)
{
    struct seal_ring *ring = ring_of(secret, NULL), *other = ring_of(other_secret, NULL);
    struct drop_message message = message_of("alice@example.org"), back;
    struct purged purged = {.latest = 5, .all = 5}, purged_back;
    struct buffer sealed;
    struct error error;

    (void)state;
    buffer_init(&sealed, MAX_RECORD_BYTES);
    assert_int_equal(drop_message_close(ring, 0, "p:", &message, &sealed), 0);
    for (size_t i = 0; i < sealed.size; i++) {
        struct bytes cut = bytes_of(sealed.data, i);

        assert_int_equal(drop_message_open(ring, "p:", cut, &back, &error), RECORD_BAD_SEAL);
        sealed.data[i] ^= 1;
        assert_int_equal(drop_message_open(ring, "p:", buffer_bytes(&sealed), &back, &error), RECORD_BAD_SEAL);
        sealed.data[i] ^= 1;
    }
    assert_int_equal(drop_message_open(ring, "q:", buffer_bytes(&sealed), &back, &error), RECORD_BAD_SEAL);
    assert_int_equal(drop_message_open(other, "p:", buffer_bytes(&sealed), &back, &error), RECORD_BAD_SEAL);
    assert_int_equal(purged_open(ring, "p:", buffer_bytes(&sealed), &purged_back, &error), RECORD_BAD);
    buffer_clear(&sealed);
    assert_int_equal(purged_close(ring, 0, "p:", &purged, &sealed), 0);
    assert_int_equal(drop_message_open(ring, "p:", buffer_bytes(&sealed), &back, &error), RECORD_BAD);
    buffer_clear(&sealed);
    for (size_t i = 0; i < 70000; i++) {
        buffer_append_u8(&sealed, 0);
    }
    assert_int_equal(drop_message_open(ring, "p:", buffer_bytes(&sealed), &back, &error), RECORD_BAD_SEAL);
    assert_int_equal(purged_open(ring, "p:", buffer_bytes(&sealed), &purged_back, &error), RECORD_BAD_SEAL);
    buffer_free(&sealed);
    seal_ring_free(&ring);
    seal_ring_free(&other);
}

#define BYTES(text) bytes_of(text, sizeof(text) - 1)
#define HEAD "01234567\0\0\0\0\x65\x53\xf1\0"

static void a_malformed_message_is_refused(void **state)
{
    static const struct {
        const char *name;
        struct bytes body;
    } rows[] = {
        {"nothing", {(const uint8_t *)"", 0}},
        {"no time", {(const uint8_t *)"01234567", 8}},
        {"no kind", {(const uint8_t *)HEAD, 16}},
        {"time 0", {(const uint8_t *)"01234567\0\0\0\0\0\0\0\0\2\0\0", 19}},
        {"time negative", {(const uint8_t *)"01234567\xff\xff\xff\xff\xff\xff\xff\xff\2\0\0", 19}},
        {"time beyond all years", {(const uint8_t *)"01234567\x7f\xff\xff\xff\xff\xff\xff\xff\2\0\0", 19}},
        {"kind unknown", {(const uint8_t *)HEAD "\3\0\0", 19}},
        {"all, of something", {(const uint8_t *)HEAD "\2\0\1a", 20}},
        {"all, and more", {(const uint8_t *)HEAD "\2\0\0a", 20}},
        {"no address", {(const uint8_t *)HEAD "\0\0\0", 19}},
        {"not an address", {(const uint8_t *)HEAD "\0\0\5alice", 24}},
        {"not normalised", {(const uint8_t *)HEAD "\0\0\x09" "A@b.c.org", 28}},
        {"an address cut off", {(const uint8_t *)HEAD "\0\0\x0a" "a@b.c.org", 28}},
        {"an address with more", {(const uint8_t *)HEAD "\0\0\x09" "a@b.c.org!", 29}},
        {"a NUL in it", {(const uint8_t *)HEAD "\0\0\x09" "a@b.c\0org", 28}},
        {"no domain", {(const uint8_t *)HEAD "\1\0\0", 19}},
        {"a pattern", {(const uint8_t *)HEAD "\1\0\5*.org", 24}},
        {"any domain", {(const uint8_t *)HEAD "\1\0\1*", 20}},
        {"a domain in upper case", {(const uint8_t *)HEAD "\1\0\5A.org", 24}},
        {"a domain in U-labels", {(const uint8_t *)HEAD "\1\0\6\303\244.org", 25}},
        {"a domain with a space", {(const uint8_t *)HEAD "\1\0\5a org", 24}},
    };
    struct drop_message message;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (drop_message_decode(rows[i].body, &message, &error) == 0) {
            fail_msg("%s", rows[i].name);
        }
    }
    assert_int_equal(drop_message_decode(BYTES(HEAD "\1\0\5a.org"), &message, &error), 0);
    assert_int_equal(drop_message_decode(BYTES(HEAD "\2\0\0"), &message, &error), 0);
}

#define NUMBER(n) "\0\0\0\0\0\0\0" n

static void a_malformed_record_is_refused(void **state)
{
    static const struct {
        const char *name;
        struct bytes body;
    } rows[] = {
        {"nothing", {(const uint8_t *)"", 0}},
        {"no count", {(const uint8_t *)NUMBER("\5") NUMBER("\0"), 16}},
        {"all after the latest", {(const uint8_t *)NUMBER("\5") NUMBER("\6") "\0\0", 18}},
        {"all before all", {(const uint8_t *)NUMBER("\5") "\xff\xff\xff\xff\xff\xff\xff\xff\0\0", 18}},
        {"more than there may be", {(const uint8_t *)NUMBER("\5") NUMBER("\0") "\0\x41", 18}},
        {"fewer than it says", {(const uint8_t *)NUMBER("\5") NUMBER("\0") "\0\1", 18}},
        {"bytes left", {(const uint8_t *)NUMBER("\5") NUMBER("\0") "\0\0x", 19}},
        {"a pattern", {(const uint8_t *)NUMBER("\5") NUMBER("\0") "\0\1\0\5*.org" NUMBER("\5"), 33}},
        {"time 0", {(const uint8_t *)NUMBER("\5") NUMBER("\0") "\0\1\0\5a.org" NUMBER("\0"), 33}},
        {"after the latest", {(const uint8_t *)NUMBER("\5") NUMBER("\0") "\0\1\0\5a.org" NUMBER("\6"), 33}},
        {"before all", {(const uint8_t *)NUMBER("\5") NUMBER("\3") "\0\1\0\5a.org" NUMBER("\3"), 33}},
        {"twice",
         {(const uint8_t *)NUMBER("\5") NUMBER("\0") "\0\2\0\5a.org" NUMBER("\5") "\0\5a.org" NUMBER("\5"), 48}},
        {"descending",
         {(const uint8_t *)NUMBER("\5") NUMBER("\0") "\0\2\0\5b.org" NUMBER("\5") "\0\5a.org" NUMBER("\5"), 48}},
    };
    struct purged purged;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (purged_decode(rows[i].body, &purged, &error) == 0) {
            fail_msg("%s", rows[i].name);
        }
    }
    assert_int_equal(purged_decode(BYTES(NUMBER("\5") NUMBER("\0") "\0\1\0\5a.org" NUMBER("\5")), &purged, &error), 0);
    assert_int_equal(purged_decode(BYTES(NUMBER("\0") NUMBER("\0") "\0\0"), &purged, &error), 0);
}

static void add(struct purged *purged, const char *text, int64_t at)
{
    struct drop drop = drop_of(text);

    purged_add(purged, &drop, at);
}

/* "latest all | domain at, …" */
static const char *shown(const struct purged *purged)
{
    static char text[512];
    int size = snprintf(text, sizeof(text), "%d %d |", (int)purged->latest, (int)purged->all);

    for (size_t i = 0; i < purged->count; i++) {
        size += snprintf(text + size, sizeof(text) - (size_t)size, " %s %d", purged->domains[i].domain,
                         (int)purged->domains[i].at);
    }
    return text;
}

static void drops_add_up(void **state)
{
    struct purged purged = {0};

    (void)state;
    assert_string_equal(shown(&purged), "0 0 |");
    add(&purged, "alice@example.org", 5);
    assert_string_equal(shown(&purged), "5 0 |");
    add(&purged, "b.org", 6);
    add(&purged, "a.org", 3);
    add(&purged, "b.org", 4);
    assert_string_equal(shown(&purged), "6 0 | a.org 3 b.org 6");
    add(&purged, "all", 3);
    assert_string_equal(shown(&purged), "6 3 | b.org 6");
    add(&purged, "c.org", 3);
    assert_string_equal(shown(&purged), "6 3 | b.org 6");
    add(&purged, "all", 9);
    assert_string_equal(shown(&purged), "9 9 |");
    add(&purged, "all", 2);
    assert_string_equal(shown(&purged), "9 9 |");
}

/* One of a clock that was ahead came before: the next is after it all the same, and is seen to be news. */
static void a_drop_of_now_is_after_all_that_is_known(void **state)
{
    static const struct {
        const char *text;
        int64_t now, want;
    } rows[] = {
        {"a.org", 400, 501}, {"a.org", 400, 502}, {"b.org", 400, 501}, {"all", 400, 501},   {"all", 400, 502},
        {"b.org", 400, 503}, {"b.org", 503, 503}, {"all", 502, 502},   {"a.org", 800, 800}, {"a.org", 799, 801},
        {"all", 900, 900},   {"alice@a.org", 700, 700},
    };
    struct purged purged = {0};

    (void)state;
    add(&purged, "all", 500);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct drop drop = drop_of(rows[i].text);

        assert_int_equal(purged_time(&purged, &drop, rows[i].now), rows[i].want);
        purged_add(&purged, &drop, rows[i].want);
    }
    assert_string_equal(shown(&purged), "900 900 |");
    purged = (struct purged){.latest = 253402300799, .all = 253402300799}; /* the last second that a record may name */
    struct drop all = drop_of("all");
    assert_int_equal(purged_time(&purged, &all, 500), 500);
}

static void too_many_domains_become_all(void **state)
{
    struct purged purged = {0};
    char text[32];

    (void)state;
    for (int i = 0; i < MAX_PURGED_DOMAINS; i++) {
        snprintf(text, sizeof(text), "d%02d.org", i);
        add(&purged, text, 1000 - i);
    }
    assert_int_equal(purged.count, MAX_PURGED_DOMAINS);
    assert_int_equal(purged.all, 0);
    add(&purged, "d5.org", 2000);
    assert_int_equal(purged.count, MAX_PURGED_DOMAINS);
    assert_int_equal(purged.all, 1000 - MAX_PURGED_DOMAINS + 1);
    add(&purged, "e.org", purged.all + 1); /* no longer than the oldest there: it drops all itself */
    assert_true(purged.count < MAX_PURGED_DOMAINS);
    assert_int_equal(purged.all, 1000 - MAX_PURGED_DOMAINS + 2);
}

static void what_two_know_is_what_either_knows(void **state)
{
    struct purged one = {0}, other = {0};

    (void)state;
    assert_true(purged_is_within(&one, &other));
    add(&one, "a.org", 5);
    add(&one, "b.org", 6);
    add(&other, "b.org", 7);
    add(&other, "all", 3);
    assert_false(purged_is_within(&one, &other));
    assert_false(purged_is_within(&other, &one));
    purged_merge(&one, &other);
    assert_string_equal(shown(&one), "7 3 | a.org 5 b.org 7");
    assert_true(purged_is_within(&other, &one));
    assert_false(purged_is_within(&one, &other));
    purged_merge(&other, &one);
    assert_true(purged_is_within(&one, &other));
    add(&one, "alice@example.org", 8);
    assert_false(purged_is_within(&one, &other));
    add(&other, "all", 8);
    assert_true(purged_is_within(&one, &other));
}

static void records_come_out_as_they_went_in(void **state)
{
    struct seal_ring *ring = ring_of(secret, NULL), *both = ring_of(other_secret, secret);
    struct purged purged = {0}, back;
    char key[RECORD_KEY_BYTES], other[RECORD_KEY_BYTES];
    struct buffer sealed;
    struct error error;

    (void)state;
    add(&purged, "all", 3);
    for (int i = 0; i < MAX_PURGED_DOMAINS; i++) {
        char text[32];

        snprintf(text, sizeof(text), "d%02d.org", i);
        add(&purged, text, 1000 + i);
    }
    assert_string_equal(purged_key(ring, 0, "p:", key), purged_key(both, 1, "p:", other));
    assert_string_not_equal(key, purged_key(both, 0, "p:", other));
    assert_int_equal(strncmp(key, "p:p:", 4), 0);
    buffer_init(&sealed, MAX_RECORD_BYTES);
    assert_int_equal(purged_close(both, 1, key, &purged, &sealed), 0);
    assert_int_equal(purged_open(ring, key, buffer_bytes(&sealed), &back, &error), RECORD_GOOD);
    assert_memory_equal(&purged, &back, sizeof(back));
    assert_int_equal(purged_open(ring, other, buffer_bytes(&sealed), &back, &error), RECORD_BAD_SEAL);
    buffer_free(&sealed);
    seal_ring_free(&ring);
    seal_ring_free(&both);
}

static void without_memory_nothing_is_sealed(void **state)
{
    struct seal_ring *ring = ring_of(secret, NULL);
    const struct drop_message message = message_of("alice@example.org");
    const struct purged purged = {.latest = 1};
    struct drop_message back;
    int failures = 0;

    (void)state;
    for (int nth = 1; nth < 50; nth++) {
        struct buffer sealed;
        struct error error;

        buffer_init(&sealed, MAX_RECORD_BYTES);
        scarce_begin(nth);
        int result = drop_message_close(ring, 0, "p:", &message, &sealed);
        bool opened = result == 0 && drop_message_open(ring, "p:", buffer_bytes(&sealed), &back, &error) == RECORD_GOOD;
        bool failed = scarce_end();
        assert_int_equal(opened, !failed);
        failures += failed;
        buffer_clear(&sealed);
        scarce_begin(nth);
        result = purged_close(ring, 0, "p:k", &purged, &sealed);
        failed = scarce_end();
        assert_true(result == 0 || failed);
        buffer_free(&sealed);
    }
    assert_true(failures > 2);
    seal_ring_free(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_out_as_they_went_in), cmocka_unit_test(the_longest_message_fits),
        cmocka_unit_test(a_broken_seal_opens_nothing),       cmocka_unit_test(a_malformed_message_is_refused),
        cmocka_unit_test(a_malformed_record_is_refused),     cmocka_unit_test(drops_add_up),
        cmocka_unit_test(a_drop_of_now_is_after_all_that_is_known),
        cmocka_unit_test(too_many_domains_become_all),       cmocka_unit_test(what_two_know_is_what_either_knows),
        cmocka_unit_test(records_come_out_as_they_went_in),  cmocka_unit_test(without_memory_nothing_is_sealed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
