#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include "base/digest.h"
#include "render/render.h"
#include "tests/unit/render_fixture.h"

static int rendered(enum format format, struct answer *answer, struct buffer *out)
{
    buffer_init(out, 1 << 20);
    int result = render(format, answer, NULL, out);
    answer_free(&answer);
    return result;
}

static void der_is_the_best_certificate_unchanged(void **state)
{
    (void)state;
    struct answer *answer = fixture_found();
    struct buffer out;

    buffer_init(&out, 1 << 20);
    assert_int_equal(render(FORMAT_DER, answer, NULL, &out), 0);
    assert_true(bytes_equal(buffer_bytes(&out), blob_bytes(answer->certificates[0].value)));
    buffer_free(&out);
    answer_free(&answer);
}

static void pem_is_the_leaf_without_the_anchor(void **state)
{
    (void)state;
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n", end[] = "\n-----END CERTIFICATE-----\n";
    struct answer *answer = fixture_found();
    struct buffer out, der;

    buffer_init(&out, 1 << 20);
    buffer_init(&der, 1 << 20);
    assert_int_equal(render(FORMAT_PEM, answer, NULL, &out), 0);
    const char *text = buffer_string(&out);
    assert_memory_equal(text, begin, sizeof(begin) - 1);
    assert_null(strstr(text + sizeof(begin), "BEGIN"));
    assert_string_equal(text + out.size - (sizeof(end) - 1), end);
    struct bytes body = bytes_of(text + sizeof(begin) - 1, out.size - (sizeof(begin) - 1) - (sizeof(end) - 1));
    assert_int_equal(digest_decode_base64(body, &der, true), 0);
    assert_true(bytes_equal(buffer_bytes(&der), blob_bytes(answer->certificates[0].der)));
    assert_int_equal(strchr(text + sizeof(begin) - 1, '\n') - (text + sizeof(begin) - 1), 64);
    buffer_free(&der);
    buffer_free(&out);
    answer_free(&answer);
}

static void p7c_is_a_bundle(void **state)
{
    (void)state;
    struct buffer out;

    assert_int_equal(rendered(FORMAT_P7C, fixture_found(), &out), 0);
    assert_int_equal(out.data[0], 0x30);
    assert_true(out.size > 600);
    buffer_free(&out);
}

static void without_a_certificate_these_have_nothing_to_say(void **state)
{
    (void)state;
    static const enum format formats[] = {FORMAT_DER, FORMAT_PEM, FORMAT_P7C, FORMAT_VCARD, FORMAT_VCARD3};
    struct buffer out;

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        assert_int_equal(rendered(formats[i], fixture_none(), &out), -1);
        assert_int_equal(out.size, 0);
        assert_int_equal(rendered(formats[i], fixture_unknown(), &out), -1);
        assert_int_equal(rendered(formats[i], answer_internal_error(), &out), -1);
        buffer_free(&out);
    }
}

static void every_format_says_so_when_the_buffer_is_full(void **state)
{
    (void)state;
    struct answer *answer = fixture_found();

    for (unsigned format = 0; format < FORMAT_COUNT; format++) {
        struct buffer whole, small;
        buffer_init(&whole, 1 << 20);
        assert_int_equal(render((enum format)format, answer, NULL, &whole), 0);
        for (size_t most = 0; most < whole.size; most += 1 + whole.size / 50) {
            buffer_init(&small, most);
            assert_int_equal(render((enum format)format, answer, NULL, &small), -1);
            buffer_free(&small);
        }
        buffer_init(&small, whole.size);
        assert_int_equal(render((enum format)format, answer, NULL, &small), 0);
        buffer_free(&small);
        buffer_free(&whole);
    }
    answer_free(&answer);
}

static void same_answer_same_bytes(void **state)
{
    (void)state;
    for (unsigned format = 0; format < FORMAT_COUNT; format++) {
        struct buffer one, two;
        assert_int_equal(rendered((enum format)format, fixture_found(), &one), 0);
        assert_int_equal(rendered((enum format)format, fixture_found(), &two), 0);
        assert_true(bytes_equal(buffer_bytes(&one), buffer_bytes(&two)));
        buffer_free(&one);
        buffer_free(&two);
    }
}

static void formats_are_found_by_name(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "JSON", "pem ", "xml", "p7", "text\n"};
    enum format format;

    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        assert_true(format_parse(bytes_of_string(render_formats[i].name), &format));
        assert_int_equal(format, i);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(format_parse(bytes_of_string(bad[i]), &format));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(der_is_the_best_certificate_unchanged),
        cmocka_unit_test(pem_is_the_leaf_without_the_anchor),
        cmocka_unit_test(p7c_is_a_bundle),
        cmocka_unit_test(without_a_certificate_these_have_nothing_to_say),
        cmocka_unit_test(every_format_says_so_when_the_buffer_is_full),
        cmocka_unit_test(same_answer_same_bytes),
        cmocka_unit_test(formats_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
