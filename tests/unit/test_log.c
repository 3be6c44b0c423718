#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/log.h"

static FILE *caught; /* what went to stderr since catch_begin() */
static int real_stderr;

static void catch_begin(void)
{
    caught = tmpfile();
    assert_non_null(caught);
    real_stderr = dup(STDERR_FILENO);
    dup2(fileno(caught), STDERR_FILENO);
}

/* The caller frees. */
static char *catch_end(void)
{
    char *text = calloc(1, 1000000);

    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    rewind(caught);
    text[fread(text, 1, 999999, caught)] = '\0';
    fclose(caught);
    return text;
}

/* One line less its time, which must look like one. */
static void line_is(enum log_format format, const struct log_field *field, const char *want)
{
    const char *start = format == LOG_FORMAT_JSON ? "{\"time\":\"" : "";
    char *line;

    log_open(LEVEL_INFO, format);
    catch_begin();
    log_write(LEVEL_WARNING, "directory does not answer", field, 1);
    line = catch_end();
    assert_memory_equal(line, start, strlen(start));
    assert_int_equal(line[strlen(start) + 10], 'T');
    assert_int_equal(line[strlen(start) + 19], '.');
    assert_int_equal(line[strlen(start) + 23], 'Z');
    if (strcmp(line + strlen(start) + 24, want) != 0) {
        fail_msg("%s, not %s", line + strlen(start) + 24, want);
    }
    free(line);
}

#define TEXT_HEAD " warning directory does not answer "
#define JSON_HEAD "\",\"level\":\"warning\",\"message\":\"directory does not answer\","

static const struct {
    const char *value;
    size_t size;
    const char *text, *json;
} values[] = {
    {"corp", 4, "corp", "\"corp\""},
    {"", 0, "\"\"", "\"\""},
    {"a b", 3, "\"a b\"", "\"a b\""},
    {"a=b", 3, "\"a=b\"", "\"a=b\""},
    {"a\"b\\", 4, "\"a\\\"b\\\\\"", "\"a\\\"b\\\\\""},
    {"x\n2026 error forged", 19, "\"x\\n2026 error forged\"", "\"x\\n2026 error forged\""},
    {"\r\t\x1b[31m", 7, "\"\\r\\t\\x1b[31m\"", "\"\\r\\t\\u001b[31m\""},
    {"a\0b", 3, "\"a\\x00b\"", "\"a\\u0000b\""},
    {"\xc3\xbc\xff\x7f", 4, "\"\\xc3\\xbc\\xff\\x7f\"", "\"\xc3\xbc\xef\xbf\xbd\x7f\""},
};

static void values_are_escaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct log_field field = {"directory", values[i].value, values[i].size, 0};
        char want[200];

        snprintf(want, sizeof(want), TEXT_HEAD "directory=%s\n", values[i].text);
        line_is(LOG_FORMAT_TEXT, &field, want);
        snprintf(want, sizeof(want), JSON_HEAD "\"directory\":%s}\n", values[i].json);
        line_is(LOG_FORMAT_JSON, &field, want);
    }
    line_is(LOG_FORMAT_TEXT, &LOG_NUMBER("ms", -3000), TEXT_HEAD "ms=-3000\n");
    line_is(LOG_FORMAT_JSON, &LOG_NUMBER("ms", INT64_MIN), JSON_HEAD "\"ms\":-9223372036854775808}\n");
    line_is(LOG_FORMAT_TEXT, &LOG_BYTES("b", bytes_of("a\0", 2)), TEXT_HEAD "b=\"a\\x00\"\n");
}

static void events_have_none_or_many_fields(void **state)
{
    const char *nothing = NULL;
    char *text;

    (void)state;
    log_open(LEVEL_INFO, LOG_FORMAT_TEXT);
    catch_begin();
    log_event(LEVEL_ERROR, "alone");
    log_event(LEVEL_NOTICE, "three", LOG_TEXT("a", "1"), LOG_NUMBER("b", 2), LOG_TEXT("c", nothing));
    log_event(LEVEL_DEBUG, "unseen");
    text = catch_end();
    assert_non_null(strstr(text, "Z error alone\n"));
    assert_non_null(strstr(text, "Z notice three a=1 b=2 c="));
    assert_null(strstr(text, "unseen"));
    free(text);
}

static void long_values_are_cut(void **state)
{
    static char text[100000];
    static const enum log_format formats[] = {LOG_FORMAT_TEXT, LOG_FORMAT_JSON};
    static const char filling[] = "x\n"; /* one that stays as it is, one that grows */

    (void)state;
    for (int round = 0; round < 4; round++) {
        bool json = formats[round / 2] == LOG_FORMAT_JSON;
        char *line;

        memset(text, filling[round % 2], sizeof(text) - 1);
        log_open(LEVEL_INFO, formats[round / 2]);
        catch_begin();
        log_event(LEVEL_ERROR, "long", LOG_TEXT("a", text), LOG_TEXT("b", text), LOG_TEXT("c", text),
                  LOG_TEXT("d", text), LOG_TEXT("e", text), LOG_NUMBER("last", 1));
        line = catch_end();
        assert_true(strlen(line) <= MAX_LOG_LINE_BYTES);
        assert_true(strlen(line) > 1024);
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
        assert_non_null(strstr(line, json ? ",\"cut\":true}\n" : " cut=true\n"));
        free(line);
    }
}

static void levels_are_heeded(void **state)
{
    (void)state;
    log_open(LEVEL_WARNING, LOG_FORMAT_TEXT);
    assert_true(log_enabled(LEVEL_ERROR));
    assert_true(log_enabled(LEVEL_WARNING));
    assert_false(log_enabled(LEVEL_NOTICE));
}

static void *chatter(void *context)
{
    for (int i = 0; i < 200; i++) {
        log_event(LEVEL_ERROR, "line", LOG_NUMBER("i", i), LOG_TEXT("end", "here"));
    }
    return context;
}

static void lines_of_threads_stay_whole(void **state)
{
    pthread_t threads[4];
    size_t lines = 0;
    char *text;

    (void)state;
    log_open(LEVEL_INFO, LOG_FORMAT_TEXT);
    catch_begin();
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, chatter, NULL);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    text = catch_end();
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        assert_int_equal(line[4], '-');
        assert_memory_equal(end - 9, " end=here", 9);
        lines++;
    }
    assert_int_equal(lines, 800);
    free(text);
}

static size_t lines_written(void)
{
    struct stat status;

    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    return (size_t)status.st_size / strlen("2026-01-01T00:00:00.000Z info line i=1000\n");
}

static void addresses_are_hashed_unless_told_otherwise(void **state)
{
    char shown[LOG_ADDRESS_BYTES], again[LOG_ADDRESS_BYTES], other[LOG_ADDRESS_BYTES], longest[MAX_ADDRESS_BYTES + 1];
    struct bytes alice = bytes_of_string("alice@example.org");

    (void)state;
    log_address(alice, shown);
    assert_int_equal(strlen(shown), 17 + strlen("@example.org"));
    assert_int_equal(shown[0], '~');
    assert_string_equal(shown + 17, "@example.org");
    assert_int_equal(strspn(shown + 1, "0123456789abcdef"), 16);
    assert_string_equal(log_address(alice, again), shown);
    assert_string_not_equal(log_address(bytes_of_string("bob@example.org"), other), shown);
    assert_string_not_equal(log_address(bytes_of_string("alice@example.com"), other), shown);
    assert_string_equal(log_address(bytes_of_string("\"a@b\"@example.org"), other) + 17, "@example.org");
    assert_int_equal(strlen(log_address(bytes_of_string(""), other)), 17);

    memset(longest, 'a', MAX_ADDRESS_BYTES);
    longest[MAX_ADDRESS_BYTES] = '\0';
    longest[1] = '@';
    assert_string_equal(log_address(bytes_of_string(longest), other) + 17, longest + 1);

    log_addresses_plainly(true);
    assert_string_equal(log_address(alice, shown), "alice@example.org");
    assert_string_equal(log_address(bytes_of_string(longest), other), longest);
    log_addresses_plainly(false);
    assert_string_equal(log_address(alice, shown), again);
}

static void gathered_lines_wait_for_the_end_of_the_turn(void **state)
{
    char *text;

    (void)state;
    log_open(LEVEL_INFO, LOG_FORMAT_TEXT);
    catch_begin();
    log_gather(true);
    log_event(LEVEL_INFO, "line", LOG_NUMBER("i", 1000));
    log_event(LEVEL_INFO, "line", LOG_NUMBER("i", 1001));
    assert_int_equal(lines_written(), 0);
    log_flush();
    assert_int_equal(lines_written(), 2);
    log_event(LEVEL_INFO, "line", LOG_NUMBER("i", 1002));
    log_event(LEVEL_WARNING, "line", LOG_NUMBER("i", 1003)); /* does not wait, nor what came before it */
    assert_int_equal(lines_written(), 4);
    for (int i = 1004; i < 1104; i++) { /* more than are gathered */
        log_event(LEVEL_INFO, "line", LOG_NUMBER("i", i));
    }
    assert_in_range(lines_written(), 90, 103);
    log_gather(false);
    assert_int_equal(lines_written(), 104);
    log_event(LEVEL_INFO, "line", LOG_NUMBER("i", 1104));
    assert_int_equal(lines_written(), 105);
    text = catch_end();
    for (int i = 1000; i <= 1104; i++) {
        char want[16];
        char *line = text, *end = strchr(text, '\n');

        assert_non_null(end);
        snprintf(want, sizeof(want), " i=%d\n", i);
        assert_memory_equal(end + 1 - strlen(want), want, strlen(want));
        memmove(line, end + 1, strlen(end + 1) + 1);
    }
    free(text);
}

/* A line that alone is larger than what is gathered keeps its place. */
static void a_gathered_long_line_keeps_its_place(void **state)
{
    static char long_text[900];
    const char *at;
    char *text;

    (void)state;
    memset(long_text, 'x', sizeof(long_text) - 1);
    log_open(LEVEL_INFO, LOG_FORMAT_TEXT);
    catch_begin();
    log_gather(true);
    log_event(LEVEL_INFO, "first");
    log_event(LEVEL_INFO, "long", LOG_TEXT("a", long_text), LOG_TEXT("b", long_text), LOG_TEXT("c", long_text),
              LOG_TEXT("d", long_text), LOG_TEXT("e", long_text));
    log_event(LEVEL_INFO, "last");
    log_gather(false);
    text = catch_end();
    at = strstr(text, "info first\n");
    assert_non_null(at);
    at = strstr(at, "info long ");
    assert_non_null(at);
    assert_non_null(strstr(at, "info last\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_escaped),
        cmocka_unit_test(events_have_none_or_many_fields),
        cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(levels_are_heeded),
        cmocka_unit_test(lines_of_threads_stay_whole),
        cmocka_unit_test(addresses_are_hashed_unless_told_otherwise),
        cmocka_unit_test(gathered_lines_wait_for_the_end_of_the_turn),
        cmocka_unit_test(a_gathered_long_line_keeps_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
