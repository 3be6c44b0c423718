/* Following a directory, with servers that do it well, badly, not at all, or with malice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ldap/sync.h"
#include "ldap/sync_wire.h"
#include "tests/unit/directory_play.h"
#include "tests/unit/scarce.h"

#define SESSIONS 8
#define STEPS 16
#define PATIENT_MS 15000

/* What the server sends in one session, step by step. */
enum kind {
    END, ADD, MODIFY, DELETE, PRESENT, DONE, DONE_PRESENT, NAMED_PRESENT, NAMED_DELETED, COOKIE, RESULT, RAW, WAIT,
    HANG_UP, OF
};

struct step {
    enum kind kind;
    int number;          /* of the entry; or a result code; of OF, of the session that what follows belongs to */
    const char *mail;    /* or, of RAW, octets of a whole message behind the message id */
    const char *cookie;
    size_t size;         /* of RAW */
};

static struct play play;
static struct played server;
static const struct step (*sessions)[STEPS];
static size_t session_count;
static atomic_size_t begun;             /* sessions so far */
static atomic_int allowed;              /* WAITs that may be passed */
static char cookies[SESSIONS][40];      /* that came with each; "-": none */
static char asked_for[SESSIONS][200];
static ber_int_t messages[SESSIONS];

/* ---- what the server says */

static BerElement *open_message(ber_int_t message, ber_tag_t tag)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    ber_printf(ber, "{it", message, tag);
    return ber;
}

static void make_uuid(int number, char uuid[SYNC_UUID_BYTES])
{
    memset(uuid, 'u', SYNC_UUID_BYTES);
    memcpy(uuid, &number, sizeof(number));
}

static struct berval flatten(BerElement *ber)
{
    static _Thread_local char kept[4096];
    struct berval value = {0};

    ber_flatten2(ber, &value, 0);
    memcpy(kept, value.bv_val, value.bv_len);
    ber_free(ber, 1);
    return (struct berval){.bv_len = value.bv_len, .bv_val = kept};
}

static struct berval state_of(enum sync_state state, int number, const char *cookie)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    char uuid[SYNC_UUID_BYTES];

    make_uuid(number, uuid);
    ber_printf(ber, "{eo", (int)state, uuid, (ber_len_t)sizeof(uuid));
    if (cookie != NULL) {
        ber_printf(ber, "s", cookie);
    }
    ber_printf(ber, "}");
    return flatten(ber);
}

static bool say_entry(struct talk *talk, ber_int_t message, enum sync_state state, const struct step *step)
{
    BerElement *ber = open_message(message, LDAP_RES_SEARCH_ENTRY);
    struct berval value = state_of(state, step->number, step->cookie);
    char mails[1000];

    ber_printf(ber, "{s{", "cn=somebody");
    if (step->mail != NULL) { /* several, separated by blanks */
        (void)snprintf(mails, sizeof(mails), "%s", step->mail);
        ber_printf(ber, "{s[", "mail");
        for (char *rest = NULL, *mail = strtok_r(mails, " ", &rest); mail != NULL; mail = strtok_r(NULL, " ", &rest)) {
            ber_printf(ber, "s", mail);
        }
        ber_printf(ber, "]}");
    }
    ber_printf(ber, "}}t{{sO}}}", LDAP_TAG_CONTROLS, LDAP_CONTROL_SYNC_STATE, &value);
    return played_send(talk, ber);
}

static bool say_info(struct talk *talk, ber_int_t message, struct berval value)
{
    BerElement *ber = open_message(message, LDAP_RES_INTERMEDIATE);

    ber_printf(ber, "{tstO}}", LDAP_TAG_IM_RES_OID, LDAP_SYNC_INFO, LDAP_TAG_IM_RES_VALUE, &value);
    return played_send(talk, ber);
}

static bool say_done(struct talk *talk, ber_int_t message, ber_tag_t tag, const struct step *step)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    ber_printf(ber, "t{", tag);
    if (step->cookie != NULL) {
        ber_printf(ber, "s", step->cookie);
    }
    ber_printf(ber, "}");
    return say_info(talk, message, flatten(ber));
}

static bool say_set(struct talk *talk, ber_int_t message, bool deleted, const struct step *step)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    char uuid[SYNC_UUID_BYTES];

    make_uuid(step->number, uuid);
    ber_printf(ber, "t{b[o]}", LDAP_TAG_SYNC_ID_SET, deleted ? 1 : 0, uuid, (ber_len_t)sizeof(uuid));
    return say_info(talk, message, flatten(ber));
}

static bool say_raw(struct talk *talk, ber_int_t message, const struct step *step)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    ber_printf(ber, "{i", message);
    ber_write(ber, step->mail, (ber_len_t)step->size, 0);
    ber_printf(ber, "}");
    return played_send(talk, ber);
}

static bool wait_turn(struct talk *talk)
{
    int64_t until_ms = clock_mono_ms() + PATIENT_MS;
    struct pollfd event = {.fd = talk->fd, .events = POLLRDHUP};

    while (atomic_load(&allowed) == 0 && clock_mono_ms() < until_ms) {
        if (poll(&event, 1, 5) > 0) {
            return false;
        }
    }
    atomic_fetch_sub(&allowed, 1);
    return true;
}

static bool say(struct talk *talk, ber_int_t message, const struct step *step)
{
    struct berval cookie;

    switch (step->kind) {
    case ADD:
        return say_entry(talk, message, SYNC_ADD, step);
    case MODIFY:
        return say_entry(talk, message, SYNC_MODIFY, step);
    case DELETE:
        return say_entry(talk, message, SYNC_DELETE, step);
    case PRESENT:
        return say_entry(talk, message, SYNC_PRESENT, step);
    case DONE:
        return say_done(talk, message, LDAP_TAG_SYNC_REFRESH_DELETE, step);
    case DONE_PRESENT:
        return say_done(talk, message, LDAP_TAG_SYNC_REFRESH_PRESENT, step);
    case NAMED_PRESENT:
    case NAMED_DELETED:
        return say_set(talk, message, step->kind == NAMED_DELETED, step);
    case COOKIE:
        cookie = (struct berval){.bv_len = strlen(step->cookie) + 2,
                                 .bv_val = (char[40]){(char)0x80, (char)strlen(step->cookie)}};
        memcpy(cookie.bv_val + 2, step->cookie, strlen(step->cookie));
        return say_info(talk, message, cookie);
    case RESULT:
        return played_result(talk, message, step->number, "so it is");
    case RAW:
        return say_raw(talk, message, step);
    case WAIT:
        return wait_turn(talk);
    case HANG_UP:
    case OF:
    case END:
        break;
    }
    return false;
}

/* The control's cookie, and the attributes asked for. False: a search without it. */
static bool read_request(struct talk *talk, char cookie[40], char attributes[200])
{
    ber_int_t scope, deref, size, seconds, types, critical;
    struct berval oid, value, one = {0};
    char *cursor = NULL;
    ber_len_t length = 0;
    ber_tag_t tag;

    if (ber_scanf(talk->request, "eeiibx", &scope, &deref, &size, &seconds, &types) == LBER_ERROR || size != 0 ||
        seconds != 0) {
        return false;
    }
    attributes[0] = '\0';
    for (tag = ber_first_element(talk->request, &length, &cursor); tag != LBER_DEFAULT;
         tag = ber_next_element(talk->request, &length, cursor)) {
        (void)ber_scanf(talk->request, "m", &one);
        (void)snprintf(attributes + strlen(attributes), 200 - strlen(attributes), "%.*s ", (int)one.bv_len, one.bv_val);
    }
    if (ber_scanf(talk->request, "{{mbm", &oid, &critical, &value) == LBER_ERROR || critical == 0 ||
        strncmp(oid.bv_val, LDAP_CONTROL_SYNC, oid.bv_len) != 0) {
        return false;
    }
    (void)snprintf(cookie, 40, "%s", value.bv_len <= 7 ? "-" : "");
    if (value.bv_len > 7) {
        (void)snprintf(cookie, 40, "%.*s", (int)value.bv_len - 7, value.bv_val + 7);
    }
    return true;
}

static bool follow(struct talk *talk, ber_int_t message)
{
    char cookie[40], attributes[200];

    if (!read_request(talk, cookie, attributes)) {
        return played_result(talk, message, LDAP_SUCCESS, ""); /* somebody's lookup */
    }
    size_t session = atomic_load(&begun);

    if (session < SESSIONS) {
        memcpy(cookies[session], cookie, sizeof(cookie));
        memcpy(asked_for[session], attributes, sizeof(attributes));
        messages[session] = message;
    }
    atomic_fetch_add(&begun, 1);
    const struct step *steps = sessions[session < session_count ? session : session_count - 1];

    for (size_t i = 0; i < STEPS && steps[i].kind != END; i++) {
        if (steps[i].kind == OF) {
            message = messages[steps[i].number];
        } else if (!say(talk, message, &steps[i])) {
            return false;
        }
    }
    return true;
}

/* ---- what the listener hears */

static pthread_mutex_t heard_lock = PTHREAD_MUTEX_INITIALIZER;
static char heard[100000];
static atomic_bool deaf; /* it says: not now */

static bool on_changed(void *context, const struct directory_config *config, enum directory_change change,
                       const char *text)
{
    static const char *const words[] = {[CHANGED_ADDRESS] = "", [CHANGED_DOMAIN] = "@", [CHANGED_ALL] = "ALL",
                                        [CHANGED_UNSEEN] = "UNSEEN"};
    (void)context;
    (void)config;

    if (atomic_load(&deaf)) {
        return false;
    }
    pthread_mutex_lock(&heard_lock);
    (void)snprintf(heard + strlen(heard), sizeof(heard) - strlen(heard), "%s%s ", words[change], text);
    pthread_mutex_unlock(&heard_lock);
    return true;
}

static const struct directory_listener listener = {.changed = on_changed};

/* Takes what was heard, once it is as long as what is wanted. */
static void expect_heard(const char *want)
{
    int64_t until_ms = clock_mono_ms() + PATIENT_MS;
    static char came[sizeof(heard)];

    do {
        pthread_mutex_lock(&heard_lock);
        memcpy(came, heard, sizeof(came));
        pthread_mutex_unlock(&heard_lock);
    } while (strlen(came) < strlen(want) && clock_mono_ms() < until_ms && poll(NULL, 0, 5) == 0);
    assert_string_equal(came, want);
    pthread_mutex_lock(&heard_lock);
    heard[0] = '\0';
    pthread_mutex_unlock(&heard_lock);
}

static int64_t shown(const char *name)
{
    struct buffer out;
    char sample[100];
    long long value = -1;

    buffer_init(&out, 1 << 20);
    metrics_write(&out);
    (void)snprintf(sample, sizeof(sample), "%s{directory=\"test\"} ", name);
    const char *at = strstr(buffer_string(&out), sample);

    if (at != NULL) {
        value = strtoll(at + strlen(sample), NULL, 10);
    }
    buffer_free(&out);
    return value;
}

static bool comes_to(const char *name, int64_t least)
{
    int64_t until_ms = clock_mono_ms() + PATIENT_MS;

    while (shown(name) < least && clock_mono_ms() < until_ms) {
        (void)poll(NULL, 0, 5);
    }
    return shown(name) >= least;
}

#define GAUGE "\ncertlookup_ldap_sync"
#define FAILURES "\ncertlookup_ldap_sync_failures_total"
#define RESETS "\ncertlookup_ldap_sync_resets_total"

/* ---- the play */

static struct directory *directory;
static bool is_open;
static char log_path[40];
static int saved_stderr;

static void catch_log(void)
{
    (void)snprintf(log_path, sizeof(log_path), "/tmp/certlookup-log-XXXXXX");
    int fd = mkstemp(log_path);

    saved_stderr = dup(STDERR_FILENO);
    (void)dup2(fd, STDERR_FILENO);
    close(fd);
    log_open(LEVEL_NOTICE, LOG_FORMAT_TEXT);
}

static unsigned logged(const char *text)
{
    return lines_in(log_path, text);
}

static void begin_with(const struct step script[][STEPS], size_t count, struct directory_config config)
{
    static const char *const uris[] = {server.uri};
    struct error error = {""};

    sessions = (const struct step(*)[STEPS])script;
    session_count = count;
    atomic_store(&begun, 0);
    atomic_store(&allowed, 0);
    atomic_store(&deaf, false);
    heard[0] = '\0';
    play.search = follow;
    catch_log();
    is_open = true;
    assert_true(played_start(&server, &play, 0));
    config.uris = uris;
    directory = directory_open(&config, &error);
    if (directory == NULL) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(directory_follow(directory, &listener), 0);
    assert_int_equal(directory_follow(directory, &listener), 0);
}

static struct directory_config sync_config(void)
{
    static const char *const domains[] = {"example.org", "*.example.org"};
    struct directory_config config = plain_config(NULL, 1);

    config.domains = domains;
    config.domain_count = 2;
    config.sync = true;
    config.sync_bytes = 1 << 20;
    config.timeout_ms = 5000;
    return config;
}

#define BEGIN(script_) begin_with(script_, sizeof(script_) / sizeof((script_)[0]), sync_config())

static void end(void)
{
    int64_t from_ms = clock_mono_ms();

    is_open = false;
    directory_close(&directory);
    int64_t took_ms = clock_mono_ms() - from_ms;

    played_stop(&server);
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    (void)dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    (void)unlink(log_path);
    play = (struct play){0};
    assert_in_range(took_ms, 0, 1500);
}

static void pass(void)
{
    atomic_fetch_add(&allowed, 1);
}

static void changes_are_heard_as_they_come(void **state)
{
    static const struct step script[][STEPS] = {{
        {ADD, 1, "a@example.org"},
        {ADD, 2, "b@example.org B2@Example.org b@example.org nobody elsewhere@example.com"},
        {ADD, 3, "c@elsewhere.example"},
        {DONE, 0, NULL, "c1"},
        {WAIT},
        {MODIFY, 1, "a@example.org a2@example.org", "c2"}, /* one more */
        {MODIFY, 1, "a3@sub.example.org", "c3"},           /* both go, another comes */
        {DELETE, 2, NULL, "c4"},
        {DELETE, 3, NULL, "c5"},
        {ADD, 4, "j\xc3\xbcrgen@example.org", "c6"},
        {MODIFY, 1, NULL, "c7"},
        {MODIFY, 1, "a@example.org"},
        {NAMED_DELETED, 1},
        {WAIT},
    }};

    (void)state;
    BEGIN(script);
    expect_heard("UNSEEN ");
    assert_string_equal(cookies[0], "-");
    assert_string_equal(asked_for[0], "mail ");
    assert_int_equal(shown(GAUGE), 1);
    assert_int_equal(shown("\ncertlookup_ldap_sync_entries"), 2);
    assert_int_equal(shown("\ncertlookup_ldap_sync_unreadable_total"), 1);
    pass();
    expect_heard("a@example.org a2@example.org a@example.org a2@example.org a3@sub.example.org "
                 "b@example.org b2@example.org @example.org a3@sub.example.org a@example.org a@example.org ");
    assert_true(comes_to("\ncertlookup_ldap_sync_changes_total", 8));
    assert_int_equal(logged("tells of its changes"), 1);
    end();
}

static void it_goes_on_from_the_cookie(void **state)
{
    static const struct step script[][STEPS] = {
        {
            {ADD, 1, "a@example.org"},
            {ADD, 2, "b@example.org"},
            {ADD, 3, "c@example.org"},
            {ADD, 5, "e@example.org", "half"},
            {DONE_PRESENT, 0, NULL, "c1"},
            {MODIFY, 5, "e@example.org", "c2"},
            {WAIT},
            {HANG_UP},
        },
        {
            /* The rest is not named: it is gone. */
            {PRESENT, 1},
            {NAMED_PRESENT, 2},
            {MODIFY, 3, "c2@example.org"},
            {ADD, 6, "f@example.org"},
            {DONE_PRESENT, 0, NULL, "c3"},
            {COOKIE, 0, NULL, "c4"},
            {WAIT},
            {HANG_UP},
        },
        {
            /* Here the deletes are named. */
            {NAMED_DELETED, 1},
            {DELETE, 2},
            {DONE},
            {WAIT},
            {HANG_UP},
        },
        {{DONE, 0, NULL, "c5"}, {WAIT}},
    };

    (void)state;
    BEGIN(script);
    expect_heard("UNSEEN e@example.org ");
    pass();
    expect_heard("c@example.org c2@example.org f@example.org e@example.org ");
    assert_string_equal(cookies[1], "c2");
    pass();
    expect_heard("a@example.org b@example.org ");
    assert_string_equal(cookies[2], "c4");
    assert_int_equal(shown(RESETS), 0);
    pass();
    assert_true(comes_to(FAILURES, 3));
    assert_true(comes_to(GAUGE, 1));
    assert_string_equal(cookies[3], "c4"); /* the last session gave none */
    assert_int_equal(logged("does not tell of its changes any more"), 3);
    expect_heard("");
    end();
}

static void a_cookie_that_is_of_no_use(void **state)
{
    static const int codes[] = {LDAP_SYNC_REFRESH_REQUIRED, LDAP_UNWILLING_TO_PERFORM};
    struct step script[][STEPS] = {
        {{ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c1"}, {WAIT}, {HANG_UP}},
        {{MODIFY, 1, "a@example.org"}, {RESULT, 0}, {WAIT}},
        {{ADD, 2, "b@example.org"}, {DONE, 0, NULL, "c2"}, {MODIFY, 2, "b@example.org"}, {WAIT}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        int64_t before = shown(RESETS) < 0 ? 0 : shown(RESETS);

        script[1][1].number = codes[i];
        BEGIN(script);
        expect_heard("UNSEEN ");
        pass();
        expect_heard("a@example.org ALL b@example.org ");
        assert_string_equal(cookies[1], "c1");
        assert_string_equal(cookies[2], "-");
        assert_int_equal(shown(RESETS), before + 1);
        assert_int_equal(shown("\ncertlookup_ldap_sync_entries"), 1);
        assert_int_equal(logged("everything of it is read again"), 1);
        assert_int_equal(logged("error the directory does not tell"), 0);
        end();
    }
}

/* A refresh that breaks off before its end is none: what it said is not gone on from. */
static void a_refresh_that_breaks_off(void **state)
{
    static const struct step script[][STEPS] = {
        {{ADD, 1, "a@example.org", "c1"}, {COOKIE, 0, NULL, "c2"}, {HANG_UP}},
        {{ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c3"}, {WAIT}},
    };

    (void)state;
    BEGIN(script);
    expect_heard("UNSEEN ");
    assert_string_equal(cookies[1], "-");
    end();
}

/* What could not be read has to be said again. */
static void a_change_that_cannot_be_read(void **state)
{
#define OCTETS(text_) 0, text_, NULL, sizeof(text_) - 1
    static const struct step script[][STEPS] = {
        {
            {ADD, 1, "a@example.org"},
            {DONE, 0, NULL, "c1"},
            {WAIT},
            {MODIFY, 1, "a@example.org", "c2"},
            {RAW, OCTETS("\x64\x08\x04\x00\x30\x04\x30\x02\x04\x7f\xa0\x39\x30\x37\x04\x18"
                         "1.3.6.1.4.1.4203.1.9.1.2"
                         "\x04\x1b\x30\x19\x0a\x01\x01\x04\x10" "0123456789abcdef" "\x04\x02" "c3")},
        },
        {{DONE, 0, NULL, "c4"}, {WAIT}},
    };

    (void)state;
    BEGIN(script);
    expect_heard("UNSEEN ");
    pass();
    expect_heard("a@example.org ");
    assert_true(comes_to(FAILURES, 1));
    assert_true(comes_to(GAUGE, 1));
    assert_string_equal(cookies[1], "c2");
    assert_int_equal(logged("cannot be read"), 1);
    end();
}

static bool two_contexts(struct talk *talk, ber_int_t message)
{
    BerElement *ber = open_message(message, LDAP_RES_SEARCH_ENTRY);

    ber_printf(ber, "{s{{s[ss]}}}}", "", "namingContexts", "dc=example,dc=org", "dc=example,dc=com");
    return played_send(talk, ber) && played_result(talk, message, LDAP_SUCCESS, "");
}

/* The one that it left does not take its address from the one where it is now. */
static void an_entry_that_goes_to_another_base(void **state)
{
    static const struct step script[][STEPS] = {
        {{ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c1"}},
        {
            {DONE, 0, NULL, "d1"},
            {WAIT},
            {ADD, 1, "a@example.org"},
            {OF, 0},
            {DELETE, 1},
            {OF, 1},
            {WAIT},
            {DELETE, 1},
            {WAIT},
        },
    };
    struct directory_config config = sync_config();

    (void)state;
    config.base = "";
    play.root = two_contexts;
    begin_with(script, 2, config);
    expect_heard("UNSEEN ");
    pass();
    expect_heard("a@example.org a@example.org ");
    assert_int_equal(shown("\ncertlookup_ldap_sync_entries"), 1);
    pass();
    expect_heard("a@example.org ");
    assert_int_equal(shown("\ncertlookup_ldap_sync_entries"), 0);
    end();
}

/* The first connection is for searches; each after it for one session. */
static bool no_sync_root(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "", "supportedControl", bytes_of_string("1.2.840.113556.1.4.319")) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

static bool sync_root(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "", "supportedControl", bytes_of_string(LDAP_CONTROL_SYNC)) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

static void a_start_that_fails_is_loud(void **state)
{
    static const struct {
        int code; /* 0: not offered by the RootDSE */
        const char *words, *advice;
    } rows[] = {
        {LDAP_SIZELIMIT_EXCEEDED, "Size limit exceeded (4): so it is", "limits dn.exact=BIND-DN size=unlimited"},
        {LDAP_ADMINLIMIT_EXCEEDED, "(11)", "limits dn.exact=BIND-DN"},
        {LDAP_TIMELIMIT_EXCEEDED, "(3)", "limits dn.exact=BIND-DN"},
        {LDAP_INSUFFICIENT_ACCESS, "(50)", "let bind-dn search and read"},
        {LDAP_UNAVAILABLE_CRITICAL_EXTENSION, "(12)", "overlay syncprov"},
        {LDAP_NO_SUCH_OBJECT, "(32)", "look at base"},
        {LDAP_SYNC_REFRESH_REQUIRED, "(4096)", "it is tried again"},
        {LDAP_BUSY, "(51)", "it is tried again"},
        {0, "does not offer the control 1.3.6.1.4.1.4203.1.9.1.1", "plugin Content Synchronization"},
    };
    struct step script[][STEPS] = {
        {{ADD, 1, "a@example.org"}, {RESULT, 0}, {WAIT}},
        {{ADD, 1, "a@example.org"}, {RESULT, 0}, {WAIT}},
        {{DONE, 0, NULL, "c"}, {WAIT}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t before = shown(FAILURES) < 0 ? 0 : shown(FAILURES);

        script[0][1].number = script[1][1].number = rows[i].code;
        play.root = rows[i].code == 0 ? no_sync_root : sync_root;
        BEGIN(script);
        assert_true(comes_to(FAILURES, before + 1));
        assert_int_equal(shown(GAUGE), 0);
        assert_int_equal(logged("error the directory does not tell of its changes;"), 1);
        assert_int_equal(logged("setting=directories.sync"), 1);
        assert_int_equal(logged(rows[i].words), 1);
        assert_int_equal(logged(rows[i].advice), 1);
        assert_int_equal(shown("\ncertlookup_ldap_sync_entries"), 0);
        /* It rests, and lookups go on. */
        (void)poll(NULL, 0, 300);
        assert_int_equal(atomic_load(&begun), rows[i].code == 0 ? 0 : 1);
        struct search_result *result = ask(directory, "alice@example.org", 2000);

        assert_int_equal(result->result, ASKED_ANSWERED);
        search_result_free(&result);
        if (i == 0) { /* the same again is no line more; then it works */
            expect_heard("UNSEEN ");
            assert_int_equal(shown(FAILURES), before + 2);
            assert_int_equal(logged("error the directory"), 1);
        }
        end();
    }
}

static void silence_has_an_end(void **state)
{
    static const struct step within[][STEPS] = {{{ADD, 1, "a@example.org"}, {WAIT}}};
    static const struct step after[][STEPS] = {{{ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c1"}, {WAIT}}};
    struct directory_config config = sync_config();

    (void)state;
    config.timeout_ms = 20;
    int64_t before = shown(FAILURES) < 0 ? 0 : shown(FAILURES);

    begin_with(within, 1, config);
    assert_true(comes_to(FAILURES, before + 1));
    assert_int_equal(logged("no end of the refresh after 4"), 1); /* 20 times 20 ms */
    assert_int_equal(logged("look for a limit of the server"), 1);
    expect_heard("");
    end();

    begin_with(after, 1, config);
    expect_heard("UNSEEN ");
    assert_true(comes_to(FAILURES, before + 2));
    assert_true(comes_to(FAILURES, before + 2) && logged("sync: no sign of life in time") >= 1);
    end();
}

/* One that answers the sign is left alone. */
static bool follow_and_go_on(struct talk *talk, ber_int_t message)
{
    char cookie[40], attributes[200];

    if (!read_request(talk, cookie, attributes)) {
        return played_result(talk, message, LDAP_SUCCESS, "");
    }
    atomic_fetch_add(&begun, 1);
    const struct step steps[] = {{ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c1"}};

    return say(talk, message, &steps[0]) && say(talk, message, &steps[1]);
}

static void signs_of_life(void **state)
{
    static const struct step none[][STEPS] = {{{END}}};
    struct directory_config config = sync_config();

    (void)state;
    config.timeout_ms = 50;
    int64_t before = shown(FAILURES) < 0 ? 0 : shown(FAILURES);

    begin_with(none, 1, config);
    directory_close(&directory);
    play.search = follow_and_go_on;
    atomic_store(&begun, 0);
    config.uris = (const char *const[]){server.uri};
    directory = directory_open(&config, &(struct error){""});
    assert_int_equal(directory_follow(directory, &listener), 0);
    expect_heard("UNSEEN ");
    (void)poll(NULL, 0, 2000);
    assert_int_equal(shown(GAUGE), 1);
    assert_int_equal(atomic_load(&begun), 1);
    assert_in_range(shown(FAILURES), before, before + 1); /* the first one may have been cut off */
    end();
}

static void malice(void **state)
{
    static const struct {
        const char *name, *words;
        struct step step;
    } rows[] = {
        {"an entry without control", "without a Sync State control", {RAW, OCTETS("\x64\x09\x04\x05" "cn=aa" "\x30\x00")}},
        {"a control that is none", "without a Sync State control",
         {RAW, OCTETS("\x64\x04\x04\x00\x30\x00\xa0\x24\x30\x22\x04\x18" "1.3.6.1.4.1.4203.1.9.1.2"
                      "\x04\x06\x30\x04\x0a\x01\x01\x04")}},
        {"attributes that are none", "cannot be read",
         {RAW, OCTETS("\x64\x08\x04\x00\x30\x04\x30\x02\x04\x7f\xa0\x35\x30\x33\x04\x18"
                      "1.3.6.1.4.1.4203.1.9.1.2"
                      "\x04\x17\x30\x15\x0a\x01\x01\x04\x10" "0123456789abcdef")}},
        {"an entry that is none", "without a Sync State control", {RAW, OCTETS("\x64\x02\x04\x7f")}},
        {"an info that is none", "a Sync Info message that cannot be read",
         {RAW, OCTETS("\x79\x20\x80\x18" "1.3.6.1.4.1.4203.1.9.1.4" "\x81\x04\xa3\x02\x31\x7f")}},
        {"an info without value", "cannot be read", {RAW, OCTETS("\x79\x1a\x80\x18" "1.3.6.1.4.1.4203.1.9.1.4")}},
        {"a bind's answer", "cannot be read", {RAW, OCTETS("\x61\x07\x0a\x01\x00\x04\x00\x04\x00")}},
        {"a result of success", "the server ended the search", {RESULT, LDAP_SUCCESS}},
        {"a result that is none", "cannot be read", {RAW, OCTETS("\x65\x03\x0a\x01\x00")}},
    };
    struct step script[][STEPS] = {
        {{ADD, 1, "a@example.org"}, {END}, {WAIT}},
        {{DONE, 0, NULL, "c1"}, {WAIT}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t before = shown(FAILURES) < 0 ? 0 : shown(FAILURES);

        script[0][1] = rows[i].step;
        BEGIN(script);
        if (!comes_to(FAILURES, before + 1)) {
            fail_msg("%s", rows[i].name);
        }
        if (logged(rows[i].words) != 1) {
            fail_msg("%s: %s", rows[i].name, rows[i].words);
        }
        expect_heard("UNSEEN ");
        end();
    }
}

/* What harms nobody. */
static void oddities(void **state)
{
    static const struct step script[][STEPS] = {{
        {RAW, OCTETS("\x73\x08\x04\x06" "ldap:/")},                     /* a referral */
        {RAW, OCTETS("\x79\x05\x80\x03" "1.2")},                        /* an intermediate message of another kind */
        {DELETE, 7},
        {PRESENT, 8},
        {NAMED_DELETED, 9},
        {MODIFY, 1, "a@example.org"},
        {DONE, 0, NULL, "c1"},
        {DONE_PRESENT, 0, NULL, "c2"}, /* once more: what it does not name is not gone */
        {MODIFY, 1, "b@example.org"},
        {WAIT},
    }};

    (void)state;
    BEGIN(script);
    expect_heard("UNSEEN a@example.org b@example.org ");
    assert_int_equal(shown("\ncertlookup_ldap_sync_entries"), 1);
    end();
}

/* ---- floods */

static unsigned flood_of;                    /* entries within each refresh */
static size_t flood_broken_at = SIZE_MAX;    /* the session that ends before its refresh does; none has entries later */

static bool flood(struct talk *talk, ber_int_t message)
{
    char cookie[40], attributes[200], mail[60];

    if (!read_request(talk, cookie, attributes)) {
        return played_result(talk, message, LDAP_SUCCESS, "");
    }
    size_t session = atomic_fetch_add(&begun, 1);

    memcpy(cookies[session % SESSIONS], cookie, sizeof(cookie));
    for (unsigned i = 0; i < (session > flood_broken_at ? 0 : flood_of); i++) {
        (void)snprintf(mail, sizeof(mail), "person%u@example.org", i);
        const struct step step = {MODIFY, (int)i, mail};

        if (!say(talk, message, &step)) {
            return false;
        }
    }
    const struct step rest[] = {{DONE, 0, NULL, "c1"}, {WAIT}};

    if (session == flood_broken_at) {
        return false;
    }
    return say(talk, message, &rest[0]) && say(talk, message, &rest[1]) && false;
}

static void begin_flood(unsigned entries, int64_t sync_bytes)
{
    static const struct step none[][STEPS] = {{{END}}};
    struct directory_config config = sync_config();

    flood_of = entries;
    config.sync_bytes = sync_bytes;
    begin_with(none, 1, config);
    directory_close(&directory);
    play.search = flood;
    atomic_store(&begun, 0);
    (void)!truncate(log_path, 0);
    heard[0] = '\0';
    config.uris = (const char *const[]){server.uri};
    directory = directory_open(&config, &(struct error){""});
    assert_int_equal(directory_follow(directory, &listener), 0);
}

static void a_directory_that_is_too_large(void **state)
{
    uint64_t limits = count_read(COUNT_LIMIT_SYNC_MEMORY);
    int64_t before = shown(FAILURES);

    (void)state;
    begin_flood(100000, 1 << 20);
    assert_true(comes_to(FAILURES, before + 1));
    assert_int_equal(count_read(COUNT_LIMIT_SYNC_MEMORY), limits + 1);
    assert_int_equal(logged("there is no room in directories.sync-memory"), 1);
    assert_int_equal(logged("raise directories.sync-memory"), 1);
    assert_int_equal(shown(GAUGE), 0);
    assert_in_range(shown("\ncertlookup_ldap_sync_bytes"), 1, 1 << 20);
    (void)poll(NULL, 0, 1500);
    assert_int_equal(atomic_load(&begun), 1); /* an hour's rest */
    expect_heard("");
    end();
}

/* More than can be told one by one within a refresh is told once. */
static void expect_all_in_the_end(const char *cookie)
{
    expect_heard("UNSEEN ");
    pass();
    int64_t until_ms = clock_mono_ms() + PATIENT_MS;

    while (strstr(heard, "ALL ") == NULL && clock_mono_ms() < until_ms) {
        (void)poll(NULL, 0, 10);
    }
    pthread_mutex_lock(&heard_lock);
    size_t size = strlen(heard);
    unsigned told = 0;

    assert_string_equal(heard + size - 4, "ALL ");
    for (const char *at = heard; (at = strchr(at, ' ')) != NULL; at++) {
        told++;
    }
    heard[0] = '\0';
    pthread_mutex_unlock(&heard_lock);
    assert_in_range(told, 2, MAX_SYNC_REFRESH_CHANGES + 1);
    assert_string_equal(cookies[1], "c1");
    assert_string_equal(cookies[2], cookie);
    end();
}

static void a_refresh_that_changes_everything(void **state)
{
    (void)state;
    cookies[2][0] = '\0';
    begin_flood(MAX_SYNC_REFRESH_CHANGES + 100, 8 << 20);
    expect_all_in_the_end("");
}

/* What was not told one by one is told even if the refresh breaks off, and the next one has nothing new. */
static void one_that_breaks_off(void **state)
{
    (void)state;
    flood_broken_at = 1;
    begin_flood(MAX_SYNC_REFRESH_CHANGES + 100, 8 << 20);
    expect_all_in_the_end("c1");
}

/* The engine is slow: the server is not read any further, and the end comes in time. */
static void a_listener_that_does_not_listen(void **state)
{
    static const struct step script[][STEPS] = {{
        {ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c1"}, {WAIT}, {MODIFY, 1, "a@example.org"},
        {MODIFY, 1, "b@example.org"}, {WAIT},
    }};

    (void)state;
    BEGIN(script);
    expect_heard("UNSEEN ");
    atomic_store(&deaf, true);
    pass();
    (void)poll(NULL, 0, 200);
    expect_heard("");
    atomic_store(&deaf, false);
    expect_heard("a@example.org a@example.org b@example.org ");
    atomic_store(&deaf, true);
    end();

    BEGIN(script);
    expect_heard("UNSEEN ");
    atomic_store(&deaf, true);
    pass();
    (void)poll(NULL, 0, 100);
    end();
}

/* An entry with one address more than are kept, all in one domain, or each in its own: "*.example.org". */
static bool say_crowd(struct talk *talk, ber_int_t message, enum sync_state state, const char *domain)
{
    struct berval value = state_of(state, 1, NULL);
    BerElement *ber = open_message(message, LDAP_RES_SEARCH_ENTRY);
    char mail[60];

    ber_printf(ber, "{s{{s[", "cn=somebody", "mail");
    for (unsigned i = 0; i <= MAX_SYNC_ENTRY_KEYS; i++) {
        bool own = domain[0] == '*';
        (void)snprintf(mail, sizeof(mail), own ? "person@d%u%s" : "person%u@%s", i, domain + own);
        ber_printf(ber, "s", mail);
    }
    ber_printf(ber, "]}}}t{{sO}}}", LDAP_TAG_CONTROLS, LDAP_CONTROL_SYNC_STATE, &value);
    return played_send(talk, ber);
}

static bool crowded_entry(struct talk *talk, ber_int_t message)
{
    char cookie[40], attributes[200];

    if (!read_request(talk, cookie, attributes)) {
        return played_result(talk, message, LDAP_SUCCESS, "");
    }
    const struct step done = {DONE, 0, NULL, "c1"}, one = {MODIFY, 1, "a@example.org"}, gone = {DELETE, 1},
                      rest = {WAIT};

    return say(talk, message, &done) && say_crowd(talk, message, SYNC_ADD, "example.org") &&
           say_crowd(talk, message, SYNC_MODIFY, "some.example.org") && say(talk, message, &one) &&
           say(talk, message, &gone) && say(talk, message, &rest) && false;
}

static bool endless_entry(struct talk *talk, ber_int_t message)
{
    char cookie[40], attributes[200];

    if (!read_request(talk, cookie, attributes)) {
        return played_result(talk, message, LDAP_SUCCESS, "");
    }
    const struct step done = {DONE, 0, NULL, "c1"}, other = {ADD, 2, "b@example.org"},
                      one = {MODIFY, 1, "a@example.org"};

    return say(talk, message, &done) && say_crowd(talk, message, SYNC_ADD, "*.example.org") &&
           say_crowd(talk, message, SYNC_MODIFY, "*.some.example.org") && say(talk, message, &one) &&
           say(talk, message, &other); /* and goes on, to give signs of life */
}

static void begin_crowd(bool (*search)(struct talk *talk, ber_int_t message), int64_t timeout_ms)
{
    begin_flood(0, 1 << 20);
    directory_close(&directory);
    play.search = search;
    heard[0] = '\0';
    struct directory_config config = sync_config();

    config.uris = (const char *const[]){server.uri};
    config.timeout_ms = timeout_ms;
    directory = directory_open(&config, &(struct error){""});
    assert_int_equal(directory_follow(directory, &listener), 0);
}

/* More addresses than are kept: their domains stand for them. */
static void an_entry_with_too_many_addresses(void **state)
{
    (void)state;
    begin_crowd(crowded_entry, 5000);
    expect_heard("UNSEEN @example.org @example.org @some.example.org @some.example.org a@example.org a@example.org ");
    assert_int_equal(logged("all that the directory answers for is dropped"), 0);
    end();
}

/* And more domains: it may answer for any, but does not have everything dropped again and again. */
static void an_entry_with_too_many_domains(void **state)
{
    (void)state;
    begin_crowd(endless_entry, 200);
    int64_t from_ms = clock_mono_ms();

    expect_heard("UNSEEN ALL a@example.org b@example.org ");
    expect_heard("ALL ");
    assert_in_range(clock_mono_ms() - from_ms, SYNC_ALL_REST * 200, PATIENT_MS);
    assert_int_equal(logged("all that the directory answers for is dropped"), 2);
    end();
}

static void the_better_server_is_followed(void **state)
{
    static const struct step script[][STEPS] = {{{ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c1"}, {WAIT}}};
    static struct played first;
    static char first_uri[64];
    int port = free_port();
    struct directory_config config = sync_config();

    (void)state;
    begin_with(script, 1, config);
    directory_close(&directory);
    heard[0] = '\0';
    (void)snprintf(first_uri, sizeof(first_uri), "ldap://127.0.0.1:%d", port);
    config.uris = (const char *const[]){first_uri, server.uri};
    config.uri_count = 2;
    atomic_store(&begun, 0);
    directory = directory_open(&config, &(struct error){""});
    assert_int_equal(directory_follow(directory, &listener), 0);
    expect_heard("UNSEEN ");
    assert_true(played_start(&first, &play, port));
    expect_heard("ALL "); /* cookies are one server's */
    assert_string_equal(cookies[1], "-");
    assert_int_equal(logged("followed at the server further up"), 1);
    assert_int_equal(logged("does not tell"), 0);
    assert_true(played_talks(&first) >= 2);
    directory_close(&directory);
    played_stop(&first);
    end();
}

static void who_is_not_to_be_followed_is_not(void **state)
{
    static const struct step script[][STEPS] = {{{DONE, 0, NULL, "c1"}}};
    struct directory_config config = sync_config();

    (void)state;
    config.sync = false;
    begin_with(script, 1, config);
    (void)poll(NULL, 0, 200);
    assert_int_equal(atomic_load(&begun), 0);
    assert_int_equal(shown(GAUGE), -1);
    end();
}

static void settings(void **state)
{
    static const struct {
        const char *filter;
        bool sync, warm;
        int64_t bytes;
        const char *words;
    } rows[] = {
        {"(mail=%m)", true, true, 1000, NULL},
        {"(mail=*%m*)", false, false, 0, NULL},
        {"(mail=%m)", false, true, 1000, "warm: needs sync"},
        {"(mail=*%m*)", true, false, 1000, "sync: from the filter it cannot be told"},
        {"(mail=%m)", true, false, 0, "sync-memory: "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct directory_config config = sync_config();
        struct error error = {""};

        config.uris = (const char *const[]){"ldap://127.0.0.1"};
        config.filter = rows[i].filter;
        config.sync = rows[i].sync;
        config.warm = rows[i].warm;
        config.sync_bytes = rows[i].bytes;
        assert_int_equal(directory_config_check(&config, &error), rows[i].words == NULL ? 0 : -1);
        assert_true(rows[i].words == NULL || strstr(error.text, rows[i].words) == error.text);
    }
}

static void memory_runs_out(void **state)
{
    static const char *const uris[] = {"ldap://127.0.0.1:1"};
    struct directory_config config = sync_config();

    (void)state;
    config.uris = uris;
    directory = directory_open(&config, &(struct error){""});
    for (int nth = 1; nth <= 3; nth++) {
        scarce_begin(nth);
        int result = directory_follow(directory, &listener);

        assert_true(scarce_end());
        assert_int_equal(result, -1);
    }
    assert_int_equal(directory_follow(directory, &listener), 0);
    directory_close(&directory);
}

/* Of a test that failed. */
static int clean_up(void **state)
{
    (void)state;
    if (is_open) {
        end();
    }
    flood_broken_at = SIZE_MAX;
    return 0;
}

static int start(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(changes_are_heard_as_they_come, clean_up),
        cmocka_unit_test_teardown(it_goes_on_from_the_cookie, clean_up),
        cmocka_unit_test_teardown(a_cookie_that_is_of_no_use, clean_up),
        cmocka_unit_test_teardown(a_refresh_that_breaks_off, clean_up),
        cmocka_unit_test_teardown(a_change_that_cannot_be_read, clean_up),
        cmocka_unit_test_teardown(an_entry_that_goes_to_another_base, clean_up),
        cmocka_unit_test_teardown(a_start_that_fails_is_loud, clean_up),
        cmocka_unit_test_teardown(silence_has_an_end, clean_up),
        cmocka_unit_test_teardown(signs_of_life, clean_up),
        cmocka_unit_test_teardown(malice, clean_up),
        cmocka_unit_test_teardown(oddities, clean_up),
        cmocka_unit_test_teardown(a_directory_that_is_too_large, clean_up),
        cmocka_unit_test_teardown(a_refresh_that_changes_everything, clean_up),
        cmocka_unit_test_teardown(one_that_breaks_off, clean_up),
        cmocka_unit_test_teardown(a_listener_that_does_not_listen, clean_up),
        cmocka_unit_test_teardown(an_entry_with_too_many_addresses, clean_up),
        cmocka_unit_test_teardown(an_entry_with_too_many_domains, clean_up),
        cmocka_unit_test_teardown(the_better_server_is_followed, clean_up),
        cmocka_unit_test_teardown(who_is_not_to_be_followed_is_not, clean_up),
        cmocka_unit_test_teardown(settings, clean_up),
        cmocka_unit_test_teardown(memory_runs_out, clean_up),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
