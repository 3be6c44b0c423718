#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/made.h"
#include "x509/contents.h"
#include "x509/sst.h"

/* Serialized stores: Exchange's virtual certificate collection. */

static X509 *root, *other;
static X509_CRL *crl;
static char folder[64];

/* extKeyUsage of one use each. */
#define EMAIL "\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x04"
#define SERVER "\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"
#define ANY "\x30\x06\x06\x04\x55\x1d\x25\x00"

static int setup(void **state)
{
    (void)state;
    root = made_root("CN=Root", MADE_RSA_ROOT);
    other = made_root("CN=Other", MADE_P256);
    crl = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1});
    made_folder(folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    made_folder_remove(folder);
    X509_free(root);
    X509_free(other);
    X509_CRL_free(crl);
    return 0;
}

static void put_u32(struct buffer *file, uint32_t number)
{
    const uint8_t bytes[] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), (uint8_t)(number >> 24)};

    buffer_append(file, bytes, sizeof(bytes));
}

static void put(struct buffer *file, uint32_t id, struct bytes bytes)
{
    put_u32(file, id);
    put_u32(file, 1);
    put_u32(file, (uint32_t)bytes.size);
    buffer_append_bytes(file, bytes);
}

static void put_certificate(struct buffer *file, const X509 *certificate)
{
    struct blob *der = made_blob(certificate);

    put(file, 0x20, blob_bytes(der));
    blob_free(&der);
}

static void put_crl(struct buffer *file)
{
    uint8_t *der = NULL;
    int size = i2d_X509_CRL(crl, &der);

    put(file, 0x21, bytes_of(der, (size_t)size));
    OPENSSL_free(der);
}

static void begin(struct buffer *file)
{
    buffer_init(file, 1 << 20);
    put_u32(file, 0);
    put_u32(file, 0x54524543);
}

static void end(struct buffer *file)
{
    put_u32(file, 0);
    put_u32(file, 0);
    put_u32(file, 0);
}

#define NAME_UTF16 "F\0r\0i\0e\0n\0d\0\0\0"

/* As certutil writes one: properties, a certificate; a CRL; a list of trust; a certificate without properties. */
static struct buffer whole_file(void)
{
    struct buffer file;

    begin(&file);
    put(&file, 3, bytes_of("01234567890123456789", 20));
    put(&file, 11, bytes_of(NAME_UTF16, 14));
    put(&file, 9, bytes_of_string(EMAIL));
    put_certificate(&file, root);
    put(&file, 3, bytes_of("01234567890123456789", 20));
    put_crl(&file);
    put(&file, 0x22, bytes_of_string("\x30\x03\x02\x01\x01"));
    put_certificate(&file, other);
    end(&file);
    return file;
}

struct seen {
    unsigned kinds[3];
    char names[256];
};

static int see(void *context, const struct sst_element *element, struct error *error)
{
    struct seen *seen = context;
    char name[SST_NAME_BYTES];

    (void)error;
    seen->kinds[element->kind - SST_CERTIFICATE]++;
    strcat(strcat(seen->names, sst_name(element, name)), ";");
    assert_true(element->der.size > 0);
    return 0;
}

static void a_file_is_walked_through(void **state)
{
    struct buffer file = whole_file();
    struct seen seen = {0};
    struct error error;

    (void)state;
    assert_true(sst_is(buffer_bytes(&file)));
    assert_int_equal(sst_each(buffer_bytes(&file), see, &seen, &error), 0);
    assert_int_equal(seen.kinds[0], 2);
    assert_int_equal(seen.kinds[1], 1);
    assert_int_equal(seen.kinds[2], 1);
    assert_string_equal(seen.names, "Friend;;;;");
    buffer_free(&file);
}

static int ignore(void *context, const struct sst_element *element, struct error *error)
{
    (void)context, (void)element, (void)error;
    return 0;
}

static void cut_at_any_byte_it_is_refused(void **state)
{
    struct buffer file = whole_file();
    struct error error;

    (void)state;
    for (size_t size = 0; size < file.size; size++) {
        /* A copy of its own, so that a sanitizer sees a read past the end. */
        struct blob *cut = blob_new(bytes_of(file.data, size));

        assert_int_equal(sst_is(blob_bytes(cut)), size >= 8);
        assert_int_equal(sst_each(blob_bytes(cut), ignore, NULL, &error), -1);
        blob_free(&cut);
    }
    buffer_append_u8(&file, 0);
    assert_int_equal(sst_each(buffer_bytes(&file), ignore, NULL, &error), -1);
    assert_string_equal(error.text, "1 bytes after its end");
    buffer_free(&file);
}

/* Each u32 of the skeleton, changed: no length, kind, encoding or end may lie. */
static void each_lying_number_is_refused(void **state)
{
    static const uint32_t lies[] = {1, 0x100, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
    struct buffer file = whole_file();
    size_t part = 8, parts = 0;

    (void)state;
    while (part + 12 <= file.size) {
        uint32_t length = (uint32_t)file.data[part + 8] | (uint32_t)file.data[part + 9] << 8;

        for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
            for (size_t field = part + 4; field <= part + 8; field += 4) { /* encoding and length */
                struct blob *copy = blob_new(buffer_bytes(&file));
                uint32_t before, lie;

                memcpy(&before, copy->data + field, 4);
                lie = before + lies[i];
                memcpy(copy->data + field, &lie, 4);
                assert_int_equal(sst_each(blob_bytes(copy), ignore, NULL, NULL), -1);
                blob_free(&copy);
            }
        }
        part += 12 + length;
        parts++;
    }
    assert_int_equal(part, file.size);
    assert_int_equal(parts, 9);
    buffer_free(&file);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *name;
        size_t size;
        const char *bytes, *want;
    } rows[] = {
        {"nothing", 0, "", "not a serialized store of version 0"},
        {"version 1", 8, "\1\0\0\0CERT", "not a serialized store of version 0"},
        {"other type", 8, "\0\0\0\0CERU", "not a serialized store of version 0"},
        {"no end", 8, "\0\0\0\0CERT", "element 1: the file ends too early"},
        {"an end with a length", 20, "\0\0\0\0CERT\0\0\0\0\0\0\0\0\1\0\0\0", "element 1: its end is not one"},
        {"a property of nothing", 32, "\0\0\0\0CERT\3\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
         "element 1: properties of nothing"},
        {"a property beyond", 20, "\0\0\0\0CERT\0\0\1\0\1\0\0\0\0\0\0\0", "element 1: property 65536 with encoding 1"},
        {"another encoding", 20, "\0\0\0\0CERT\x20\0\0\0\2\0\0\0\0\0\0\0", "element 1: property 32 with encoding 2"},
        {"a length beyond", 20, "\0\0\0\0CERT\x20\0\0\0\1\0\0\0\1\0\0\0",
         "element 1: property 32 is longer than what is left"},
        {"restricted twice", 32, "\0\0\0\0CERT\x09\0\0\0\1\0\0\0\0\0\0\0\x09\0\0\0\1\0\0\0\0\0\0\0",
         "element 1: its use is restricted twice (property 9)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {""};

        assert_int_equal(sst_each(bytes_of(rows[i].bytes, rows[i].size), ignore, NULL, &error), -1);
        if (strcmp(error.text, rows[i].want) != 0) {
            fail_msg("%s: %s", rows[i].name, error.text);
        }
    }
}

static void many_are_too_many(void **state)
{
    struct error error;
    struct buffer file;

    (void)state;
    begin(&file);
    for (int i = 0; i < MAX_SST_PROPERTIES; i++) {
        put(&file, 3, bytes_of("", 0));
    }
    put_certificate(&file, root);
    size_t good = file.size;
    end(&file);
    assert_int_equal(sst_each(buffer_bytes(&file), ignore, NULL, &error), 0);
    file.size = good;
    for (int i = 0; i <= MAX_SST_PROPERTIES; i++) {
        put(&file, 3, bytes_of("", 0));
    }
    end(&file);
    assert_int_equal(sst_each(buffer_bytes(&file), ignore, NULL, &error), -1);
    assert_string_equal(error.text, "element 2: more than 64 properties");
    buffer_free(&file);

    begin(&file);
    for (int i = 0; i <= MAX_SST_ELEMENTS; i++) {
        put(&file, 0x22, bytes_of("", 0));
    }
    end(&file);
    assert_int_equal(sst_each(buffer_bytes(&file), ignore, NULL, &error), -1);
    assert_string_equal(error.text, "more than 65536 elements");
    buffer_free(&file);
}

static void names_become_utf8_fit_to_be_shown(void **state)
{
    static const struct {
        size_t size;
        const char *utf16, *want;
    } rows[] = {
        {0, "", ""},
        {1, "F", ""},
        {2, "F\0", "F"},
        {3, "F\0r", "F"},
        {6, "F\0\0\0r\0", "F"},
        {4, "\xe4\0\xac\x20", "ä€"},
        {4, "\x3d\xd8\x00\xde", "😀"},
        {4, "\x3d\xd8" "F\0", "\xef\xbf\xbd" "F"},
        {2, "\x3d\xd8", "\xef\xbf\xbd"},
        {2, "\x00\xde", "\xef\xbf\xbd"},
        {6, "a\0\x1b\0b\0", "a\xef\xbf\xbd" "b"},
        {6, "a\0\x2e\x20" "b\0", "a\xef\xbf\xbd" "b"}, /* turns the direction of writing around */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct sst_element element = {.friendly_name = bytes_of(rows[i].utf16, rows[i].size)};
        char name[SST_NAME_BYTES];

        if (strcmp(sst_name(&element, name), rows[i].want) != 0) {
            fail_msg("row %zu: %s", i, name);
        }
    }
    static char long_name[100000];
    const struct sst_element element = {.friendly_name = bytes_of(long_name, sizeof(long_name))};
    char name[SST_NAME_BYTES];
    memset(long_name, 0x20, sizeof(long_name)); /* U+2020, a dagger */
    assert_true(strlen(sst_name(&element, name)) < SST_NAME_BYTES);
}

static struct policy *load(const struct buffer *anchors, const struct buffer *crls, struct error *error)
{
    char anchor_path[128], crl_path[128];
    const char *anchor = anchor_path, *list = crl_path;

    made_file(folder, "anchors.pem", buffer_bytes(anchors), anchor_path);
    if (crls != NULL) {
        made_file(folder, "store.der", buffer_bytes(crls), crl_path);
    }
    struct policy_config config = {.anchors = &anchor, .anchor_count = 1, .crls = &list, .crl_count = crls != NULL,
                                   .min_rsa_bits = 2048};
    return policy_load(&config, error);
}

/* Whatever a file's name says. */
static void a_store_serves_as_anchors_and_as_crls(void **state)
{
    struct buffer file = whole_file(), none;
    struct error error = {""};
    struct policy *policy = load(&file, &file, &error);

    (void)state;
    assert_string_equal(error.text, "");
    assert_int_equal(policy_anchor_count(policy), 2);
    assert_int_equal(policy_crl_count(policy), 1);
    policy_free(&policy);

    begin(&none);
    end(&none);
    assert_null(load(&none, NULL, &error));
    assert_non_null(strstr(error.text, "holds no certificate"));
    assert_null(load(&file, &none, &error));
    assert_non_null(strstr(error.text, "holds no CRL"));
    none.size = 8;
    put(&none, 0x20, bytes_of_string("garbage"));
    end(&none);
    assert_null(load(&none, NULL, &error));
    assert_non_null(strstr(error.text, "anchors.pem: certificate 1: "));
    none.size = 8;
    put(&none, 0x21, bytes_of_string("garbage"));
    end(&none);
    assert_null(load(&file, &none, &error));
    assert_non_null(strstr(error.text, "not a CRL"));
    file.size -= 12;
    assert_null(load(&file, NULL, &error));
    assert_non_null(strstr(error.text, "element 5: the file ends too early"));
    buffer_free(&none);
    buffer_free(&file);
}

static void what_a_store_restricts_to_other_uses_is_no_anchor(void **state)
{
    static const struct {
        const char *name;
        struct bytes usages;
        bool taken;
        const char *fault;
    } rows[] = {
        {"emailProtection", {(const uint8_t *)EMAIL, 12}, true, NULL},
        {"any", {(const uint8_t *)ANY, 8}, true, NULL},
        {"serverAuth", {(const uint8_t *)SERVER, 12}, false, NULL},
        {"none", {(const uint8_t *)"\x30\0", 2}, false, NULL},
        {"empty", {(const uint8_t *)"", 0}, false, "cannot be read (property 9)"},
        {"broken", {(const uint8_t *)"\x30\x05", 2}, false, "cannot be read (property 9)"},
        {"trailing", {(const uint8_t *)EMAIL "x", 13}, false, "cannot be read (property 9)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {""};
        struct buffer file;

        begin(&file);
        put(&file, 9, rows[i].usages);
        put_certificate(&file, root);
        size_t alone = file.size;
        put_certificate(&file, other);
        end(&file);
        struct policy *policy = load(&file, NULL, &error);
        if (rows[i].fault != NULL ? policy != NULL || strstr(error.text, rows[i].fault) == NULL
                                  : policy == NULL || policy_anchor_count(policy) != (rows[i].taken ? 2 : 1)) {
            fail_msg("%s: %s", rows[i].name, error.text);
        }
        policy_free(&policy);
        file.size = alone;
        end(&file);
        policy = load(&file, NULL, &error);
        if ((policy != NULL) != rows[i].taken ||
            (policy == NULL && rows[i].fault == NULL && strstr(error.text, "restricted to other uses") == NULL)) {
            fail_msg("%s alone: %s", rows[i].name, error.text);
        }
        policy_free(&policy);
        buffer_free(&file);
    }
}

static int show(void *context, const struct content *content, struct error *error)
{
    struct buffer *lines = context;

    (void)error;
    buffer_append_format(lines, "%s|%s|%s|%s;", strrchr(content->path, '/') + 1, content->description.subject,
                         content->name, content->left_out != NULL ? "left out" : "");
    return 0;
}

static void contents_are_shown(void **state)
{
    struct buffer file, lines;
    struct error error = {""};
    char path[128];

    (void)state;
    begin(&file);
    put(&file, 11, bytes_of(NAME_UTF16, 14));
    put_certificate(&file, root);
    put_crl(&file);
    put(&file, 9, bytes_of_string(SERVER));
    put_certificate(&file, other);
    end(&file);
    buffer_init(&lines, 4096);
    made_file(folder, "store.sst", buffer_bytes(&file), path);
    assert_int_equal(contents_each(path, show, &lines, &error), 0);
    assert_string_equal(buffer_string(&lines), "store.sst|CN=Root|Friend|;store.sst|CN=Other||left out;");
    buffer_clear(&lines);
    made_file(folder, "root.pem", made_pem(root), path);
    assert_int_equal(contents_each(path, show, &lines, &error), 0);
    assert_string_equal(buffer_string(&lines), "root.pem|CN=Root||;");
    assert_int_equal(contents_each("/nowhere", show, &lines, &error), -1);
    assert_non_null(strstr(error.text, "/nowhere"));
    buffer_free(&lines);
    buffer_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_walked_through),
        cmocka_unit_test(cut_at_any_byte_it_is_refused),
        cmocka_unit_test(each_lying_number_is_refused),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(many_are_too_many),
        cmocka_unit_test(names_become_utf8_fit_to_be_shown),
        cmocka_unit_test(a_store_serves_as_anchors_and_as_crls),
        cmocka_unit_test(what_a_store_restricts_to_other_uses_is_no_anchor),
        cmocka_unit_test(contents_are_shown),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
