/* The store's own books: places and their rests. What it does in a gateway is told by tests/scenario/revocation.story. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/evidence_private.h"
#include "tests/unit/made.h"
#include "x509/evidence_item.h"

static struct stage {
    char folder[64];
    struct engine *engine;
    struct pool *pool;
    struct memory *memory;
    struct world *world;
    struct evidence_store *store;
} stage;

static void fail_with(void *context, const char *line)
{
    (void)context;
    fail_msg("%s", line);
}

/* A gateway whose only directory may not be asked for issuers, so that nothing leaves this process. */
static int open_stage(void **state)
{
    char anchor[128], config[128], text[512];
    X509 *root = made_root("CN=Root", MADE_RSA_ROOT);

    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    made_folder(stage.folder);
    made_file(stage.folder, "root.pem", made_pem(root), anchor);
    snprintf(text, sizeof(text),
             "directories = ( { name = \"corp\"; uri = [ \"ldap://127.0.0.1:1\" ]; tls = \"none\"; domains = [ \"*\" ]; "
             "base = \"dc=example\"; issuers = false; } );\ntrust = { anchors = [ \"%s\" ]; };\n"
             "fetch = { crls = false; };\n", anchor);
    made_file(stage.folder, "gateway.conf", bytes_of_string(text), config);
    X509_free(root);
    stage.world = world_load(config, NULL, fail_with, NULL);
    stage.engine = engine_new();
    stage.pool = pool_new("test", 1, 64);
    stage.memory = memory_new((size_t)1024 * 1024);
    const struct evidence_parts parts = {stage.engine, stage.memory, NULL, stage.pool, stage.pool};
    stage.store = evidence_store_new(&parts, stage.world);
    return stage.store != NULL ? 0 : -1;
}

static int close_stage(void **state)
{
    (void)state;
    evidence_store_end(stage.store);
    assert_true(evidence_store_idle(stage.store));
    evidence_store_free(&stage.store);
    world_free(&stage.world);
    pool_free(&stage.pool);
    memory_free(&stage.memory);
    engine_free(&stage.engine);
    made_folder_remove(stage.folder);
    return 0;
}

static void want(unsigned number, struct evidence_wait *wait)
{
    char dn[32];
    struct needs needs = {0};

    snprintf(dn, sizeof(dn), "cn=%u", number);
    assert_true(needs_add(&needs, &(struct need){.kind = NEED_CRL, .directory = "corp", .dn = dn}));
    evidence_store_want(stage.store, &needs, wait);
    needs_free(&needs);
}

static bool is_known(unsigned number)
{
    char dn[32];
    const struct place *place;

    snprintf(dn, sizeof(dn), "cn=%u", number);
    TAILQ_FOREACH (place, &stage.store->places, order) {
        if (strcmp(place->need.dn, dn) == 0) {
            return true;
        }
    }
    return false;
}

static void places_are_bounded_and_the_least_wanted_goes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MAX_PLACES; i++) {
        want(i, NULL);
    }
    want(0, NULL); /* wanted again: the next one is the oldest now */
    assert_int_equal(count_read(COUNT_LIMIT_PLACES), 0);
    want(MAX_PLACES, NULL);
    want(MAX_PLACES + 1, NULL);
    assert_int_equal(count_read(COUNT_LIMIT_PLACES), 2);
    assert_int_equal(stage.store->place_count, MAX_PLACES);
    assert_true(is_known(0) && is_known(3) && is_known(MAX_PLACES + 1));
    assert_false(is_known(1) || is_known(2));
}

static struct place *place_of(unsigned number)
{
    char dn[32];
    struct place *place;

    snprintf(dn, sizeof(dn), "cn=%u", number);
    TAILQ_FOREACH (place, &stage.store->places, order) {
        if (place->need.dn != NULL && strcmp(place->need.dn, dn) == 0) {
            break;
        }
    }
    return place;
}

/* Whoever writes certificates into a directory makes us ask at as many places as he likes. What is held nobody wants;
 * its place stays all the same, or it would run out before it is fetched again. */
static void places_that_hold_something_go_last(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MAX_PLACES; i++) {
        want(i, NULL);
    }
    place_of(0)->fetched_at = place_of(1)->fetched_at = clock_wall_s();
    for (unsigned i = 0; i < MAX_PLACES + 10; i++) {
        want(MAX_PLACES + i, NULL);
    }
    assert_non_null(place_of(0));
    assert_non_null(place_of(1));
    assert_int_equal(stage.store->place_count, MAX_PLACES);
    struct place *place;
    TAILQ_FOREACH (place, &stage.store->places, order) {
        place->fetched_at = clock_wall_s();
    }
    want(0xffffff, NULL); /* all of them do */
    assert_non_null(place_of(0xffffff));
    assert_int_equal(stage.store->place_count, MAX_PLACES);
}

/* Its nextUpdate is what is told of the evidence that is kept; 0: there is none. */
static void what_nobody_wants_is_not_missed(void **state)
{
    int64_t now = clock_wall_s(), past = now - 3600;

    (void)state;
    want(1, NULL);
    struct place *place = place_of(1);
    place->fetched_at = now - 7200;
    place->expires_at = past;
    evidence_show(stage.store);
    assert_int_equal(gauge_read(GAUGE_EVIDENCE_NEXT_UPDATE), past);
    place->wanted_at = now - 31 * 24 * 3600;
    stage.store->refresh.fire(&stage.store->refresh);
    while (!evidence_store_idle(stage.store)) {
        engine_run_posted(stage.engine);
    }
    assert_int_equal(gauge_read(GAUGE_EVIDENCE_NEXT_UPDATE), 0);
    place->configured_in = stage.store->world_number;
    evidence_show(stage.store);
    assert_int_equal(gauge_read(GAUGE_EVIDENCE_NEXT_UPDATE), past);
}

/* Puts a CRL that came for it into the snapshot; returns it. */
static const struct crl *holds_crl(const struct place *place)
{
    X509 *root = made_root("CN=Root", MADE_RSA_ROOT);
    X509_CRL *made = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1,
                                                 .this_update = -100, .next_update = 1000});
    struct arrival_report report;
    uint8_t *der = NULL;
    int size = i2d_X509_CRL(made, &der);
    const struct arrival arrival = {.need = &place->need, .objects = &(struct bytes){der, (size_t)size}, .count = 1,
                                    .source = "corp: cn=1", .now = MADE_NOW};

    struct evidence *after = evidence_add(stage.store->now, stage.world->policies, &arrival, &report);
    assert_non_null(after);
    evidence_free(&stage.store->now);
    stage.store->now = after;
    arrival_report_free(&report);
    OPENSSL_free(der);
    X509_CRL_free(made);
    X509_free(root);
    return after->crls.crls[0];
}

/* However long ago somebody has waited for it, and whatever comes of asking for it again. */
static void what_is_in_use_is_wanted(void **state)
{
    int64_t now = clock_wall_s(), long_ago = now - 29 * 24 * 3600;

    (void)state;
    want(1, NULL);
    struct place *place = place_of(1);
    const struct crl *crl = holds_crl(place);
    for (int used = 0; used < 2; used++) {
        place->refused_in = 0;
        place->fetched_at = now - 7200;
        place->refresh_at = now - 3600;
        place->rests_until_ms = 0;
        place->wanted_at = long_ago;
        if (used) {
            in_use_note(&crl->in_use);
        }
        evidence_refresh(stage.store);
        assert_true(used ? place->wanted_at >= now : place->wanted_at == long_ago);
    }
    assert_false(evidence_take_use(stage.store->now, &place->need.key));
}

/* One arrival, as if it had come from a directory. */
static struct place *arrives(unsigned number, size_t size)
{
    char dn[32];
    struct needs needs = {0};

    snprintf(dn, sizeof(dn), "cn=%u", number);
    assert_true(needs_add(&needs, &(struct need){.kind = NEED_CRL, .directory = "corp", .dn = dn}));
    struct place *place = place_for(stage.store, &needs.items[0]);
    needs_free(&needs);
    place->world = world_ref(stage.world);
    place->state = PLACE_ASKED;
    stage.store->under_way++;
    place->fetched = calloc(1, sizeof(*place->fetched));
    place->fetched->objects = calloc(1, sizeof(struct buffer));
    place->fetched->count = 1;
    buffer_init(&place->fetched->objects[0], size);
    while (place->fetched->objects[0].size < size) {
        buffer_append(&place->fetched->objects[0], stage.folder, 64);
    }
    place_came(place);
    return place;
}

/* Servers may send faster than one validator verifies. */
static void what_waits_to_be_verified_is_bounded(void **state)
{
    const size_t size = MAX_ARRIVED_BYTES / 4;
    struct place *places[6];

    (void)state;
    /* The first one is with the validator until the engine hears of it. */
    for (unsigned i = 0; i < 6; i++) {
        places[i] = arrives(900000 + i, size);
    }
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(places[i]->state, i < 5 ? PLACE_ADDING : PLACE_RESTS);
    }
    assert_int_equal(count_read(COUNT_LIMIT_ARRIVALS), 1);
    assert_int_equal(stage.store->arrived_bytes, 4 * size);
    assert_true(places[5]->rest_ms > 0);
    while (!evidence_store_idle(stage.store)) {
        engine_run_posted(stage.engine);
    }
    assert_int_equal(stage.store->arrived_bytes, 0);
    arrives(900010, 2 * MAX_ARRIVED_BYTES); /* one alone may be larger */
    assert_int_equal(count_read(COUNT_LIMIT_ARRIVALS), 1);
    while (!evidence_store_idle(stage.store)) {
        engine_run_posted(stage.engine);
    }
}

/* Nobody is to wait for what may not be asked. */
static void what_may_not_be_asked_is_not_waited_for(void **state)
{
    struct evidence_wait wait = {.is_patient = true};

    (void)state;
    want(7, &wait);
    assert_int_equal(wait.pending, 0);
    evidence_store_forget(stage.store, &wait);
}

static void rests_double_to_five_minutes(void **state)
{
    static const int64_t wanted_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000};
    struct place place = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(wanted_ms) / sizeof(wanted_ms[0]); i++) {
        assert_int_equal(place_take_rest(&place, 0), wanted_ms[i]);
        assert_true(place.rests_until_ms > clock_mono_ms() + wanted_ms[i] - 500);
    }
}

static void a_longer_rest_is_kept_within_an_hour(void **state)
{
    static const struct {
        int64_t at_least_ms, want_ms;
    } cases[] = {{0, 1000}, {999, 1000}, {7000, 7000}, {3600000, 3600000}, {INT64_MAX, 3600000}, {-5, 1000}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct place place = {0};
        assert_int_equal(place_take_rest(&place, cases[i].at_least_ms), cases[i].want_ms);
        assert_int_equal(place_take_rest(&place, 0), 2000); /* and doubles on its own */
    }
}

/* Two issuers whose certificates name one URL have a place each: what is bad for the one may be good for the other. */
static void places_are_apart_by_issuer(void **state)
{
    struct blob *one = blob_new(bytes_of("one", 3)), *other = blob_new(bytes_of("other", 5));
    struct needs needs = {0}, again = {0};

    (void)state;
    assert_true(needs_add(&needs, &(struct need){.kind = NEED_CRL, .url = "http://crl.example/a", .issuer = one}));
    assert_true(needs_add(&again, &(struct need){.kind = NEED_CRL, .url = "http://crl.example/a", .issuer = other}));
    struct place *first = place_for(stage.store, &needs.items[0]);
    assert_ptr_equal(place_for(stage.store, &needs.items[0]), first);
    assert_ptr_not_equal(place_for(stage.store, &again.items[0]), first);
    needs_free(&needs);
    needs_free(&again);
    blob_free(&one);
    blob_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_bounded_and_the_least_wanted_goes),
        cmocka_unit_test(places_that_hold_something_go_last),
        cmocka_unit_test(what_nobody_wants_is_not_missed),
        cmocka_unit_test(what_is_in_use_is_wanted),
        cmocka_unit_test(what_waits_to_be_verified_is_bounded),
        cmocka_unit_test(what_may_not_be_asked_is_not_waited_for),
        cmocka_unit_test(rests_double_to_five_minutes),
        cmocka_unit_test(a_longer_rest_is_kept_within_an_hour),
        cmocka_unit_test(places_are_apart_by_issuer),
    };

    return cmocka_run_group_tests(tests, open_stage, close_stage);
}
