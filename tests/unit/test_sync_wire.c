/* RFC 4533's values, as servers write them and as nobody should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ldap/sync_wire.h"

#define UUID "0123456789abcdef"
#define OTHER "fedcba9876543210"
#define BYTES(text_) bytes_of(text_, sizeof(text_) - 1)

static void requests(void **state)
{
    char cookie[300], want[400];
    struct buffer out;

    (void)state;
    buffer_init(&out, 1000);
    assert_int_equal(sync_request_encode(bytes_of(NULL, 0), &out), 0);
    assert_true(bytes_equal(buffer_bytes(&out), BYTES("\x30\x03\x0a\x01\x03")));
    buffer_clear(&out);
    assert_int_equal(sync_request_encode(BYTES("abc"), &out), 0);
    assert_true(bytes_equal(buffer_bytes(&out), BYTES("\x30\x08\x0a\x01\x03\x04\x03" "abc")));
    buffer_clear(&out);
    memset(cookie, 'c', sizeof(cookie));
    assert_int_equal(sync_request_encode(bytes_of(cookie, sizeof(cookie)), &out), 0);
    memcpy(want, "\x30\x82\x01\x33\x0a\x01\x03\x04\x82\x01\x2c", 11);
    memcpy(want + 11, cookie, sizeof(cookie));
    assert_true(bytes_equal(buffer_bytes(&out), bytes_of(want, 11 + sizeof(cookie))));
    assert_int_equal(sync_request_encode(bytes_of(cookie, SIZE_MAX / 2), &out), -1);
    buffer_free(&out);
    buffer_init(&out, 4);
    assert_int_equal(sync_request_encode(BYTES("abc"), &out), -1);
    buffer_free(&out);
}

static void entries(void **state)
{
    static const struct {
        const char *name;
        struct bytes value;
        int result;
        enum sync_state state;
        const char *cookie;
    } rows[] = {
        {"add", {(const uint8_t *)"\x30\x15\x0a\x01\x01\x04\x10" UUID, 23}, 0, SYNC_ADD, NULL},
        {"present", {(const uint8_t *)"\x30\x15\x0a\x01\x00\x04\x10" UUID, 23}, 0, SYNC_PRESENT, NULL},
        {"delete with a cookie", {(const uint8_t *)"\x30\x1a\x0a\x01\x03\x04\x10" UUID "\x04\x03" "abc", 28}, 0,
         SYNC_DELETE, "abc"},
        {"an empty cookie", {(const uint8_t *)"\x30\x17\x0a\x01\x02\x04\x10" UUID "\x04\x00", 25}, 0, SYNC_MODIFY, ""},
        {"long lengths", {(const uint8_t *)"\x30\x81\x16\x0a\x01\x02\x04\x81\x10" UUID, 25}, 0, SYNC_MODIFY, NULL},
        {"longer lengths", {(const uint8_t *)"\x30\x84\x00\x00\x00\x15\x0a\x01\x02\x04\x10" UUID, 27}, 0, SYNC_MODIFY,
         NULL},
        {"something new behind", {(const uint8_t *)"\x30\x18\x0a\x01\x01\x04\x10" UUID "\x80\x01x", 26}, 0, SYNC_ADD,
         NULL},
        {"nothing", {(const uint8_t *)"", 0}, -1, SYNC_ADD, NULL},
        {"a tag alone", {(const uint8_t *)"\x30", 1}, -1, SYNC_ADD, NULL},
        {"an unknown state", {(const uint8_t *)"\x30\x15\x0a\x01\x04\x04\x10" UUID, 23}, -1, SYNC_ADD, NULL},
        {"a state of two octets", {(const uint8_t *)"\x30\x16\x0a\x02\x00\x01\x04\x10" UUID, 24}, -1, SYNC_ADD, NULL},
        {"a state of none", {(const uint8_t *)"\x30\x14\x0a\x00\x04\x10" UUID, 22}, -1, SYNC_ADD, NULL},
        {"a short UUID", {(const uint8_t *)"\x30\x14\x0a\x01\x01\x04\x0f" "123456789012345", 22}, -1, SYNC_ADD, NULL},
        {"an integer", {(const uint8_t *)"\x30\x15\x02\x01\x01\x04\x10" UUID, 23}, -1, SYNC_ADD, NULL},
        {"cut", {(const uint8_t *)"\x30\x15\x0a\x01\x01\x04\x10" UUID, 22}, -1, SYNC_ADD, NULL},
        {"the UUID beyond the sequence",
         {(const uint8_t *)"\x30\x05\x0a\x01\x01\x04\x10" UUID, 23}, -1, SYNC_ADD, NULL},
        {"a cookie beyond it",
         {(const uint8_t *)"\x30\x17\x0a\x01\x01\x04\x10" UUID "\x04\x05", 25}, -1, SYNC_ADD, NULL},
        {"no end of the length",
         {(const uint8_t *)"\x30\x80\x0a\x01\x01\x04\x10" UUID "\x00\x00", 25}, -1, SYNC_ADD, NULL},
        {"a length of five octets", {(const uint8_t *)"\x30\x85\x00\x00\x00\x00\x15\x0a\x01\x01\x04\x10" UUID, 28}, -1,
         SYNC_ADD, NULL},
        {"a length that is cut", {(const uint8_t *)"\x30\x84\xff", 3}, -1, SYNC_ADD, NULL},
        {"4 GB", {(const uint8_t *)"\x30\x84\xff\xff\xff\xff\x0a\x01\x01\x04\x10" UUID, 27}, -1, SYNC_ADD, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sync_entry entry;

        if (sync_entry_decode(rows[i].value, &entry) != rows[i].result) {
            fail_msg("%s", rows[i].name);
        }
        if (rows[i].result != 0) {
            continue;
        }
        assert_int_equal(entry.state, rows[i].state);
        assert_memory_equal(entry.uuid, UUID, SYNC_UUID_BYTES);
        assert_int_equal(entry.cookie.data == NULL, rows[i].cookie == NULL);
        assert_true(rows[i].cookie == NULL || bytes_equal(entry.cookie, bytes_of_string(rows[i].cookie)));
    }
}

struct named {
    unsigned count, most;
    char uuids[4 * SYNC_UUID_BYTES + 1];
};

static bool on_named(void *context, const uint8_t *uuid)
{
    struct named *named = context;

    memcpy(named->uuids + named->count++ * SYNC_UUID_BYTES, uuid, SYNC_UUID_BYTES);
    return named->count < named->most;
}

static void infos(void **state)
{
    static const struct {
        const char *name;
        struct bytes value;
        int result;
        enum sync_info_kind kind;
        const char *cookie;
        bool done, deleted;
        const char *uuids;
    } rows[] = {
        {"a new cookie", {(const uint8_t *)"\x80\x03" "abc", 5}, 0, SYNC_NEW_COOKIE, "abc", false, false, ""},
        {"the end of the deletes", {(const uint8_t *)"\xa1\x00", 2}, 0, SYNC_REFRESH_DELETE, NULL, true, false, ""},
        {"with a cookie",
         {(const uint8_t *)"\xa1\x05\x04\x03" "abc", 7}, 0, SYNC_REFRESH_DELETE, "abc", true, false, ""},
        {"the deletes follow",
         {(const uint8_t *)"\xa2\x03\x01\x01\x00", 5}, 0, SYNC_REFRESH_PRESENT, NULL, false, false, ""},
        {"all is present", {(const uint8_t *)"\xa2\x06\x04\x01" "c\x01\x01\xff", 8}, 0, SYNC_REFRESH_PRESENT, "c", true,
         false, ""},
        {"a set", {(const uint8_t *)"\xa3\x26\x31\x24\x04\x10" UUID "\x04\x10" OTHER, 40}, 0, SYNC_ID_SET, NULL, false,
         false, UUID OTHER},
        {"a set of deletes", {(const uint8_t *)"\xa3\x1a\x04\x01" "c\x01\x01\xff\x31\x12\x04\x10" UUID, 28}, 0,
         SYNC_ID_SET, "c", false, true, UUID},
        {"an empty set", {(const uint8_t *)"\xa3\x02\x31\x00", 4}, 0, SYNC_ID_SET, NULL, false, false, ""},
        {"nothing", {(const uint8_t *)"", 0}, -1, SYNC_NEW_COOKIE, NULL, false, false, ""},
        {"an unknown choice", {(const uint8_t *)"\xa4\x00", 2}, -1, SYNC_NEW_COOKIE, NULL, false, false, ""},
        {"no set in it", {(const uint8_t *)"\xa3\x00", 2}, -1, SYNC_NEW_COOKIE, NULL, false, false, ""},
        {"a short UUID in it", {(const uint8_t *)"\xa3\x07\x31\x05\x04\x03" "abc", 9}, -1, SYNC_NEW_COOKIE, NULL, false,
         false, ""},
        {"a set that is cut",
         {(const uint8_t *)"\xa3\x26\x31\x13\x04\x10" UUID "\x04\x10" OTHER, 40}, -1, SYNC_NEW_COOKIE,
         NULL, false, false, ""},
        {"integers in it",
         {(const uint8_t *)"\xa3\x05\x31\x03\x02\x01\x01", 7}, -1, SYNC_NEW_COOKIE, NULL, false, false,
         ""},
        {"a boolean of none", {(const uint8_t *)"\xa1\x02\x01\x00", 4}, -1, SYNC_NEW_COOKIE, NULL, false, false, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct named named = {.most = 4};
        struct sync_info info;

        if (sync_info_decode(rows[i].value, &info) != rows[i].result) {
            fail_msg("%s", rows[i].name);
        }
        if (rows[i].result != 0) {
            continue;
        }
        sync_info_each(&info, on_named, &named);
        assert_int_equal(info.kind, rows[i].kind);
        assert_int_equal(info.refresh_is_done, rows[i].done);
        assert_int_equal(info.are_deleted, rows[i].deleted);
        assert_string_equal(named.uuids, rows[i].uuids);
        assert_true(rows[i].cookie == NULL ? info.cookie.data == NULL
                                           : bytes_equal(info.cookie, bytes_of_string(rows[i].cookie)));
    }
}

static void one_who_has_enough_says_so(void **state)
{
    struct named named = {.most = 1};
    struct sync_info info;

    (void)state;
    assert_int_equal(sync_info_decode(BYTES("\xa3\x26\x31\x24\x04\x10" UUID "\x04\x10" OTHER), &info), 0);
    sync_info_each(&info, on_named, &named);
    assert_int_equal(named.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(entries),
        cmocka_unit_test(infos),
        cmocka_unit_test(one_who_has_enough_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
