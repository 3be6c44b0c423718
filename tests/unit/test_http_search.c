#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/parts.h"
#include "tests/unit/http_play.h"

/* The routes of RFC 4387, over a backend that is played: what comes of an address, of a hash, of a name, of CRLs; and
 * how several things stand in one body. */

#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define CERTIFICATES "/certificates/search.cgi?"

static struct play *play;
static struct buffer response;

static int open_play(void **state)
{
    (void)state;
    buffer_init(&response, 64 * 1024 * 1024);
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

static void search_with(const char *method, const char *path, const char *fields, int status)
{
    play_request(play_port(play), method, path, fields, &response);
    if (play_status(&response) != status) {
        fail_msg("%s %s: %d", method, path, play_status(&response));
    }
}

static void search(const char *path, int status)
{
    search_with("GET", path, "", status);
}

static const char *field(const char *name)
{
    static char value[256];

    return play_field(&response, name, value, sizeof(value));
}

/* Of "hit", from now on: so many usable certificates, each with a mark. */
static void hit_has(size_t count)
{
    struct answer_draft draft = {.outcome = OUTCOME_FOUND, .certificate_count = count, .usable_count = count};
    struct certificate *certificates = calloc(count, sizeof(*certificates));
    char der[64];

    for (size_t i = 0; i < count; i++) {
        snprintf(der, sizeof(der), "certificate %zu\r\n--part", i);
        certificates[i].der = certificates[i].value = blob_new(bytes_of_string(der));
        certificates[i].reason = REASON_USABLE;
        certificates[i].detail = "";
    }
    draft.certificates = certificates;
    draft.fresh_until = draft.stale_until = clock_wall_s() + 3600;
    assert_int_equal(address_parse(bytes_of_string("hit@example.org"), &draft.address), ADDRESS_OK);
    play_replace_hit(play, answer_make(&draft));
    for (size_t i = 0; i < count; i++) {
        blob_free(&certificates[i].value);
    }
    free(certificates);
}

static void hit_is_itself(void)
{
    play_replace_hit(play, play_answer("hit@example.org", OUTCOME_FOUND, REASON_USABLE, "", 3600));
}

static void one_by_address(void **state)
{
    static const char *const paths[] = {
        CERTIFICATES "email=hit@example.org", CERTIFICATES "uri=mailto:hit@example.org",
        "/search.cgi?uri=hit@example.org",
        CERTIFICATES "email=miss1@example.org", CERTIFICATES "email=inline@example.org",
        CERTIFICATES "email=redis@example.org", CERTIFICATES "email=stale@example.org",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        search(paths[i], 200);
        assert_string_equal(field("Content-Type"), "application/pkix-cert");
        assert_string_equal(field("Cache-Control"), "no-cache");
        assert_null(field("Transfer-Encoding"));
        assert_null(field("Content-Encoding"));
        assert_true(bytes_equal(play_body(&response), play_certificate()));
    }
}

static void what_comes_of_others(void **state)
{
    static const struct {
        const char *path;
        int status;
        const char *words;
    } rows[] = {
        {CERTIFICATES "email=none@example.org", 404, "No usable certificate"},
        {CERTIFICATES "email=gone@example.org", 404, "\"reason\":"},
        {CERTIFICATES "email=down@example.org", 503, "directory_unavailable"},
        {CERTIFICATES "email=late@example.org", 504, "deadline"},
        {CERTIFICATES "email=broken@example.org", 500, "internal"},
        {CERTIFICATES "email=nobody", 400, "@"},
        {CERTIFICATES "certHash=" HASH, 404, "no certificate with this hash"},
        {CERTIFICATES "x=1", 400, "certHash, uri, email"},
        {CERTIFICATES "certHash=" HASH "A", 400, "27 characters"},
        {CERTIFICATES "certHash=%00" HASH, 400, "control"},
        {"/crls/search.cgi?iHash=" HASH, 404, "no current CRL"},
        {"/crls/search.cgi?certHash=" HASH, 400, "iHash or sKIDHash"},
        {"/certificates/search.cgi/?certHash=" HASH, 404, "Not found"},
        {"/certificates/SEARCH.cgi?certHash=" HASH, 404, "Not found"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        search(rows[i].path, rows[i].status);
        assert_string_equal(field("Content-Type"), "application/problem+json");
        if (strstr(buffer_string(&response), rows[i].words) == NULL) {
            fail_msg("%s: %s", rows[i].path, buffer_string(&response));
        }
        assert_int_equal(field("Retry-After") != NULL, rows[i].status >= 500);
    }
}

/* The whole of a body of `count` parts, octet for octet. */
static void check_parts(size_t count, const char *type)
{
    static const char prefix[] = "multipart/mixed; boundary=";
    char boundary[PARTS_BOUNDARY_BYTES];
    struct buffer want;

    assert_int_equal(strncmp(field("Content-Type"), prefix, sizeof(prefix) - 1), 0);
    snprintf(boundary, sizeof(boundary), "%s", field("Content-Type") + sizeof(prefix) - 1);
    buffer_init(&want, 1024 * 1024);
    for (size_t i = 0; i < count; i++) {
        buffer_append_format(&want, "%s--%s\r\nContent-Type: %s\r\n\r\ncertificate %zu\r\n--part", i > 0 ? "\r\n" : "",
                             boundary, type, i);
    }
    buffer_append_format(&want, "\r\n--%s--\r\n", boundary);
    assert_true(bytes_equal(play_body(&response), buffer_bytes(&want)));
    assert_int_equal(strtoul(field("Content-Length"), NULL, 10), want.size);
    buffer_free(&want);
}

static void several_by_address(void **state)
{
    char tag[128], fields[256];

    (void)state;
    for (size_t count = 2; count <= 20; count += 6) {
        hit_has(count);
        search(CERTIFICATES "email=hit@example.org", 200);
        check_parts(count < MAX_SEARCH_RESULTS ? count : MAX_SEARCH_RESULTS, "application/pkix-cert");
        snprintf(tag, sizeof(tag), "%s", field("ETag"));
        search_with("HEAD", CERTIFICATES "email=hit@example.org", "", 200);
        assert_string_equal(field("ETag"), tag);
        assert_int_equal(play_body(&response).size, 0);
        snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n", tag);
        search_with("GET", CERTIFICATES "email=hit@example.org", fields, 304);
        assert_string_equal(field("ETag"), tag);
        assert_string_equal(field("Cache-Control"), "no-cache");
        hit_has(count + 1);
        search_with("GET", CERTIFICATES "email=hit@example.org", fields, count < MAX_SEARCH_RESULTS ? 200 : 304);
    }
    hit_is_itself();
}

/* By hash: what the index says is looked up, whether it is in memory or not, and only what has the hash comes. */
static void by_hash(void **state)
{
    static const char *const addresses[] = {"hit@example.org", "miss1@example.org", "down@example.org",
                                            "none@example.org"};
    char path[128];
    struct buffer hash;
    uint8_t sha1[DIGEST_SHA1_BYTES];

    (void)state;
    digest_sha1(play_certificate(), sha1);
    buffer_init(&hash, 64);
    digest_append_base64(&hash, bytes_of(sha1, sizeof(sha1)), 0);
    snprintf(path, sizeof(path), CERTIFICATES "certHash=%s", buffer_string(&hash));
    buffer_free(&hash);
    for (size_t i = 0; i < 4; i++) {
        play->found[i] = play_answer(addresses[i], OUTCOME_FOUND, REASON_USABLE, "", 3600);
    }
    play->found_count = 4;
    search(path, 200); /* the same of two: it comes once, whatever became of the others */
    assert_true(bytes_equal(play_body(&response), play_certificate()));
    search(CERTIFICATES "certHash=" HASH, 503); /* none has it, but of one nobody knows */
    assert_non_null(strstr(buffer_string(&response), "directory_unavailable"));
    play->found_count = 2;
    search(CERTIFICATES "certHash=" HASH, 404);
    play->found_count = 0;
    search(path, 404);
    for (size_t i = 0; i < 4; i++) {
        answer_free(&play->found[i]);
    }
}

static void by_name(void **state)
{
    static const struct {
        struct named named;
        const char *name;
        int status;
    } rows[] = {
        {{.outcome = OUTCOME_FOUND, .count = 2, .addresses = {"miss1@example.org", "none@example.org"}}, "Hit", 200},
        {{.outcome = OUTCOME_FOUND, .count = 2, .addresses = {"hit@example.org", "down@example.org"}}, "+hIT+", 200},
        {{.outcome = OUTCOME_FOUND, .count = 1, .addresses = {"hit@example.org"}}, "Another", 404},
        {{.outcome = OUTCOME_FOUND, .count = 1, .addresses = {"none@example.org"}}, "Hit", 404},
        {{.outcome = OUTCOME_FOUND, .count = 1, .addresses = {"down@example.org"}}, "Hit", 503},
        {{.outcome = OUTCOME_NONE}, "Hit", 404},
        {{.outcome = OUTCOME_UNKNOWN, .reason = REASON_DIRECTORY_UNAVAILABLE}, "Hit", 503},
        {{.outcome = OUTCOME_UNKNOWN, .reason = REASON_DEADLINE}, "Hit", 504},
        {{.outcome = OUTCOME_UNKNOWN, .reason = REASON_OVERLOADED}, "Hit", 503},
        {{.outcome = OUTCOME_FOUND, .reason = REASON_DIRECTORY_LIMIT, .count = 1,
          .addresses = {"none@example.org"}}, "Hit", 503},
        {{.outcome = OUTCOME_FOUND, .reason = REASON_DIRECTORY_LIMIT, .count = 1,
          .addresses = {"hit@example.org"}}, "Hit", 200},
    };
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        play->named = rows[i].named;
        snprintf(path, sizeof(path), CERTIFICATES "name=%s", rows[i].name);
        search(path, rows[i].status);
        assert_int_equal(play->name_size, strlen(rows[i].name));
    }
    play->named = (struct named){.outcome = OUTCOME_NONE};
}

static void crls(void **state)
{
    uint8_t *zeros = calloc(1, 8 * 1024 * 1024);
    struct blob *large = blob_new(bytes_of(zeros, 8 * 1024 * 1024));

    (void)state;
    free(zeros);
    for (size_t i = 0; i < 3; i++) {
        char text[64];
        snprintf(text, sizeof(text), "certificate %zu\r\n--part", i);
        play->crls[i] = blob_new(bytes_of_string(text));
    }
    play->crl_count = 3;
    search("/crls/search.cgi?iHash=" HASH, 200);
    check_parts(3, "application/pkix-crl");
    search_with("GET", "/search.cgi?sKIDHash=" HASH, "", 404); /* of the host "test" it is certificates */
    play_exchange(play_port(play), "GET /search.cgi?sKIDHash=" HASH " HTTP/1.0\r\nHost: crls.x\r\n\r\n",
                  sizeof("GET /search.cgi?sKIDHash=" HASH " HTTP/1.0\r\nHost: crls.x\r\n\r\n") - 1, &response);
    assert_int_equal(play_status(&response), 200);
    check_parts(3, "application/pkix-crl");
    for (size_t i = 0; i < 3; i++) {
        blob_free(&play->crls[i]);
    }

    /* Sent from where it is: one reference more while somebody reads. */
    play->crls[0] = large;
    play->crl_count = 1;
    search("/crls/search.cgi?iHash=" HASH, 200);
    assert_string_equal(field("Content-Type"), "application/pkix-crl");
    assert_true(bytes_equal(play_body(&response), blob_bytes(large)));
    play->crl_count = 0;
    blob_free(&large);
}

/* Same parts, same boundary and tag, whatever their order says; and it is in none of them. */
static void boundaries(void **state)
{
    struct parts parts = {.media_type = "text/plain"};
    char first[PARTS_BOUNDARY_BYTES], second[PARTS_BOUNDARY_BYTES], tag[ETAG_BYTES], other_tag[ETAG_BYTES];

    (void)state;
    for (size_t i = 0; i < MAX_SEARCH_RESULTS + 2; i++) {
        uint8_t octet = (uint8_t)i;
        struct blob *blob = blob_new(bytes_of(&octet, 1));
        bool added = parts_add(&parts, (struct search_match){blob, digest_sha256(blob_bytes(blob))});
        assert_int_equal(added, i < MAX_SEARCH_RESULTS);
    }
    assert_int_equal(parts.count, MAX_SEARCH_RESULTS);
    struct blob *again = blob_ref(parts.items[3].der);
    assert_true(parts_add(&parts, (struct search_match){again, parts.items[3].digest}));
    assert_int_equal(parts.count, MAX_SEARCH_RESULTS);

    parts_boundary(&parts, first);
    assert_string_equal(parts_boundary(&parts, second), first);
    assert_string_equal(parts_etag(&parts, tag), parts_etag(&parts, other_tag));
    parts.count--;
    assert_string_not_equal(parts_boundary(&parts, second), first);
    assert_string_not_equal(parts_etag(&parts, other_tag), tag);
    parts.count++;

    /* Digests that do not tell: a part may hold the boundary that comes of them. */
    blob_free(&parts.items[0].der);
    parts.items[0].der = blob_new(bytes_of_string(first));
    assert_string_not_equal(parts_boundary(&parts, second), first);
    parts_free(&parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_by_address), cmocka_unit_test(what_comes_of_others), cmocka_unit_test(several_by_address),
        cmocka_unit_test(by_hash),        cmocka_unit_test(by_name),              cmocka_unit_test(crls),
        cmocka_unit_test(boundaries),
    };

    return cmocka_run_group_tests(tests, open_play, close_play);
}
