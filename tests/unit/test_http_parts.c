#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "http/access.h"
#include "http/body.h"
#include "http/etag.h"
#include "http/fragments.h"
#include "http/hot.h"
#include "http/listener.h"
#include "http/reply.h"
#include "http/socket.h"
#include "tests/unit/http_play.h"

static void test_etag_of_bytes(void **state)
{
    char a[ETAG_BYTES], b[ETAG_BYTES];

    (void)state;
    /* Half of the SHA-256 of "abc", FIPS 180-4. */
    assert_string_equal(etag_make(bytes_of_string("abc"), a), "\"ba7816bf8f01cfea414140de5dae2223\"");
    assert_string_not_equal(etag_make(bytes_of_string("abd"), b), a);
}

static void test_etag_lists(void **state)
{
    static const struct {
        const char *list;
        bool want;
    } rows[] = {
        {"\"a\"", true},
        {"W/\"a\"", true},
        {"*", true},
        {" * ", true},
        {"\"b\", \"a\"", true},
        {"\"b\",W/\"c\" ,, W/\"a\"", true},
        {"\"b,\\\", \"a\"", true},
        {"", false},
        {" ", false},
        {"a", false},
        {"\"a", false},
        {"\"", false},
        {"W/", false},
        {"W/a", false},
        {"w/\"a\"", false},
        {"\"aa\"", false},
        {"\"\"", false},
        {"\"b\"", false},
        {"*, \"b\"", false},
        {"b, \"a\"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (etag_listed(bytes_of_string(rows[i].list), "\"a\"") != rows[i].want) {
            fail_msg("%s", rows[i].list);
        }
    }
}

static void test_loopback(void **state)
{
    static const struct {
        int family;
        const char *address;
        bool want;
    } rows[] = {
        {AF_INET, "127.0.0.1", true},          {AF_INET, "127.255.255.254", true}, {AF_INET, "128.0.0.1", false},
        {AF_INET, "126.255.255.255", false},   {AF_INET, "0.0.0.0", false},        {AF_INET, "192.0.2.1", false},
        {AF_INET6, "::1", true},               {AF_INET6, "::", false},            {AF_INET6, "::2", false},
        {AF_INET6, "::ffff:127.0.0.1", true},  {AF_INET6, "::ffff:127.9.9.9", true},
        {AF_INET6, "::ffff:192.0.2.1", false}, {AF_INET6, "fe80::1", false},       {AF_INET6, "::127.0.0.1", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        bool is_v4 = rows[i].family == AF_INET;
        inet_pton(rows[i].family, rows[i].address, is_v4 ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr);
        if (access_is_this_machine(is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6) != rows[i].want) {
            fail_msg("%s", rows[i].address);
        }
    }
    assert_false(access_is_this_machine(NULL));
    assert_true(access_is_this_machine(&(struct sockaddr){.sa_family = AF_UNIX}));
    assert_false(access_is_this_machine(&(struct sockaddr){.sa_family = AF_UNSPEC}));
}

static void test_bearer(void **state)
{
    static const struct {
        const char *authorization, *want; /* NULL: none */
        bool malformed;
    } rows[] = {
        {"Bearer secret", "secret"}, {"bearer secret", "secret"}, {"BEARER  secret", "secret"}, {"Bearer a+/=", "a+/="},
        {"Bearer secret ", "secret ", true}, {"Bearer a b", "a b", true}, {"Bearer a=b", "a=b", true},
        {"Bearer =", "=", true}, {"Bearer a,b", "a,b", true}, {"Bearer \xc3\xa9", "\xc3\xa9", true},
        {"Bearer ", NULL, true}, {"Bearer   ", NULL, true}, {"Bearer", NULL, true},
        {"", NULL}, {"secret", NULL}, {"Basic secret", NULL}, {"Bearersecret", NULL}, {" Bearer secret", NULL},
        {"Bearer\tsecret", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes token;
        bool is_one = access_bearer(bytes_of_string(rows[i].authorization), &token);

        if (access_is_malformed_bearer(bytes_of_string(rows[i].authorization)) != rows[i].malformed ||
            is_one != (rows[i].want != NULL) || (is_one && !bytes_equal(token, bytes_of_string(rows[i].want)))) {
            fail_msg("\"%s\"", rows[i].authorization);
        }
    }
}

static void test_file_names(void **state)
{
    static const struct {
        const char *address, *want;
    } rows[] = {
        {"alice@example.org", "alice@example.org.cer"},
        {"a+b_c-d.e@x.org", "a+b_c-d.e@x.org.cer"},
        {"../x@y.org", "_._x@y.org.cer"},
        {"-rf@y.org", "_rf@y.org.cer"},
        {"\"a b\"@y.org", "_a_b_@y.org.cer"},
        {"a\"; x=\"@y.org", "a___x__@y.org.cer"},
        {"jos\xc3\xa9@y.org", "jos__@y.org.cer"},
        {"a/b\\c%d@y.org", "a_b_c_d@y.org.cer"},
        {"", ".cer"},
    };
    char out[REPLY_FILE_NAME_BYTES];
    char large[300];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(reply_file_name(bytes_of_string(rows[i].address), "cer", out), rows[i].want);
    }
    memset(large, 'a', sizeof(large));
    reply_file_name(bytes_of(large, sizeof(large)), "cer", out);
    assert_int_equal(strlen(out), REPLY_FILE_NAME_BYTES - 1);
    assert_string_equal(out + strlen(out) - 5, "a.cer");
}

static void test_status(void **state)
{
    static const struct {
        enum outcome outcome;
        enum reason reason;
        unsigned want;
    } rows[] = {
        {OUTCOME_FOUND, REASON_USABLE, 200},
        {OUTCOME_NONE, REASON_NO_ENTRY, 404},
        {OUTCOME_NONE, REASON_REVOKED, 404},
        {OUTCOME_UNKNOWN, REASON_DIRECTORY_UNAVAILABLE, 503},
        {OUTCOME_UNKNOWN, REASON_DIRECTORY_LIMIT, 503},
        {OUTCOME_UNKNOWN, REASON_OVERLOADED, 503},
        {OUTCOME_UNKNOWN, REASON_BACKING_OFF, 503},
        {OUTCOME_UNKNOWN, REASON_SHUTTING_DOWN, 503},
        {OUTCOME_UNKNOWN, REASON_REVOCATION_UNKNOWN, 503},
        {OUTCOME_UNKNOWN, REASON_DIRECTORY_TIMEOUT, 504},
        {OUTCOME_UNKNOWN, REASON_DEADLINE, 504},
        {OUTCOME_UNKNOWN, REASON_INTERNAL, 500},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(reply_status(rows[i].outcome, rows[i].reason), rows[i].want);
    }
    const struct answer *internal = answer_internal_error();
    assert_int_equal(reply_status(internal->outcome, internal->reason), 500);
}

static struct reply make_reply(struct answer *answer)
{
    struct served served = {answer, LAYER_MEMORY, false};
    struct wish wish = {.format = FORMAT_DER, .best_only = true};
    struct reply reply;

    assert_int_equal(reply_make(&served, &wish, NULL, &reply), 0);
    return reply;
}

static struct hot_key key_of(const char *text)
{
    return (struct hot_key){bytes_of_string(text), digest_table_hash(bytes_of_string(text))};
}

static bool put(struct hot *hot, const char *text, struct answer *answer)
{
    struct reply reply = make_reply(answer);
    struct hot_key key = key_of(text);
    bool kept = hot_put(hot, &key, answer, NULL, &reply);

    if (!kept) {
        reply_free(&reply);
    }
    return kept;
}

static const struct answer *get(struct hot *hot, const char *text)
{
    struct hot_key key = key_of(text);
    const struct ready *ready = hot_get(hot, &key);

    return ready != NULL ? ready->answer : NULL;
}

static void test_hot_keeps_and_tells_apart(void **state)
{
    struct answer *a = play_answer("a@example.org", OUTCOME_FOUND, REASON_USABLE, "a", 60);
    struct answer *b = play_answer("b@example.org", OUTCOME_FOUND, REASON_USABLE, "b", 60);
    struct hot *hot = hot_new(1024 * 1024);
    struct hot_key key = key_of("/a");

    (void)state;
    assert_null(get(hot, "/a"));
    assert_true(put(hot, "/a", a));
    assert_int_equal(atomic_load(&a->references), 3); /* the entry's, and the response's for its body */
    assert_ptr_equal(get(hot, "/a"), a);
    assert_null(get(hot, "/b"));
    assert_null(get(hot, "/"));
    assert_null(get(hot, "/a\nb"));
    /* The hash alone finds nothing. */
    struct hot_key same_hash = {bytes_of_string("/b"), key.hash};
    assert_null(hot_get(hot, &same_hash));
    /* In the place of the former. */
    assert_true(put(hot, "/a", b));
    assert_int_equal(atomic_load(&a->references), 1);
    assert_ptr_equal(get(hot, "/a"), b);
    hot_drop(hot, &key);
    assert_null(get(hot, "/a"));
    assert_int_equal(hot_bytes(hot), 0);
    hot_drop(hot, &key);
    assert_true(put(hot, "/a", a));
    hot_free(&hot);
    assert_null(hot);
    assert_int_equal(atomic_load(&a->references), 1);
    assert_int_equal(atomic_load(&b->references), 1);
    answer_free(&a);
    answer_free(&b);
}

static void test_hot_wants_what_is_asked_again(void **state)
{
    struct hot *hot = hot_new(1024 * 1024);
    struct hot_key key = key_of("/a");
    /* Another one of the same set. */
    struct hot_key other = {bytes_of_string("/b"), key.hash ^ UINT64_C(1) << 40};

    (void)state;
    assert_false(hot_wants(hot, &key));
    assert_true(hot_wants(hot, &key));
    assert_false(hot_wants(hot, &other));
    assert_false(hot_wants(hot, &key));
    hot_free(&hot);
}

static void test_hot_is_bounded(void **state)
{
    enum { COUNT = 400, ROOM = 64 * 1024 };
    struct answer *answers[COUNT];
    struct hot *hot = hot_new(ROOM);
    size_t kept = 0;
    char text[32];

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof(text), "/%d", i);
        answers[i] = play_answer("a@example.org", OUTCOME_FOUND, REASON_USABLE, "", 60);
        assert_true(put(hot, text, answers[i]));
        assert_ptr_equal(get(hot, text), answers[i]);
        assert_true(hot_bytes(hot) <= ROOM);
    }
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof(text), "/%d", i);
        kept += get(hot, text) != NULL;
    }
    assert_in_range(kept, 5, COUNT / 2);
    hot_free(&hot);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(atomic_load(&answers[i]->references), 1);
        answer_free(&answers[i]);
    }
}

/* What memory gave up goes before what is in use. */
static void test_hot_lets_go_what_is_superseded(void **state)
{
    enum { COUNT = 8, ROOM = 64 * 1024 };
    struct answer *old[COUNT];
    struct answer *answer = play_answer("a@example.org", OUTCOME_FOUND, REASON_USABLE, "", 60);
    struct hot *hot = hot_new(ROOM);
    char text[32];

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof(text), "/old/%d", i);
        old[i] = play_answer("a@example.org", OUTCOME_FOUND, REASON_USABLE, "", 60);
        assert_true(put(hot, text, old[i]));
        atomic_store(&old[i]->standing.kept, false);
    }
    for (int i = 0; hot_bytes(hot) + answer->memory_bytes + 4096 < ROOM || i < COUNT; i++) {
        snprintf(text, sizeof(text), "/new/%d", i);
        assert_true(put(hot, text, answer));
        for (int j = 0; j < COUNT; j++) {
            snprintf(text, sizeof(text), "/old/%d", j);
            struct hot_key key = key_of(text);
            (void)hot_get(hot, &key); /* marks it as used, which does not help it */
        }
    }
    for (int i = 0; i < 3 * COUNT; i++) {
        snprintf(text, sizeof(text), "/more/%d", i);
        assert_true(put(hot, text, answer));
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(atomic_load(&old[i]->references), 1);
        answer_free(&old[i]);
    }
    hot_free(&hot);
    answer_free(&answer);
}

static void test_hot_refuses_what_is_too_large(void **state)
{
    struct answer *a = play_answer("a@example.org", OUTCOME_FOUND, REASON_USABLE, "a", 60);
    struct hot *hot = hot_new(1024);

    (void)state;
    assert_false(put(hot, "/a", a));
    assert_int_equal(hot_bytes(hot), 0);
    assert_int_equal(atomic_load(&a->references), 1);
    hot_free(&hot);
    answer_free(&a);
}

static void test_fragments_by_what_was_sent(void **state)
{
    struct answer *a = play_answer("a@example.org", OUTCOME_FOUND, REASON_USABLE, "a", 60);
    struct answer *b = play_answer("a@example.org", OUTCOME_FOUND, REASON_USABLE, "b", 60);
    struct fragments *fragments = fragments_new(1024 * 1024);
    struct bytes sent = bytes_of_string("a@example.org"), other = bytes_of_string("A@example.org");
    struct fragment one = {a, bytes_of_string("{1}")}, two = {b, bytes_of_string("{2, longer}")};

    (void)state;
    assert_null(fragments_get(fragments, sent).answer);
    fragments_put(fragments, sent, &one);
    assert_ptr_equal(fragments_get(fragments, sent).answer, a);
    assert_true(bytes_equal(fragments_get(fragments, sent).text, one.text));
    assert_null(fragments_get(fragments, other).answer);
    size_t bytes = fragments_bytes(fragments);
    fragments_put(fragments, sent, &two); /* in the place of the first */
    assert_ptr_equal(fragments_get(fragments, sent).answer, b);
    assert_true(bytes_equal(fragments_get(fragments, sent).text, two.text));
    assert_int_equal(atomic_load(&a->references), 1);
    assert_int_equal(fragments_bytes(fragments), bytes + 8);
    fragments_put(fragments, sent, &two);
    assert_int_equal(atomic_load(&b->references), 2);
    fragments_free(&fragments);
    assert_null(fragments);
    assert_int_equal(atomic_load(&b->references), 1);
    answer_free(&a);
    answer_free(&b);
}

static void test_fragments_are_bounded(void **state)
{
    enum { COUNT = 2000, ROOM = 256 * 1024 };
    struct answer *answer = play_answer("a@example.org", OUTCOME_FOUND, REASON_USABLE, "", 60);
    struct fragments *fragments = fragments_new(ROOM), *none = fragments_new(64);
    struct fragment fragment = {answer, bytes_of_string("{}")};
    size_t kept = 0;

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            char sent[32];
            snprintf(sent, sizeof(sent), "a%d@example.org", i);
            if (round == 0) {
                fragments_put(fragments, bytes_of_string(sent), &fragment);
                assert_non_null(fragments_get(fragments, bytes_of_string(sent)).answer);
                assert_true(fragments_bytes(fragments) <= ROOM);
            } else {
                kept += fragments_get(fragments, bytes_of_string(sent)).answer != NULL;
            }
        }
    }
    assert_in_range(kept, 16, COUNT / 2);
    assert_int_equal(atomic_load(&answer->references), kept + 1);
    fragments_put(none, bytes_of_string("a@example.org"), &fragment);
    assert_null(fragments_get(none, bytes_of_string("a@example.org")).answer);
    fragments_free(&none);
    fragments_free(&fragments);
    assert_int_equal(atomic_load(&answer->references), 1);
    answer_free(&answer);
}

/* A body that is not copied is the same as one that is, and so is its tag. */
static void test_reply_in_place(void **state)
{
    struct answer *answer = play_answer("a@example.org", OUTCOME_FOUND, REASON_USABLE, "mark", 60);
    struct served served = {answer, LAYER_MEMORY, false};
    struct wish wish = {.format = FORMAT_DER, .best_only = true};
    struct reply reply = make_reply(answer);
    char etag[ETAG_BYTES];

    (void)state;
    assert_string_equal(reply.etag, etag_make(blob_bytes(answer->certificates[0].der), etag));
    assert_null(reply.not_modified);
    assert_in_range(reply_make_not_modified(&served, &wish, &reply), 256, 4096);
    assert_non_null(reply.not_modified);
    reply_free(&reply);
    assert_int_equal(atomic_load(&answer->references), 1);
    answer_free(&answer);
}

static void test_body_in_pieces(void **state)
{
    struct http http = {.max_waiting = 1};
    struct body body = {.length = 5}, unwanted = {.length = 0};

    (void)state;
    body_take(&unwanted, &http, bytes_of_string("abc"));
    assert_null(unwanted.data);
    body_take(&body, &http, bytes_of_string("ab"));
    body_take(&body, &http, bytes_of_string("cde"));
    assert_true(bytes_equal(bytes_of(body.data, body.size), bytes_of_string("abcde")));
    assert_int_equal(atomic_load(&http.held), 5);
    assert_false(body.lost);
    body_take(&body, &http, bytes_of_string("f")); /* more than was announced */
    assert_true(body.lost);
    assert_null(body.data);
    body_free(&body, &http);
    assert_int_equal(atomic_load(&http.held), 0);
}

static void test_bodies_hold_only_so_much(void **state)
{
    struct http http = {.held = MAX_HELD_BYTES - 3};
    struct body body = {.length = 10}, other = {.length = 10};

    (void)state;
    body_take(&body, &http, bytes_of_string("abc"));
    assert_false(body.lost);
    body_take(&other, &http, bytes_of_string("d"));
    assert_true(other.lost);
    assert_false(body_hold(&body, &http, 1));
    body_free(&other, &http);
    body_free(&body, &http);
    assert_int_equal(atomic_load(&http.held), MAX_HELD_BYTES - 3);
}

static void test_listen_faults(void **state)
{
    static const char *const bad[] = {
        "", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", "[::1:80",
        "localhost:0", "example.org:80", "300.0.0.1:80", "[::zz]:80", "192.0.2.77:0",
    };
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        error.text[0] = '\0';
        int sockets[2];
        if (socket_listen(bad[i], sockets, 2, &error) == 0) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
        assert_non_null(strstr(error.text, bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_etag_of_bytes),
        cmocka_unit_test(test_etag_lists),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_bearer),
        cmocka_unit_test(test_file_names),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_hot_keeps_and_tells_apart),
        cmocka_unit_test(test_hot_wants_what_is_asked_again),
        cmocka_unit_test(test_hot_is_bounded),
        cmocka_unit_test(test_hot_lets_go_what_is_superseded),
        cmocka_unit_test(test_hot_refuses_what_is_too_large),
        cmocka_unit_test(test_fragments_by_what_was_sent),
        cmocka_unit_test(test_fragments_are_bounded),
        cmocka_unit_test(test_body_in_pieces),
        cmocka_unit_test(test_bodies_hold_only_so_much),
        cmocka_unit_test(test_reply_in_place),
        cmocka_unit_test(test_listen_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
