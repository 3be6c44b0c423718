/* Which addresses are public, and what a network is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/network.h"

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(&storage, &v4, sizeof(v4));
    } else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(&storage, &v6, sizeof(v6));
    } else {
        fail_msg("%s", text);
    }
    return storage;
}

/* Each range with its first and last address, and its neighbours. */
static void public_or_not(void **state)
{
    static const struct {
        const char *address;
        bool is_public;
    } rows[] = {
        {"0.0.0.0", false}, {"0.255.255.255", false}, {"1.0.0.0", true},
        {"9.255.255.255", true}, {"10.0.0.0", false}, {"10.255.255.255", false}, {"11.0.0.0", true},
        {"100.63.255.255", true}, {"100.64.0.0", false}, {"100.127.255.255", false}, {"100.128.0.0", true},
        {"126.255.255.255", true}, {"127.0.0.0", false}, {"127.0.0.1", false}, {"127.255.255.255", false},
        {"128.0.0.0", true},
        {"169.253.255.255", true}, {"169.254.0.0", false}, {"169.254.169.254", false}, {"169.255.0.0", true},
        {"172.15.255.255", true}, {"172.16.0.0", false}, {"172.31.255.255", false}, {"172.32.0.0", true},
        {"191.255.255.255", true}, {"192.0.0.0", false}, {"192.0.0.170", false}, {"192.0.1.0", true},
        {"192.0.2.0", false}, {"192.0.2.255", false}, {"192.0.3.0", true},
        {"192.88.98.255", true}, {"192.88.99.1", false}, {"192.88.100.0", true},
        {"192.167.255.255", true}, {"192.168.0.0", false}, {"192.168.255.255", false}, {"192.169.0.0", true},
        {"198.17.255.255", true}, {"198.18.0.0", false}, {"198.19.255.255", false}, {"198.20.0.0", true},
        {"198.51.99.255", true}, {"198.51.100.7", false}, {"198.51.101.0", true},
        {"203.0.112.255", true}, {"203.0.113.1", false}, {"203.0.114.0", true},
        {"223.255.255.255", true}, {"224.0.0.0", false}, {"239.255.255.255", false}, {"240.0.0.0", false},
        {"255.255.255.254", false}, {"255.255.255.255", false}, {"8.8.8.8", true},

        {"::", false}, {"::1", false}, {"::2", false}, {"::127.0.0.1", false}, {"::8.8.8.8", false},
        {"::ffff:127.0.0.1", false}, {"::ffff:10.1.2.3", false}, {"::ffff:169.254.169.254", false},
        {"::ffff:8.8.8.8", true}, {"::ffff:0:8.8.8.8", false}, {"::fffe:8.8.8.8", false},
        {"64:ff9b::127.0.0.1", false}, {"64:ff9b::10.0.0.1", false}, {"64:ff9b::100.64.0.1", false},
        {"64:ff9b::8.8.8.8", true}, {"64:ff9b:0:0:0:1:808:808", false}, {"64:ff9b:1::8.8.8.8", false},
        {"64:ff9b:1:fffe:8:808:800:0", false}, {"64:ff9c::8.8.8.8", false},
        {"100::", false}, {"100::1", false}, {"100:0:0:1::1", false},
        {"1fff:ffff::1", false}, {"2000::1", true}, {"2606:4700::1111", true}, {"2a00:1450:4001::200e", true},
        {"2000:ffff::1", true}, {"2001::1", false}, {"2001:0:808:808::1", false}, {"2001:2::1", false},
        {"2001:10::1", false}, {"2001:20::1", false}, {"2001:1ff:ffff::1", false}, {"2001:200::1", true},
        {"2001:db7:ffff::1", true}, {"2001:db8::1", false}, {"2001:db8:ffff::1", false}, {"2001:db9::1", true},
        {"2002:7f00:1::1", false}, {"2002:a00:1::1", false}, {"2002:c0a8:101::1", false}, {"2002:808:808::1", true},
        {"2003::1", true}, {"3ffe:ffff::1", true}, {"3fff::1", false}, {"3fff:fff::1", false}, {"3fff:1000::1", true},
        {"4000::1", false}, {"5f00::1", false}, {"fbff::1", false}, {"fc00::1", false}, {"fd12:3456::1", false},
        {"fdff::1", false}, {"fe00::1", false}, {"fe80::1", false}, {"febf::1", false}, {"fec0::1", false},
        {"feff::1", false}, {"ff02::1", false}, {"ff0e::1", false}, {"ffff::1", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_storage address = address_of(rows[i].address);

        if (network_is_public((struct sockaddr *)&address) != rows[i].is_public) {
            fail_msg("%s", rows[i].address);
        }
    }
    struct sockaddr other = {.sa_family = AF_UNIX};
    char text[NETWORK_TEXT_BYTES];

    assert_false(network_is_public(&other));
    assert_string_equal(network_text(&other, text), "?");
}

static void networks_are_read(void **state)
{
    static const struct {
        const char *text;
        int family;
        unsigned prefix;
        const char *words; /* NULL: it is one */
    } rows[] = {
        {"10.0.0.0/8", AF_INET, 8, NULL},
        {"192.0.2.1", AF_INET, 32, NULL},
        {"0.0.0.0/0", AF_INET, 0, NULL},
        {"255.255.255.255/32", AF_INET, 32, NULL},
        {"fd00::/8", AF_INET6, 8, NULL},
        {"::1", AF_INET6, 128, NULL},
        {"::/0", AF_INET6, 0, NULL},
        {"2001:db8:8000::/33", AF_INET6, 33, NULL},
        {"", 0, 0, "is not an address"},
        {"/8", 0, 0, "is not an address"},
        {"example.org", 0, 0, "is not an address"},
        {"10.0.0/8", 0, 0, "is not an address"},
        {"10/8", 0, 0, "is not an address"},
        {"0x0a.0.0.0/8", 0, 0, "is not an address"},
        {"010.0.0.0/8", 0, 0, "is not an address"},
        {"10.0.0.0.0/8", 0, 0, "is not an address"},
        {" 10.0.0.0/8", 0, 0, "is not an address"},
        {"fe80::1%eth0", 0, 0, "is not an address"},
        {"[::1]", 0, 0, "is not an address"},
        {"1111111111111111111111111111111111111111111111111111111/8", 0, 0, "is not an address"},
        {"10.0.0.0/", 0, 0, "from 0 to 32"},
        {"10.0.0.0/33", 0, 0, "from 0 to 32"},
        {"10.0.0.0/-1", 0, 0, "from 0 to 32"},
        {"10.0.0.0/8/8", 0, 0, "from 0 to 32"},
        {"10.0.0.0/8 ", 0, 0, "from 0 to 32"},
        {"10.0.0.0/4294967304", 0, 0, "from 0 to 32"},
        {"fd00::/129", 0, 0, "from 0 to 128"},
        {"10.0.0.1/8", 0, 0, "bits set behind the first 8"},
        {"10.64.0.0/9", 0, 0, "bits set behind the first 9"},
        {"128.0.0.0/0", 0, 0, "bits set behind the first 0"},
        {"fd00::1/64", 0, 0, "bits set behind the first 64"},
        {"::ffff:10.0.0.0/104", 0, 0, "written as IPv4"},
        {"::ffff:10.0.0.1", 0, 0, "written as IPv4"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct network network = {.family = -7};
        struct error error = {""};
        int result = network_parse(rows[i].text, &network, &error);

        if (result != (rows[i].words == NULL ? 0 : -1) ||
            strstr(error.text, rows[i].words != NULL ? rows[i].words : "") == NULL) {
            fail_msg("%s: %s", rows[i].text, error.text);
        }
        assert_int_equal(network.family, rows[i].words == NULL ? rows[i].family : -7);
        assert_int_equal(network.prefix, rows[i].prefix);
    }
}

static void networks_hold(void **state)
{
    static const struct {
        const char *network, *address;
        bool want;
    } rows[] = {
        {"10.0.0.0/8", "10.255.0.1", true}, {"10.0.0.0/8", "11.0.0.0", false}, {"10.0.0.0/9", "10.128.0.0", false},
        {"10.0.0.0/9", "10.127.255.255", true}, {"127.0.0.1", "127.0.0.1", true}, {"127.0.0.1", "127.0.0.2", false},
        {"0.0.0.0/0", "255.1.2.3", true}, {"0.0.0.0/0", "::1", false}, {"::/0", "10.0.0.1", false},
        {"::/0", "fd00::1", true}, {"10.0.0.0/8", "::ffff:10.0.0.1", true}, {"::/0", "::ffff:10.0.0.1", false},
        {"10.0.0.0/8", "64:ff9b::10.0.0.1", false}, {"64:ff9b::/96", "64:ff9b::10.0.0.1", true},
        {"fd00::/8", "fd12::1", true}, {"fd00::/8", "fc12::1", false}, {"2001:db8:8000::/33", "2001:db8:ffff::", true},
        {"2001:db8:8000::/33", "2001:db8:7fff::", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct network networks[2];
        struct sockaddr_storage address = address_of(rows[i].address);
        char text[NETWORK_TEXT_BYTES];

        assert_int_equal(network_parse("198.18.0.0/15", &networks[0], NULL), 0);
        assert_int_equal(network_parse(rows[i].network, &networks[1], NULL), 0);
        if (network_holds(networks, 2, (struct sockaddr *)&address) != rows[i].want) {
            fail_msg("%s in %s", rows[i].address, rows[i].network);
        }
        assert_false(network_holds(networks, 1, (struct sockaddr *)&address));
        assert_false(network_holds(NULL, 0, (struct sockaddr *)&address));
        assert_int_equal(network_may_reach(networks, 2, (struct sockaddr *)&address),
                         rows[i].want || network_is_public((struct sockaddr *)&address));
        struct sockaddr_storage again = address_of(network_text((struct sockaddr *)&address, text));

        assert_memory_equal(&again, &address, sizeof(address));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_or_not),
        cmocka_unit_test(networks_are_read),
        cmocka_unit_test(networks_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
