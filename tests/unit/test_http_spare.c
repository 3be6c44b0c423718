/* Responses that serve again: each says what a new one would, and what is taken is nobody else's. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "http/etag.h"
#include "http/respond.h"
#include "http/spare.h"
#include "http/values.h"
#include "tests/unit/http_play.h"
#include "tests/unit/scarce.h"

#define TARGET "/v1/recipients/hit@example.org/certificate"
#define PLAIN "GET " TARGET " HTTP/1.1\r\nHost: a\r\n\r\n"

/* A libmicrohttpd of which responses shared their values. */
const char *__real_MHD_get_response_header(struct MHD_Response *response, const char *name);
const char *__wrap_MHD_get_response_header(struct MHD_Response *response, const char *name);
static bool values_are_shared;
static atomic_uint dates_looked_for;

const char *__wrap_MHD_get_response_header(struct MHD_Response *response, const char *name)
{
    static char shared[] = "\"1\"";

    dates_looked_for += strcmp(name, "Date") == 0;
    return values_are_shared ? shared : __real_MHD_get_response_header(response, name);
}

static struct play *play;
static struct buffer response;
static unsigned asked; /* a number in each Accept: what is asked once is not kept */

static int open_play(void **state)
{
    (void)state;
    buffer_init(&response, 4 * 1024 * 1024);
    play = play_open(NULL);
    return 0;
}

static int close_play(void **state)
{
    (void)state;
    play_close(&play);
    buffer_free(&response);
    return 0;
}

static void ask(int fd, const char *method, const char *fields)
{
    char request[512];

    snprintf(request, sizeof(request), "%s " TARGET " HTTP/1.1\r\nHost: a\r\nAccept: */*;n=%u\r\n%s\r\n", method, asked++,
             fields);
    buffer_clear(&response);
    assert_true(play_send(fd, request, strlen(request)));
}

static void get(int fd)
{
    ask(fd, "GET", "");
    assert_true(play_read_response(fd, false, &response));
    assert_int_equal(play_status(&response), 200);
}

static const char *field(const char *name)
{
    static char value[1024];
    const char *found = play_field(&response, name, value, sizeof(value));

    return found != NULL ? found : "";
}

static void have(const char *mark, int64_t life_s)
{
    play_replace_hit(play, play_answer("hit@example.org", OUTCOME_FOUND, REASON_USABLE, mark, life_s));
}

static bool is_marked(const char *mark)
{
    struct bytes body = play_body(&response), certificate = play_certificate();

    return body.size == certificate.size + strlen(mark) &&
           memcmp(body.data, certificate.data, certificate.size) == 0 &&
           memcmp(body.data + certificate.size, mark, strlen(mark)) == 0;
}

/* Nothing of another answer: the body is whole, and the tag is its own. */
static void is_of(const char *mark)
{
    char etag[ETAG_BYTES];

    assert_true(is_marked(mark));
    assert_string_equal(field("ETag"), etag_make(play_body(&response), etag));
}

static void each_says_its_own(void **state)
{
    (void)state;
    int fds[4];
    for (size_t i = 0; i < 4; i++) {
        fds[i] = play_connect(play_port(play));
    }
    for (unsigned round = 0; round < 600; round++) {
        char mark[160];
        int size = 1 + (int)(round * 7 % 150); /* more sizes than lists, each again and again */
        memset(mark, 'a' + (int)(round % 26), (size_t)size);
        mark[size] = '\0';
        have(mark, 1000 + round);
        get(fds[round % 4]);
        is_of(mark);
    }
    for (size_t i = 0; i < 4; i++) {
        close(fds[i]);
    }
}

/* All but Date, which may be another second by now. */
static void copy_head(char *out)
{
    const char *text = buffer_string(&response), *date = strstr(text, "Date: "), *behind = strstr(date, "\r\n");

    *stpncpy(out, text, (size_t)(date - text)) = '\0';
    strncat(out, behind, (size_t)(strstr(behind, "\r\n\r\n") - behind));
}

static void the_header_is_that_of_a_new_one(void **state)
{
    char kept[2048], spare[2048];

    (void)state;
    int fd = play_connect(play_port(play));
    have("one", 500);
    get(fd); /* a spare is left */
    have("two", 3600);
    for (int i = 0; i < 2; i++) { /* the same target twice, and a response of its own is made and kept */
        buffer_clear(&response);
        assert_true(play_send(fd, PLAIN, strlen(PLAIN)));
        assert_true(play_read_response(fd, false, &response));
    }
    is_of("two");
    copy_head(kept);
    get(fd);
    is_of("two");
    copy_head(spare);
    assert_string_equal(spare, kept);
    close(fd);
}

/* Whether it was sent whole, without its body, or not at all, it serves again. */
static void whatever_became_of_the_last(void **state)
{
    char condition[128];

    (void)state;
    int fd = play_connect(play_port(play));
    for (int i = 0; i < 20; i++) {
        have(i % 2 == 0 ? "even" : "odd.", 3600 + i);
        get(fd);
        is_of(i % 2 == 0 ? "even" : "odd.");
        snprintf(condition, sizeof(condition), "If-None-Match: %s\r\n", field("ETag"));
        ask(fd, "GET", condition);
        assert_true(play_read_response(fd, false, &response));
        assert_int_equal(play_status(&response), 304);
        ask(fd, "HEAD", "");
        assert_true(play_read_response(fd, true, &response));
        assert_non_null(strstr(condition, field("ETag")));
        int gone = play_connect(play_port(play));
        ask(gone, "GET", "");
        close(gone);
        ask(fd, "GET", i == 19 ? "Connection: close\r\n" : "");
        assert_true(play_read_response(fd, false, &response));
        is_of(i % 2 == 0 ? "even" : "odd.");
    }
    close(fd);
}

static struct spare *take(struct spares *spares, const char *body, const char *tag)
{
    struct response_headers headers = {0};

    respond_field(&headers, "Vary", "Accept");
    if (tag != NULL) {
        respond_header(&headers, "ETag", "%s", tag);
    }
    return spares_take(spares, bytes_of_string(body), &headers);
}

static const char *tag_of(const struct spare *spare)
{
    const char *tag = MHD_get_response_header(spare_response(spare), "ETag");

    return tag != NULL ? tag : "none";
}

static void taken_again_by_size_and_fields(void **state)
{
    struct spares *spares = spares_new(true);

    (void)state;
    struct spare *first = take(spares, "four", "\"1\""), *second = take(spares, "five", "\"2\"");
    assert_ptr_not_equal(first, second);
    assert_string_equal(tag_of(first), "\"1\"");
    const struct spare *was = first;
    spares_give_back(spares, &first);
    assert_null(first);
    first = take(spares, "three", "\"3\""); /* longer */
    assert_ptr_not_equal(first, was);
    spares_give_back(spares, &first);
    first = take(spares, "four", NULL); /* a field less */
    assert_ptr_not_equal(first, was);
    assert_string_equal(tag_of(first), "none");
    spares_give_back(spares, &first);
    first = take(spares, "nine", "\"4\"");
    assert_ptr_equal(first, was);
    assert_string_equal(tag_of(first), "\"4\"");
    assert_string_equal(MHD_get_response_header(spare_response(first), "Vary"), "Accept");
    assert_string_equal(tag_of(second), "\"2\"");
    spares_give_back(spares, &first);
    spares_give_back(spares, &second);
    spares_free(&spares);
    spares_free(&spares);
}

/* As many fields, and as long values, are not the same fields. */
static void names_are_compared(void **state)
{
    struct spares *spares = spares_new(true);
    struct response_headers others = {0};

    (void)state;
    struct spare *tagged = take(spares, "four", "\"1\"");
    const struct spare *was = tagged;
    spares_give_back(spares, &tagged);
    respond_field(&others, "Vary", "Accept");
    respond_field(&others, "Allow", "GET");
    struct spare *other = spares_take(spares, bytes_of_string("five"), &others);
    assert_ptr_not_equal(other, was);
    assert_string_equal(tag_of(other), "none");
    assert_string_equal(MHD_get_response_header(spare_response(other), "Allow"), "GET");
    spares_give_back(spares, &other);
    tagged = take(spares, "nine", "\"2\"");
    assert_ptr_equal(tagged, was);
    assert_null(MHD_get_response_header(spare_response(tagged), "Allow"));
    spares_give_back(spares, &tagged);
    spares_free(&spares);
}

/* One of which values need only be written over is taken rather, wherever among a few it lies. */
static void lengths_are_kept(void **state)
{
    static const char *const tags[] = {"\"1\"", "\"22\"", "\"333\"", "\"4444\""};
    enum { COUNT = sizeof(tags) / sizeof(tags[0]) };
    struct spares *spares = spares_new(true);
    struct spare *all[COUNT];
    const struct spare *was[COUNT];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        was[i] = all[i] = take(spares, "body", tags[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        spares_give_back(spares, &all[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        all[i] = take(spares, "else", tags[i]);
        assert_ptr_equal(all[i], was[i]);
        assert_string_equal(tag_of(all[i]), tags[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        spares_give_back(spares, &all[i]);
    }
    struct spare *other = take(spares, "body", "\"55555\""); /* none has this length: any will do, and has it then */
    const struct spare *changed = other;
    assert_int_equal(spares_count(spares), COUNT - 1);
    assert_string_equal(tag_of(other), "\"55555\"");
    spares_give_back(spares, &other);
    struct spare *above = take(spares, "body", changed == was[0] ? tags[1] : tags[0]);
    spares_give_back(spares, &above);
    other = take(spares, "else", "\"66666\"");
    assert_ptr_equal(other, changed);
    assert_string_equal(tag_of(other), "\"66666\"");
    spares_give_back(spares, &other);
    spares_free(&spares);
}

/* What one says now is seen in that response alone. */
static void a_value_is_its_response_s_own_in(struct spares *spares)
{
    static const char *const tags[] = {"\"2\"", "\"3\"", "\"longer\"", "\"equals\"", "\"one longer\"", "\"4\""};
    char tag[] = "\"1\"";

    struct spare *first = take(spares, "four", tag), *second = take(spares, "five", tag);
    const struct spare *was = first;
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        spares_give_back(spares, &first);
        first = take(spares, "nine", tags[i]);
        assert_ptr_equal(first, was);
        assert_string_equal(tag_of(first), tags[i]);
        assert_string_equal(tag_of(second), "\"1\"");
        assert_string_equal(tag, "\"1\"");
    }
    spares_give_back(spares, &first);
    spares_give_back(spares, &second);
    spares_free(&spares);
}

static void a_value_is_its_response_s_own(void **state)
{
    (void)state;
    a_value_is_its_response_s_own_in(spares_new(true));
}

/* Then none is written over: it is deleted and added. */
static void values_may_be_shared(void **state)
{
    (void)state;
    assert_true(values_may_be_written());
    values_are_shared = true;
    struct spares *spares = spares_new(values_may_be_written());
    values_are_shared = false;
    a_value_is_its_response_s_own_in(spares);
}

/* What was found is everybody's here: it stays as it is, and there is no response whose own is not found. */
static void a_shared_value_is_not_written(void **state)
{
    struct response_headers first = {0}, second = {0};
    struct spares *spares = spares_new(false);

    (void)state;
    respond_field(&first, "ETag", "\"1\"");
    respond_field(&second, "ETag", "\"2\"");
    values_are_shared = true;
    struct spare *spare = spares_take(spares, bytes_of_string("body"), &first);
    assert_non_null(spare);
    spares_give_back(spares, &spare);
    assert_null(spares_take(spares, bytes_of_string("else"), &second));
    assert_string_equal(MHD_get_response_header(NULL, "ETag"), "\"1\"");
    values_are_shared = false;
    spares_free(&spares);
}

/* Which is which cannot be told, so there is no spare one. */
static void names_stand_there_once(void **state)
{
    struct spares *spares = spares_new(true);
    struct response_headers headers = {0};

    (void)state;
    respond_field(&headers, "Vary", "Accept");
    respond_field(&headers, "Vary", "Accept");
    assert_null(spares_take(spares, bytes_of_string("body"), &headers));
    spares_free(&spares);
}

/* However many there were at once, of however many sizes, few are kept, and the last among them. */
static void few_are_kept(void **state)
{
    struct spares *spares = spares_new(true);
    struct spare *all[500];
    char body[500];

    (void)state;
    memset(body, 'x', sizeof(body));
    for (size_t i = 0; i < 500; i++) {
        struct response_headers none = {0};
        all[i] = spares_take(spares, bytes_of(body, 1 + i % 250), &none);
        assert_non_null(all[i]);
    }
    const struct spare *last = all[499];
    for (size_t i = 0; i < 500; i++) {
        spares_give_back(spares, &all[i]);
    }
    size_t known = 0;
    for (size_t i = 0; i < 500; i++) {
        struct response_headers none = {0};
        all[i] = spares_take(spares, bytes_of(body, 1 + (499 - i) % 250), &none);
        known += all[i] == last;
    }
    assert_int_equal(known, 1);
    assert_ptr_equal(all[0], last);
    for (size_t i = 0; i < 500; i++) {
        spares_give_back(spares, &all[i]);
    }
    assert_true(spares_count(spares) <= 128);
    spares_free(&spares);
}

/* Of one size, who was given back first goes first. */
static void the_oldest_goes(void **state)
{
    enum { KEPT = 128 };
    struct spares *spares = spares_new(true);
    struct spare *all[KEPT + 1];

    (void)state;
    for (size_t i = 0; i <= KEPT; i++) {
        all[i] = take(spares, "body", "\"1\"");
    }
    const struct spare *oldest = all[0], *newest = all[KEPT];
    for (size_t i = 0; i <= KEPT; i++) {
        spares_give_back(spares, &all[i]);
    }
    assert_int_equal(spares_count(spares), KEPT);
    for (size_t i = 0; i < KEPT; i++) {
        all[i] = take(spares, "body", "\"1\"");
        assert_ptr_not_equal(all[i], oldest);
    }
    assert_ptr_equal(all[0], newest);
    assert_int_equal(spares_count(spares), 0);
    for (size_t i = 0; i < KEPT; i++) {
        spares_give_back(spares, &all[i]);
    }
    spares_free(&spares);
}

/* One that fits, behind so many of its size that do not. */
static bool is_found_behind(size_t others)
{
    struct spares *spares = spares_new(true);
    struct spare *all[32], *wanted = take(spares, "body", "\"1\"");
    const struct spare *was = wanted;

    for (size_t i = 0; i < others; i++) {
        all[i] = take(spares, "body", NULL);
    }
    spares_give_back(spares, &wanted);
    for (size_t i = 0; i < others; i++) {
        spares_give_back(spares, &all[i]);
    }
    wanted = take(spares, "body", "\"1\"");
    bool found = wanted == was;
    spares_give_back(spares, &wanted);
    spares_free(&spares);
    return found;
}

static void few_are_looked_at(void **state)
{
    (void)state;
    assert_true(is_found_behind(15));
    assert_false(is_found_behind(16));
}

static void what_does_not_fit_is_refused(void **state)
{
    static const char *const names[] = {"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K"};
    struct spares *spares = spares_new(true);

    (void)state;
    for (size_t size = 10; size <= 11; size++) {
        struct response_headers many = {0};
        for (size_t i = 0; i < size; i++) {
            respond_field(&many, names[i], "value");
        }
        struct spare *spare = spares_take(spares, bytes_of_string("body"), &many);
        assert_int_equal(spare != NULL, size == 10);
        if (spare != NULL) {
            spares_give_back(spares, &spare);
        }
    }
    assert_int_equal(spares_count(spares), 1);
    spares_free(&spares);
}

/* With any one allocation of ours failing there is none, or it is right. */
static void memory_may_run_out(void **state)
{
    struct spare *spare = NULL;
    int nth = 0;

    (void)state;
    do {
        struct spares *spares = spares_new(true);
        scarce_begin(++nth);
        spare = take(spares, "body", "\"1\"");
        bool failed = scarce_end();
        assert_int_equal(spare == NULL, failed);
        if (spare != NULL) {
            assert_string_equal(tag_of(spare), "\"1\"");
            spares_give_back(spares, &spare);
        }
        spares_free(&spares);
        if (!failed) {
            break;
        }
    } while (nth < 100);
    assert_int_equal(nth, 2);
}

/* libmicrohttpd keeps the field Connection apart from the others. */
static void a_closing_one_stays_apart(void **state)
{
    struct spares *spares = spares_new(true);

    (void)state;
    for (int round = 0; round < 3; round++) {
        struct spare *pair[2];
        for (int i = 0; i < 2; i++) {
            struct response_headers headers = {0};
            char tag[16];
            snprintf(tag, sizeof(tag), "\"%d%d\"", round, i);
            respond_field(&headers, "Vary", round == 2 ? "*" : "Accept");
            if (i == 1) {
                respond_field(&headers, "Connection", "close");
            }
            respond_header(&headers, "ETag", "%s", tag);
            pair[i] = spares_take(spares, bytes_of_string("body"), &headers);
            assert_non_null(pair[i]);
            assert_string_equal(tag_of(pair[i]), tag);
            const char *connection = MHD_get_response_header(spare_response(pair[i]), "Connection");
            assert_int_equal(connection != NULL, i == 1);
        }
        for (int i = 0; i < 2; i++) {
            spares_give_back(spares, &pair[i]);
        }
        assert_int_equal(spares_count(spares), 2);
    }
    spares_free(&spares);
}

static struct MHD_Response *complete(const char *first, const char *second, const char *value)
{
    struct response_headers headers = {0};

    respond_field(&headers, first, "Fri, 27 Nov 2026 15:22:54 GMT");
    respond_field(&headers, second, value);
    respond_field(&headers, "Vary", "Accept");
    return respond_complete(MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT), &headers);
}

static void fields_are_merged_behind_a_date(void **state)
{
    char value[1100];

    (void)state;
    struct MHD_Response *merged = complete("Date", "ETag", "\"1\"");
    assert_string_equal(MHD_get_response_header(merged, "Date"),
                        "Fri, 27 Nov 2026 15:22:54 GMT\r\nETag: \"1\"\r\nVary: Accept");
    assert_null(MHD_get_response_header(merged, "ETag"));
    MHD_destroy_response(merged);
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    const struct {
        const char *first, *second, *value;
    } apart[] = {{"Expires", "ETag", "\"1\""}, {"Date", "Connection", "close"}, {"Date", "ETag", value}};
    for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
        struct MHD_Response *each = complete(apart[i].first, apart[i].second, apart[i].value);
        assert_non_null(each);
        assert_string_equal(MHD_get_response_header(each, apart[i].first), "Fri, 27 Nov 2026 15:22:54 GMT");
        assert_string_equal(MHD_get_response_header(each, apart[i].second), apart[i].value);
        assert_string_equal(MHD_get_response_header(each, "Vary"), "Accept");
        MHD_destroy_response(each);
    }
}

/* No value begins another field, or a body. */
static void no_line_end_is_in_a_value(void **state)
{
    static const char *const bad[] = {"a\r\nX: y", "a\n", "\ra", "\r\n\r\n<html>"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(complete("Date", "ETag", bad[i]));
        assert_null(complete("Expires", "ETag", bad[i]));
    }
}

static bool is_date(const char *text, int64_t from, int64_t to)
{
    char date[TEXT_TIME_BYTES];
    bool is = false;

    for (int64_t second = from; second <= to; second++) {
        is = is || strcmp(text, text_http_date(second, date)) == 0;
    }
    return is;
}

/* One Date, and it is now; of a response that is made, kept, or taken again. */
static void is_dated(int fd, const char *method, const char *target, const char *fields, unsigned status)
{
    char request[512];
    int64_t before = time(NULL); /* libmicrohttpd's clock, which is a tick late */

    snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n", method, target, fields);
    buffer_clear(&response);
    assert_true(play_send(fd, request, strlen(request)));
    assert_true(play_read_response(fd, strcmp(method, "HEAD") == 0, &response));
    assert_int_equal(play_status(&response), status);
    const char *first = strstr(buffer_string(&response), "\r\nDate: ");
    assert_non_null(first);
    assert_null(strstr(first + 1, "\r\nDate: "));
    if (!is_date(field("Date"), before, clock_wall_s())) {
        fail_msg("%s at %lld", field("Date"), (long long)before);
    }
}

static void dates_in(struct play *dated)
{
    char condition[128];
    int fd = play_connect(play_port(dated));

    for (int i = 0; i < 3; i++) { /* over two ends of a second */
        for (int again = 0; again < 4; again++) {
            is_dated(fd, "GET", TARGET, "", 200);
            snprintf(condition, sizeof(condition), "If-None-Match: %s\r\n", field("ETag"));
            is_dated(fd, "GET", TARGET, condition, 304);
            is_dated(fd, "HEAD", TARGET, "", 200);
        }
        is_dated(fd, "GET", "/v1/recipients/none@example.org", "", 404);
        is_dated(fd, "GET", "/healthz", "", 200);
        for (int64_t second = clock_wall_s(); clock_wall_s() == second;) {
            usleep(10000);
        }
    }
    assert_true(dated->served_again >= 3 * 2);
    is_dated(fd, "GET", TARGET, "Connection: close\r\n", 200);
    close(fd);
}

static void the_date_is_now(void **state)
{
    (void)state;
    have("dated", 3600);
    unsigned before = dates_looked_for;
    dates_in(play);
    assert_true(dates_looked_for > before);
}

/* Then it is libmicrohttpd's. */
static void the_date_is_now_where_values_are_shared(void **state)
{
    (void)state;
    values_are_shared = true;
    struct play *other = play_open(NULL);
    values_are_shared = false;
    unsigned before = dates_looked_for;
    dates_in(other);
    assert_int_equal(dates_looked_for, before);
    play_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_says_its_own),
        cmocka_unit_test(the_header_is_that_of_a_new_one),
        cmocka_unit_test(whatever_became_of_the_last),
        cmocka_unit_test(taken_again_by_size_and_fields),
        cmocka_unit_test(names_are_compared),
        cmocka_unit_test(lengths_are_kept),
        cmocka_unit_test(a_value_is_its_response_s_own),
        cmocka_unit_test(values_may_be_shared),
        cmocka_unit_test(a_shared_value_is_not_written),
        cmocka_unit_test(names_stand_there_once),
        cmocka_unit_test(few_are_kept),
        cmocka_unit_test(the_oldest_goes),
        cmocka_unit_test(few_are_looked_at),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(a_closing_one_stays_apart),
        cmocka_unit_test(fields_are_merged_behind_a_date),
        cmocka_unit_test(no_line_end_is_in_a_value),
        cmocka_unit_test(the_date_is_now),
        cmocka_unit_test(the_date_is_now_where_values_are_shared),
    };

    return cmocka_run_group_tests(tests, open_play, close_play);
}
