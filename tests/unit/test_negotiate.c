#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "http/negotiate.h"

#define ALL (FORMAT_BIT(FORMAT_DER) | FORMAT_BIT(FORMAT_PEM) | FORMAT_BIT(FORMAT_P7C) | FORMAT_BIT(FORMAT_JSON))
#define JSON FORMAT_BIT(FORMAT_JSON)
#define REFUSED FORMAT_COUNT

#define DER_TYPE "application/pkix-cert"
#define PEM_TYPE "application/pem-certificate-chain"
#define P7C_TYPE "application/pkcs7-mime"

static const struct {
    const char *accept; /* NULL: no such field */
    unsigned offered;
    enum format preferred;
    enum format want;
} rows[] = {
    /* What names nothing leaves the default. */
    {NULL, ALL, FORMAT_DER, FORMAT_DER},
    {NULL, JSON, FORMAT_JSON, FORMAT_JSON},
    {"", ALL, FORMAT_DER, FORMAT_DER},
    {" , ,, ", ALL, FORMAT_DER, FORMAT_DER},
    {"nonsense", ALL, FORMAT_PEM, FORMAT_PEM},
    {"/json", ALL, FORMAT_DER, FORMAT_DER},
    {"application/", ALL, FORMAT_DER, FORMAT_DER},
    {"application/json;q=high", ALL, FORMAT_DER, FORMAT_DER},
    /* One type. */
    {DER_TYPE, ALL, FORMAT_JSON, FORMAT_DER},
    {PEM_TYPE, ALL, FORMAT_DER, FORMAT_PEM},
    {P7C_TYPE, ALL, FORMAT_DER, FORMAT_P7C},
    {"application/json", ALL, FORMAT_DER, FORMAT_JSON},
    {"APPLICATION/Json", ALL, FORMAT_DER, FORMAT_JSON},
    {"  application/json\t", ALL, FORMAT_DER, FORMAT_JSON},
    {"application / json", ALL, FORMAT_DER, REFUSED},
    {"application/json;charset=utf-8", ALL, FORMAT_DER, FORMAT_JSON},
    {"application/json ; charset=\"utf-8\"", ALL, FORMAT_DER, FORMAT_JSON},
    {"application/json;;q=1", ALL, FORMAT_DER, FORMAT_JSON},
    {"text/html", ALL, FORMAT_DER, REFUSED},
    {"image/*", ALL, FORMAT_DER, REFUSED},
    {DER_TYPE, JSON, FORMAT_JSON, REFUSED},
    {"application/jso", ALL, FORMAT_DER, REFUSED},
    {"application/json5", ALL, FORMAT_DER, REFUSED},
    /* Stars. */
    {"*/*", ALL, FORMAT_DER, FORMAT_DER},
    {"*/*", ALL, FORMAT_PEM, FORMAT_PEM},
    {"*", ALL, FORMAT_P7C, FORMAT_P7C},
    {"application/*", ALL, FORMAT_PEM, FORMAT_PEM},
    {"application/*", JSON, FORMAT_JSON, FORMAT_JSON},
    {"*/json", ALL, FORMAT_DER, REFUSED},
    /* Weights. */
    {DER_TYPE ";q=0.1, " PEM_TYPE ";q=0.2", ALL, FORMAT_DER, FORMAT_PEM},
    {DER_TYPE ";q=0.2, " PEM_TYPE ";q=0.1", ALL, FORMAT_PEM, FORMAT_DER},
    {DER_TYPE ";q=0.999, " PEM_TYPE, ALL, FORMAT_DER, FORMAT_PEM},
    {DER_TYPE ";Q=0.5, " PEM_TYPE ";q=0.4", ALL, FORMAT_JSON, FORMAT_DER},
    {DER_TYPE ";q=.2, " PEM_TYPE ";q=.3", ALL, FORMAT_DER, FORMAT_PEM},
    {"application/json;q=0", ALL, FORMAT_DER, REFUSED},
    {"application/json;q=0, */*", ALL, FORMAT_JSON, FORMAT_DER},
    {"application/json;q=0.000, */*;q=0.1", JSON, FORMAT_JSON, REFUSED},
    {"application/json;q=2, " PEM_TYPE ";q=0.1", ALL, FORMAT_DER, FORMAT_PEM},
    {"application/json;q=1.001, " PEM_TYPE ";q=0.1", ALL, FORMAT_DER, FORMAT_PEM},
    {"application/json;q=-1, " PEM_TYPE ";q=0.1", ALL, FORMAT_DER, FORMAT_PEM},
    {"application/json;q=0.1234, " PEM_TYPE ";q=0.1", ALL, FORMAT_DER, FORMAT_PEM},
    {"application/json;q=, " PEM_TYPE ";q=0.1", ALL, FORMAT_DER, FORMAT_PEM},
    {"text/html, " PEM_TYPE ";q=0.3, */*;q=0.1", ALL, FORMAT_DER, FORMAT_PEM},
    /* The exact range says the weight, whatever the stars say (RFC 9110 12.5.1). */
    {"*/*;q=1, " DER_TYPE ";q=0.2", ALL, FORMAT_DER, FORMAT_JSON},
    {"application/*;q=0.3, */*;q=0.9, " PEM_TYPE ";q=0.5", ALL, FORMAT_DER, FORMAT_PEM},
    /* Between equals: the one named more exactly, then the default. */
    {"application/json, text/plain, */*", ALL, FORMAT_DER, FORMAT_JSON},
    {"*/*, " PEM_TYPE, ALL, FORMAT_DER, FORMAT_PEM},
    {PEM_TYPE "," DER_TYPE, ALL, FORMAT_DER, FORMAT_DER},
    {PEM_TYPE "," DER_TYPE, ALL, FORMAT_PEM, FORMAT_PEM},
    {"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", ALL, FORMAT_DER, FORMAT_DER},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON, FORMAT_JSON, FORMAT_JSON},
    /* A parameter that the format states must agree. */
    {P7C_TYPE "; smime-type=certs-only", ALL, FORMAT_DER, FORMAT_P7C},
    {P7C_TYPE ";smime-type=\"certs-only\"", ALL, FORMAT_DER, FORMAT_P7C},
    {P7C_TYPE "; smime-type=enveloped-data", ALL, FORMAT_DER, REFUSED},
    /* Quotes hide commas and semicolons. */
    {"text/x;a=\"b,application/json;q=1\", " PEM_TYPE ";q=0.1", ALL, FORMAT_DER, FORMAT_PEM},
    {"text/x;a=\"\\\",application/json\", " PEM_TYPE, ALL, FORMAT_DER, FORMAT_PEM},
    {"text/x;a=\"never closed, application/json", ALL, FORMAT_DER, REFUSED},
    {"\"", ALL, FORMAT_DER, FORMAT_DER},
    {";", ALL, FORMAT_DER, FORMAT_DER},
    {"application/json;q=1;level=1", ALL, FORMAT_DER, FORMAT_JSON},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum format format = REFUSED;
        struct bytes accept = rows[i].accept != NULL ? bytes_of_string(rows[i].accept) : (struct bytes){NULL, 0};
        bool found =
            negotiate_accept(&accept, rows[i].accept != NULL, rows[i].offered, rows[i].preferred, &format);
        if (format != rows[i].want || found != (rows[i].want != REFUSED)) {
            fail_msg("row %zu, \"%s\": got %d, want %d", i, rows[i].accept, (int)format, (int)rows[i].want);
        }
    }
}

static void test_several_fields_are_one_list(void **state)
{
    const struct bytes accept[] = {bytes_of_string(DER_TYPE ";q=0.5"), bytes_of_string("application/json;q=0.7"),
                                   bytes_of_string(PEM_TYPE ";q=0.6")};
    enum format format = REFUSED;

    (void)state;
    assert_true(negotiate_accept(accept, 3, ALL, FORMAT_DER, &format));
    assert_int_equal(format, FORMAT_JSON);
}

/* What stands behind NEGOTIATE_RANGES_MAX ranges is not looked at. */
static void test_long_list_is_bounded(void **state)
{
    enum format format = REFUSED;
    struct buffer accept;

    (void)state;
    buffer_init(&accept, 1024 * 1024);
    for (int i = 0; i < 10000; i++) {
        buffer_append_string(&accept, "a/b,");
    }
    buffer_append_string(&accept, "application/json");
    struct bytes bytes = buffer_bytes(&accept);
    assert_false(negotiate_accept(&bytes, 1, ALL, FORMAT_DER, &format));
    buffer_free(&accept);
}

/* Where nothing fits, the first is given. */
static void test_types(void **state)
{
    static const char *const offered[] = {"text/plain", "text/html"};
    static const struct {
        const char *accept; /* NULL: no such field */
        size_t want;
    } types[] = {
        {NULL, 0},
        {"", 0},
        {"*/*", 0},
        {"text/*", 0},
        {"text/plain", 0},
        {"image/png", 0},
        {"nonsense", 0},
        {"text/html;q=0", 0},
        {"text/html;q=0.1, */*", 0},
        {"text/html", 1},
        {"Text/HTML;charset=utf-8", 1},
        {"*/*, text/html", 1},
        {"text/plain;q=0.5, text/*", 1},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct bytes accept = bytes_of_string(types[i].accept != NULL ? types[i].accept : "");
        assert_int_equal(negotiate_type(&accept, types[i].accept != NULL, offered, 2), types[i].want);
    }
}

static void test_names(void **state)
{
    static const struct {
        const char *name;
        bool found;
        enum format want;
    } names[] = {
        {"der", true, FORMAT_DER},  {"pem", true, FORMAT_PEM}, {"p7c", true, FORMAT_P7C}, {"json", true, FORMAT_JSON},
        {"text", false, 0},         {"ldif", false, 0},        {"DER", false, 0},         {"", false, 0},
        {"der ", false, 0},         {"pe", false, 0},          {"../pem", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        enum format format = FORMAT_COUNT;
        assert_int_equal(negotiate_name(bytes_of_string(names[i].name), &format), names[i].found);
        assert_int_equal(format, names[i].found ? names[i].want : FORMAT_COUNT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_several_fields_are_one_list),
        cmocka_unit_test(test_long_list_is_bounded),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
