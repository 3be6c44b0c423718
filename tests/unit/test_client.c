/* From which address a request comes, where proxies stand between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/client.h"

static void expect_address(const char *text, const char *want)
{
    char shown[NETWORK_TEXT_BYTES];
    struct sockaddr_storage address;
    bool is_one = client_parse_address(bytes_of_string(text), &address);
    const char *got = is_one ? network_text((const struct sockaddr *)&address, shown) : "-";

    if (strcmp(got, want) != 0) {
        fail_msg("\"%s\": %s, not %s", text, got, want);
    }
}

static void elements(void **state)
{
    static const char *const rows[][2] = {
        {"192.0.2.1", "192.0.2.1"},
        {" \t192.0.2.1\t ", "192.0.2.1"},
        {"192.0.2.1:4711", "192.0.2.1"},
        {"2001:db8::1", "2001:db8::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"[2001:DB8::1]:443", "2001:db8::1"},
        {"[192.0.2.1]:443", "192.0.2.1"},
        {"", "-"}, {" ", "-"}, {"unknown", "-"}, {"_hidden", "-"}, {"localhost", "-"},
        {"192.0.2.1:", "-"}, {"192.0.2.1:x", "-"}, {"192.0.2.1:123456", "-"}, {"192.0.2.1x", "-"},
        {"192.0.2", "-"}, {"192.0.2.256", "-"}, {"192.0.2.1/24", "-"}, {"192.0.2.1,", "-"}, {"\"192.0.2.1\"", "-"},
        {"[", "-"}, {"[]", "-"}, {"]", "-"}, {"[2001:db8::1", "-"}, {"[2001:db8::1]443", "-"}, {"[2001:db8::1]:", "-"},
        {"2001:db8::1%eth0", "-"}, {"[fe80::1%1]", "-"}, {"2001:db8:::1", "-"}, {":", "-"}, {":80", "-"}, {"::", "::"},
        {"2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", "-"},
    };
    struct sockaddr_storage address;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        expect_address(rows[i][0], rows[i][1]);
    }
    assert_false(client_parse_address(bytes_of("192.0.2.1\0x", 11), &address));
}

/* Proxies: 10.0.0.0/8, fd00::/8 and ::1. `lines`: fields of X-Forwarded-For, in their order. */
static const struct {
    const char *peer, *lines[5], *client;
} rows[] = {
    {"192.0.2.9", {NULL}, "192.0.2.9"},
    {"192.0.2.9", {"198.51.100.1"}, "192.0.2.9"},               /* no proxy of ours */
    {"10.0.0.1", {NULL}, "10.0.0.1"},
    {"10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},
    {"::ffff:10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},
    {"10.0.0.1", {"203.0.113.7, 198.51.100.1"}, "198.51.100.1"}, /* the first is what the client says */
    {"10.0.0.1", {"203.0.113.7", "198.51.100.1"}, "198.51.100.1"},
    {"10.0.0.1", {"203.0.113.7,198.51.100.1 , 10.0.0.2"}, "198.51.100.1"},
    {"10.0.0.1", {"203.0.113.7,198.51.100.1", "fd00::1,,", " "}, "198.51.100.1"},
    {"10.0.0.1", {"10.1.1.1, 10.0.0.2"}, "10.1.1.1"},            /* who asks is in a network of proxies */
    {"10.0.0.1", {"198.51.100.1, unknown"}, "10.0.0.1"},         /* nobody knows more than that the proxy asks */
    {"10.0.0.1", {"198.51.100.1, nonsense, 10.0.0.2"}, "10.0.0.2"},
    {"10.0.0.1", {""}, "10.0.0.1"},
    {"10.0.0.1", {",,,"}, "10.0.0.1"},
    {"::1", {"127.0.0.1"}, "127.0.0.1"},
    {"10.0.0.1", {"203.0.113.7", "203.0.113.8", "203.0.113.9", "198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
};

static void who_asks(void **state)
{
    static const char *const names[] = {"10.0.0.0/8", "fd00::/8", "::1"};
    struct network proxies[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(network_parse(names[i], &proxies[i], NULL), 0);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_storage peer, client;
        char shown[NETWORK_TEXT_BYTES];
        struct headers headers;

        headers_init(&headers);
        for (size_t k = 0; k < 5 && rows[i].lines[k] != NULL; k++) {
            headers_add(&headers, bytes_of_string("x-forwarded-for"), bytes_of_string(rows[i].lines[k]));
        }
        assert_int_equal(headers_check(&headers, false, 0), FRAMING_OK);
        assert_true(client_parse_address(bytes_of_string(rows[i].peer), &peer));
        client_address(proxies, 3, (const struct sockaddr *)&peer, &headers.forwarded_for, &client);
        if (strcmp(network_text((const struct sockaddr *)&client, shown), rows[i].client) != 0) {
            fail_msg("row %zu: %s, not %s", i, shown, rows[i].client);
        }
    }
}

/* A connection whose peer is not known, as one over a socket in the file system. */
static void nobody_asks(void **state)
{
    struct header_list none = {.count = 0};
    struct sockaddr_storage client;

    (void)state;
    client_address(NULL, 0, NULL, &none, &client);
    assert_int_equal(client.ss_family, AF_UNSPEC);
    assert_true(client_id_of_address((const struct sockaddr *)&client) != 0);
}

static uint64_t id_of(const char *text)
{
    struct sockaddr_storage address;

    assert_true(client_parse_address(bytes_of_string(text), &address));
    return client_id_of_address((const struct sockaddr *)&address);
}

static void what_counts_as_one(void **state)
{
    (void)state;
    assert_true(id_of("192.0.2.1") == id_of("192.0.2.1:80"));
    assert_true(id_of("192.0.2.1") == id_of("::ffff:192.0.2.1"));
    assert_true(id_of("192.0.2.1") != id_of("192.0.2.2"));
    assert_true(id_of("2001:db8:0:1::1") == id_of("2001:db8:0:ff:ffff::2"));
    assert_true(id_of("2001:db8:0:1::1") != id_of("2001:db8:0:101::1"));
    assert_true(id_of("c000:201::") != id_of("192.0.2.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements),
        cmocka_unit_test(who_asks),
        cmocka_unit_test(nobody_asks),
        cmocka_unit_test(what_counts_as_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
