#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cache/memory.h"

#define MANY 2000
#define FULL ((size_t)2 * 1024 * 1024)

/* Of the sanitizers' runtime, whose allocator then is the one. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated(void)
{
    struct mallinfo2 info;

    if (__sanitizer_get_current_allocated_bytes != NULL) {
        return __sanitizer_get_current_allocated_bytes();
    }
    info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* Answers as they come, each from a directory "corp" and an entry with a DN of usual length. */
static const struct shape {
    const char *name;
    size_t certificates, usable, value_bytes, chain;
    bool bundled; /* the leaf is another blob than the value */
    const char *detail;
} shapes[] = {
    {"one certificate", 1, 1, 900, 2, false, ""},
    {"one of an elliptic curve", 1, 1, 480, 2, false, ""},
    {"one with a chain of three", 1, 1, 900, 3, false, ""},
    {"one in a bundle", 1, 1, 3000, 3, true, ""},
    {"nothing there", 0, 0, 0, 0, false, ""},
    {"refused ones", 3, 0, 900, 0, false, "\"CN=Alice,O=Example\": expired on 2020-01-01T00:00:00Z (RFC 5280 6.1.3)"},
    {"ten certificates", 10, 10, 1200, 3, false, ""},
    {"one of 1 byte", 1, 0, 1, 0, false, "not a certificate"},
    {"one of 60,000 bytes", 1, 1, 60000, 2, false, ""},
};
#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

/* Every issuer is the same for all. */
static struct blob *issuers[3];

static int open_issuers(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t bytes[1000] = {(uint8_t)i};
        issuers[i] = blob_intern(bytes_of(bytes, sizeof(bytes)));
    }
    return 0;
}

static int close_issuers(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        blob_free(&issuers[i]);
    }
    return 0;
}

static struct blob *blob_of(unsigned number, size_t size, bool intern)
{
    uint8_t *bytes = calloc(1, size + sizeof(number));
    struct blob *blob;

    assert_non_null(bytes);
    memcpy(bytes, &number, sizeof(number));
    blob = intern ? blob_intern(bytes_of(bytes, size)) : blob_new(bytes_of(bytes, size));
    free(bytes);
    return blob;
}

static struct answer *answer_new(const struct shape *shape, unsigned number)
{
    struct certificate certificates[10] = {{.reason = REASON_USABLE}};
    struct asked asked = {"corp", ASKED_ANSWERED, 5, 1, 1, ""};
    uint64_t links[3] = {1, 2, 3};
    char address[64], dn[128], mails[65];
    struct answer_draft draft = {.certificates = certificates, .certificate_count = shape->certificates,
                                 .usable_count = shape->usable, .asked = &asked, .asked_count = 1};

    snprintf(address, sizeof(address), "firstname.lastname%u@example.org", number);
    snprintf(mails, sizeof(mails), "%s\n", address);
    snprintf(dn, sizeof(dn), "cn=Firstname Lastname %u,ou=People,dc=example,dc=org", number);
    assert_int_equal(address_parse(bytes_of_string(address), &draft.address), ADDRESS_OK);
    for (size_t i = 0; i < shape->certificates; i++) {
        certificates[i] = (struct certificate){
            .source = {"corp", dn, ATTRIBUTE_USER_CERTIFICATE, (uint32_t)i, mails},
            .chain = issuers, .chain_count = shape->chain, .links = links, .link_count = shape->chain,
            .detail = shape->detail,
        };
        certificates[i].value = blob_of(number * 16 + (unsigned)i, shape->value_bytes, false);
        certificates[i].der = shape->bundled ? blob_of(number, shape->value_bytes / 3, true)
                                             : blob_ref(certificates[i].value);
    }
    struct answer *answer = answer_make(&draft);
    assert_non_null(answer);
    for (size_t i = 0; i < shape->certificates; i++) {
        blob_free(&certificates[i].value);
        blob_free(&certificates[i].der);
    }
    return answer;
}

static void put(struct memory *memory, const struct shape *shape, unsigned number)
{
    struct answer *answer = answer_new(shape, number);

    memory_put(memory, answer, 1);
    answer_free(&answer);
}

static void check(const char *name, struct memory *memory, size_t before)
{
    double counted = (double)memory_bytes(memory), real = (double)(allocated() - before);

    if (counted < 0.9 * real || counted > 1.1 * real) {
        fail_msg("%s: counted %.0f bytes for %zu entries, allocated %.0f (%+.1f %%)", name, counted,
                 memory_entries(memory), real, (counted / real - 1) * 100);
    }
}

static void each_shape_is_counted_as_allocated(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        size_t before = allocated();
        struct memory *memory = memory_new((size_t)1 << 30);

        assert_non_null(memory);
        for (unsigned number = 0; number < MANY; number++) {
            put(memory, &shapes[i], number);
        }
        assert_int_equal(memory_entries(memory), MANY);
        check(shapes[i].name, memory, before);
        memory_free(&memory);
    }
}

/* Full over and over, with answers of all shapes replaced by others, dropped and evicted. */
static void a_full_one_is_counted_as_allocated(void **state)
{
    size_t before = allocated();
    struct memory *memory = memory_new(FULL);
    unsigned random = 1;

    (void)state;
    assert_non_null(memory);
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < MANY; i++) {
            unsigned number = (unsigned)rand_r(&random) % 4000;
            put(memory, &shapes[(unsigned)rand_r(&random) % SHAPES], number);
            if (i % 16 == 0) {
                char address[64];
                snprintf(address, sizeof(address), "firstname.lastname%u@example.org", number);
                memory_drop(memory, bytes_of_string(address));
            }
        }
        assert_true(memory_bytes(memory) <= FULL && memory_bytes(memory) > FULL / 10 * 9);
        check("full", memory, before);
    }
    memory_free(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_shape_is_counted_as_allocated),
        cmocka_unit_test(a_full_one_is_counted_as_allocated),
    };

    return cmocka_run_group_tests(tests, open_issuers, close_issuers);
}
