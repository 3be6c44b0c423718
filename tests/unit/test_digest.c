#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/digest.h"
#include "tests/unit/scarce.h"

static void hex_is(const struct digest *digest, const char *want)
{
    char hex[DIGEST_HEX_BYTES];

    assert_string_equal(digest_hex(bytes_of(digest->bytes, DIGEST_BYTES), hex), want);
}

/* FIPS 180-2, appendix B; RFC 4231, cases 1, 2 and 6. */
static void known_hashes(void **state)
{
    uint8_t key1[20], key6[131];
    struct digest digest = digest_sha256(bytes_of_string("abc"));

    (void)state;
    hex_is(&digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest = digest_sha256(bytes_of(NULL, 0));
    hex_is(&digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    memset(key1, 0x0b, sizeof(key1));
    memset(key6, 0xaa, sizeof(key6));
    const struct {
        struct bytes key, text;
        const char *want;
    } rows[] = {
        {bytes_of(key1, sizeof(key1)), bytes_of_string("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {bytes_of_string("Jefe"), bytes_of_string("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {bytes_of(NULL, 0), bytes_of(NULL, 0), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
        {bytes_of(key6, sizeof(key6)), bytes_of_string("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct digest_key *key = digest_key_new(rows[i].key);

        assert_non_null(key);
        for (int turn = 0; turn < 2; turn++) { /* nothing of a text stays in the key */
            digest = digest_hmac(key, rows[i].text);
            hex_is(&digest, rows[i].want);
        }
        digest_key_free(&key);
        assert_null(key);
    }
}

static void equality(void **state)
{
    struct digest a = digest_sha256(bytes_of_string("a")), b = a;

    (void)state;
    assert_true(digest_equal(&a, &b));
    b.bytes[DIGEST_BYTES - 1] ^= 1;
    assert_false(digest_equal(&a, &b));
}

static struct digest of_strings(const char *first, const char *second)
{
    struct digest_stream *stream = digest_stream_new();
    struct digest digest;

    digest_stream_add_string(stream, first);
    digest_stream_add_string(stream, second);
    digest = digest_stream_end(&stream);
    assert_null(stream);
    return digest;
}

static void streams_keep_parts_apart(void **state)
{
    struct digest different[] = {
        of_strings("ab", "c"), of_strings("a", "bc"), of_strings("abc", ""), of_strings("abc", NULL),
        of_strings(NULL, "abc"), of_strings("", "abc"), of_strings("n", NULL),
    };
    const size_t count = sizeof(different) / sizeof(different[0]);
    struct digest again = of_strings("ab", "c");

    (void)state;
    assert_true(digest_equal(&again, &different[0]));
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            assert_false(digest_equal(&different[i], &different[j]));
        }
    }
}

static void streams_tell_kinds_apart(void **state)
{
    struct digest_stream *number = digest_stream_new(), *bytes = digest_stream_new(), *minus = digest_stream_new();
    struct digest of_number, of_bytes, of_minus;

    (void)state;
    digest_stream_add_number(number, 1);
    digest_stream_add_number(minus, -1);
    digest_stream_add(bytes, bytes_of("\0\0\0\0\0\0\0\1", 8));
    of_number = digest_stream_end(&number);
    of_bytes = digest_stream_end(&bytes);
    of_minus = digest_stream_end(&minus);
    assert_false(digest_equal(&of_number, &of_bytes));
    assert_false(digest_equal(&of_number, &of_minus));
}

static void stream_without_memory(void **state)
{
    (void)state;
    scarce_begin(1);
    assert_null(digest_stream_new());
    assert_true(scarce_end());
}

static void hex_has_its_digits(void **state)
{
    char out[9];

    (void)state;
    assert_string_equal(digest_hex(bytes_of("\x00\x0f\xa5\xff", 4), out), "000fa5ff");
    assert_string_equal(digest_hex(bytes_of(NULL, 0), out), "");
}

static const struct {
    const char *plain, *text;
} rfc4648[] = {
    {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "+//+"},
};

static void base64_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
        struct buffer text, plain;

        buffer_init(&text, 100);
        buffer_init(&plain, 100);
        digest_append_base64(&text, bytes_of_string(rfc4648[i].plain), 0);
        assert_string_equal(buffer_string(&text), rfc4648[i].text);
        assert_int_equal(digest_decode_base64(buffer_bytes(&text), &plain, false), 0);
        assert_string_equal(buffer_string(&plain), rfc4648[i].plain);
        buffer_free(&text);
        buffer_free(&plain);
    }
}

static void base64_in_lines(void **state)
{
    static const struct {
        size_t size, line;
        const char *want;
    } cases[] = {
        {0, 4, ""}, {3, 4, "AAAA\n"}, {4, 4, "AAAA\nAA==\n"}, {6, 4, "AAAA\nAAAA\n"}, {6, 8, "AAAAAAAA\n"},
        {6, 5, "AAAAA\nAAA\n"}, {6, 64, "AAAAAAAA\n"}, {3, 1, "A\nA\nA\nA\n"},
    };
    static const uint8_t zeros[6];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer text;

        buffer_init(&text, 100);
        digest_append_base64(&text, bytes_of(zeros, cases[i].size), cases[i].line);
        assert_string_equal(buffer_string(&text), cases[i].want);
        buffer_free(&text);
    }
}

/* Sizes on both sides of the pieces in which it is encoded. */
static void base64_of_much(void **state)
{
    static uint8_t data[10000];

    (void)state;
    digest_random(data, sizeof(data));
    for (size_t size = 3060; size < sizeof(data); size += size < 3090 || (size > 6130 && size < 6150) ? 1 : 997) {
        for (size_t line = 0; line <= 64; line += 64) {
            struct buffer text, plain;

            buffer_init(&text, 100000);
            buffer_init(&plain, 100000);
            digest_append_base64(&text, bytes_of(data, size), line);
            assert_int_equal(digest_decode_base64(buffer_bytes(&text), &plain, line != 0), 0);
            assert_int_equal(plain.size, size);
            assert_memory_equal(plain.data, data, size);
            buffer_free(&text);
            buffer_free(&plain);
        }
    }
}

static void base64_refuses(void **state)
{
    static const char *const never[] = {
        "A", "AA", "AAA", "AAAAA", "=", "==", "====", "A===", "AA=", "AA===", "AAA==", "AA=A", "A=AA", "=AAA", "AAAA=",
        "AAAA====", "AA==AAAA", "AB==", "AAB=", "AA-_", "AA\x80=", "AA*=", "Zg==Zg==", "\xc3\xa4==",
    };
    static const char *const only_lenient[] = {" Zm8=", "Zm8=\n", "Z m\r\n8\t=", "Zg= ="};
    struct buffer out;

    (void)state;
    buffer_init(&out, 100);
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        if (digest_decode_base64(bytes_of_string(never[i]), &out, false) == 0 ||
            digest_decode_base64(bytes_of_string(never[i]), &out, true) == 0) {
            fail_msg("\"%s\" was accepted", never[i]);
        }
    }
    for (size_t i = 0; i < sizeof(only_lenient) / sizeof(only_lenient[0]); i++) {
        assert_int_equal(digest_decode_base64(bytes_of_string(only_lenient[i]), &out, false), -1);
        assert_int_equal(digest_decode_base64(bytes_of_string(only_lenient[i]), &out, true), 0);
    }
    assert_int_equal(digest_decode_base64(bytes_of("Zm8\0", 4), &out, true), -1);
    buffer_free(&out);
    buffer_init(&out, 2);
    assert_int_equal(digest_decode_base64(bytes_of_string("Zm9v"), &out, false), -1);
    buffer_free(&out);
}

static void random_bytes_differ(void **state)
{
    static uint8_t a[10000], b[10000];

    (void)state;
    digest_random(a, sizeof(a));
    digest_random(b, sizeof(b));
    assert_memory_not_equal(a, b, 16);
    assert_memory_not_equal(a + sizeof(a) - 16, b + sizeof(b) - 16, 16);
    digest_random(a, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_hashes),
        cmocka_unit_test(equality),
        cmocka_unit_test(streams_keep_parts_apart),
        cmocka_unit_test(streams_tell_kinds_apart),
        cmocka_unit_test(stream_without_memory),
        cmocka_unit_test(hex_has_its_digits),
        cmocka_unit_test(base64_both_ways),
        cmocka_unit_test(base64_in_lines),
        cmocka_unit_test(base64_of_much),
        cmocka_unit_test(base64_refuses),
        cmocka_unit_test(random_bytes_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
