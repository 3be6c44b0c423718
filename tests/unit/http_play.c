#include "tests/unit/http_play.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum wait { NO_WAIT, WAIT_LITTLE, WAIT_INLINE, WAIT_RELEASE };

static const struct kind {
    const char *local_part;
    enum outcome outcome;
    enum reason reason;
    enum layer layer;
    bool stale;
    enum wait wait;
} kinds[PLAY_KINDS] = {
    {"hit", OUTCOME_FOUND, REASON_USABLE, LAYER_MEMORY, false, NO_WAIT},
    {"none", OUTCOME_NONE, REASON_NO_ENTRY, LAYER_MEMORY, false, NO_WAIT},
    {"miss", OUTCOME_FOUND, REASON_USABLE, LAYER_DIRECTORY, false, WAIT_LITTLE},
    {"redis", OUTCOME_FOUND, REASON_USABLE, LAYER_REDIS, false, WAIT_LITTLE},
    {"stale", OUTCOME_FOUND, REASON_USABLE, LAYER_MEMORY, true, WAIT_LITTLE},
    {"inline", OUTCOME_FOUND, REASON_USABLE, LAYER_DIRECTORY, false, WAIT_INLINE},
    {"gone", OUTCOME_NONE, REASON_EXPIRED, LAYER_DIRECTORY, false, WAIT_LITTLE},
    {"down", OUTCOME_UNKNOWN, REASON_DIRECTORY_UNAVAILABLE, LAYER_DIRECTORY, false, WAIT_LITTLE},
    {"late", OUTCOME_UNKNOWN, REASON_DEADLINE, LAYER_DIRECTORY, false, WAIT_LITTLE},
    {"broken", OUTCOME_UNKNOWN, REASON_INTERNAL, LAYER_DIRECTORY, false, WAIT_LITTLE},
    {"hold", OUTCOME_FOUND, REASON_USABLE, LAYER_DIRECTORY, false, WAIT_RELEASE},
};

static const uint8_t certificate[] = {
  0x30, 0x82, 0x01, 0x90, 0x30, 0x82, 0x01, 0x35, 0xa0, 0x03, 0x02, 0x01,
  0x02, 0x02, 0x14, 0x0f, 0x5a, 0x2d, 0x72, 0xee, 0x54, 0x63, 0x82, 0x17,
  0xdb, 0xf1, 0x1e, 0xe4, 0x9c, 0xf8, 0x96, 0xc2, 0xe2, 0x77, 0x60, 0x30,
  0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x30,
  0x0e, 0x31, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x03,
  0x48, 0x69, 0x74, 0x30, 0x20, 0x17, 0x0d, 0x32, 0x36, 0x31, 0x31, 0x32,
  0x33, 0x30, 0x37, 0x33, 0x33, 0x31, 0x32, 0x5a, 0x18, 0x0f, 0x32, 0x31,
  0x32, 0x36, 0x31, 0x30, 0x33, 0x30, 0x30, 0x37, 0x33, 0x33, 0x31, 0x32,
  0x5a, 0x30, 0x0e, 0x31, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x04, 0x03,
  0x0c, 0x03, 0x48, 0x69, 0x74, 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
  0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
  0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04, 0xfd, 0xf6, 0x23, 0x1d,
  0x5f, 0xdd, 0xa9, 0x1c, 0xf0, 0xce, 0x84, 0x7e, 0xd2, 0xf1, 0xf8, 0x6e,
  0xa5, 0x74, 0x73, 0x5f, 0x7e, 0x18, 0x53, 0x7a, 0x87, 0x30, 0x48, 0xcb,
  0x34, 0xa5, 0xb3, 0x1d, 0xf6, 0x09, 0xae, 0xbb, 0x87, 0x14, 0xba, 0x29,
  0x83, 0xc4, 0x1e, 0x4b, 0xc3, 0xb9, 0x20, 0x60, 0x5f, 0x6a, 0x7a, 0x12,
  0x13, 0xa9, 0x6e, 0xf5, 0xbe, 0xeb, 0xc7, 0x4c, 0x55, 0x02, 0xc0, 0x75,
  0xa3, 0x6f, 0x30, 0x6d, 0x30, 0x1d, 0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04,
  0x16, 0x04, 0x14, 0x83, 0x36, 0xc4, 0x1e, 0x33, 0xdc, 0x85, 0x98, 0x4e,
  0xe4, 0x94, 0xe0, 0xcc, 0x01, 0x63, 0xe9, 0x17, 0x4d, 0xc1, 0x82, 0x30,
  0x1f, 0x06, 0x03, 0x55, 0x1d, 0x23, 0x04, 0x18, 0x30, 0x16, 0x80, 0x14,
  0x83, 0x36, 0xc4, 0x1e, 0x33, 0xdc, 0x85, 0x98, 0x4e, 0xe4, 0x94, 0xe0,
  0xcc, 0x01, 0x63, 0xe9, 0x17, 0x4d, 0xc1, 0x82, 0x30, 0x0f, 0x06, 0x03,
  0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x05, 0x30, 0x03, 0x01, 0x01,
  0xff, 0x30, 0x1a, 0x06, 0x03, 0x55, 0x1d, 0x11, 0x04, 0x13, 0x30, 0x11,
  0x81, 0x0f, 0x68, 0x69, 0x74, 0x40, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c,
  0x65, 0x2e, 0x6f, 0x72, 0x67, 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48,
  0xce, 0x3d, 0x04, 0x03, 0x02, 0x03, 0x49, 0x00, 0x30, 0x46, 0x02, 0x21,
  0x00, 0x93, 0x27, 0x67, 0xd6, 0x01, 0x3b, 0x76, 0x1b, 0xc1, 0x67, 0x09,
  0x4d, 0x2f, 0x72, 0x3c, 0xa4, 0x28, 0xe7, 0x0d, 0xfc, 0x5d, 0x6b, 0x00,
  0xca, 0x2d, 0x33, 0x5b, 0x50, 0xd9, 0xca, 0x99, 0x0c, 0x02, 0x21, 0x00,
  0xc7, 0x68, 0xf5, 0xa3, 0x68, 0x15, 0x0a, 0x8d, 0xc5, 0xfe, 0x37, 0xcf,
  0xc4, 0xfc, 0x3b, 0x01, 0x92, 0x87, 0x6b, 0x3d, 0xd9, 0xc5, 0xca, 0x0a,
  0xa8, 0x36, 0x18, 0x0f, 0xf6, 0xa2, 0xeb, 0xb6
};

struct bytes play_certificate(void)
{
    return bytes_of(certificate, sizeof(certificate));
}

struct answer *play_answer(const char *address, enum outcome outcome, enum reason reason, const char *mark,
                           int64_t life_s)
{
    struct answer_draft draft = {.outcome = outcome, .reason = reason};
    struct certificate one = {.reason = REASON_USABLE, .detail = ""};
    uint8_t bytes[sizeof(certificate) + PLAY_MARK_BYTES];
    struct answer *answer = NULL;

    if (address_parse(bytes_of_string(address), &draft.address) != ADDRESS_OK) {
        abort();
    }
    memcpy(bytes, certificate, sizeof(certificate));
    memcpy(bytes + sizeof(certificate), mark, strlen(mark));
    draft.made_at = clock_wall_s();
    draft.fresh_until = draft.made_at + life_s;
    draft.stale_until = draft.made_at + 86400;
    draft.retry_after_s = outcome == OUTCOME_UNKNOWN ? 7 : 0;
    one.value = blob_new(bytes_of(bytes, sizeof(certificate) + strlen(mark)));
    one.der = blob_ref(one.value);
    one.source = (struct source){"played", "cn=Hit,dc=example,dc=org", ATTRIBUTE_USER_CERTIFICATE, 0};
    one.not_after = draft.made_at + 86400;
    one.revocation.crl_reason = -1;
    if (outcome == OUTCOME_FOUND) {
        draft.certificates = &one;
        draft.certificate_count = draft.usable_count = 1;
    }
    answer = answer_make(&draft);
    atomic_store(&answer->standing.kept, true); /* by the memory that is played */
    blob_free(&one.der);
    blob_free(&one.value);
    return answer;
}

static size_t kind_of(const struct address *address)
{
    for (size_t i = 0; i < PLAY_KINDS; i++) {
        size_t size = strlen(kinds[i].local_part);
        bool many = kinds[i].wait == WAIT_RELEASE || strcmp(kinds[i].local_part, "miss") == 0;
        size_t most = many ? size + strspn(address->text + size, "0123456789") : size;
        if (address->local_size >= size && address->local_size <= most &&
            memcmp(kinds[i].local_part, address->text, size) == 0) {
            return i;
        }
    }
    return 1;
}

static struct served serve(struct play *play, size_t kind)
{
    bool stale = kinds[kind].stale || (kind == 0 && play->hit_is_stale);

    return (struct served){answer_ref(play->answers[kind]), kinds[kind].layer, stale};
}

/* A new answer each time, with a trail to each certificate; short of memory, the plain one. */
static struct served serve_explained(struct play *play, size_t kind)
{
    struct served served = serve(play, kind);
    const struct answer *plain = served.answer;
    struct certificate one = {.reason = REASON_UNJUDGED};
    struct answer_draft draft = {
        .outcome = plain->outcome, .reason = plain->reason, .made_at = plain->made_at,
        .fresh_until = plain->fresh_until, .stale_until = plain->stale_until, .retry_after_s = plain->retry_after_s,
        .certificates = &one, .certificate_count = plain->certificate_count, .usable_count = plain->usable_count,
    };

    if (address_parse(bytes_of_string(plain->address.text), &draft.address) != ADDRESS_OK) {
        abort();
    }
    if (plain->certificate_count > 0) {
        struct answer *explained = NULL;
        one = plain->certificates[0];
        one.trail = trail_new();
        if (one.trail != NULL && trail_set(&one.trail->place, "the only usable one") == 0) {
            explained = answer_make(&draft);
        }
        if (explained != NULL) {
            answer_free(&served.answer);
            served.answer = explained;
        }
        trail_free(&one.trail);
    }
    return served;
}

static struct served play_get(void *context, const struct address *address)
{
    struct play *play = context;
    size_t kind = kind_of(address);
    struct served served = {NULL, LAYER_MEMORY, false};

    pthread_mutex_lock(&play->lock);
    play->gets++;
    if (kinds[kind].wait == NO_WAIT && !(kind == 0 && play->hit_is_lost)) {
        served = serve(play, kind);
    }
    pthread_mutex_unlock(&play->lock);
    return served;
}

static void play_expect(void *context, const struct address *address, bool soon)
{
    struct play *play = context;

    pthread_mutex_lock(&play->lock);
    play->soon += soon && bytes_equal(address_bytes(&play->expected), address_bytes(address));
    play->expectations += !soon;
    address_copy(&play->expected, address);
    pthread_mutex_unlock(&play->lock);
}

/* What memory holds now, whoever asks for it. */
static bool play_may_serve(void *context, struct answer *answer)
{
    struct play *play = context;
    bool may = false;

    pthread_mutex_lock(&play->lock);
    for (size_t kind = 0; kind < PLAY_KINDS; kind++) {
        bool stale = kinds[kind].stale || (kind == 0 && play->hit_is_stale);
        bool lost = kind == 0 && play->hit_is_lost;
        may = may || (play->answers[kind] == answer && kinds[kind].wait == NO_WAIT && !stale && !lost);
    }
    play->served_again += may;
    pthread_mutex_unlock(&play->lock);
    return may;
}

static void play_start(void *context, const struct address *address, struct waiter *waiter)
{
    struct play *play = context;
    size_t kind = kind_of(address);

    pthread_mutex_lock(&play->lock);
    play->starts++;
    if (kinds[kind].wait != WAIT_INLINE) {
        play->pending[play->pending_count++] = (struct pending){waiter, kind, false};
        waiter = NULL;
        pthread_cond_broadcast(&play->change);
    }
    pthread_mutex_unlock(&play->lock);
    if (waiter != NULL) {
        waiter->ready(waiter, serve(play, kind));
    }
}

/* Never from within: it takes a judging. */
static void play_explain(void *context, const struct address *address, struct waiter *waiter)
{
    struct play *play = context;

    pthread_mutex_lock(&play->lock);
    play->explains++;
    play->pending[play->pending_count++] = (struct pending){waiter, kind_of(address), true};
    pthread_cond_broadcast(&play->change);
    pthread_mutex_unlock(&play->lock);
}

static int play_purge(void *context, const struct drop *drop, struct drop_waiter *waiter)
{
    struct play *play = context;

    pthread_mutex_lock(&play->lock);
    play->purges++;
    play->purge = *drop;
    play->drop_waiter = waiter;
    pthread_cond_broadcast(&play->change);
    pthread_mutex_unlock(&play->lock);
    return 0;
}

/* Whatever is searched for, the answers that the test says. */
static size_t play_find(void *context, const struct search_key *key, struct answer **answers, size_t most)
{
    struct play *play = context;
    size_t count = play->found_count < most ? play->found_count : most;

    (void)key;
    for (size_t i = 0; i < count; i++) {
        answers[i] = answer_ref(play->found[i]);
    }
    return count;
}

static size_t play_name_searches(void *context, bool only_open)
{
    struct play *play = context;

    return only_open ? play->open_directories : play->directories;
}

static void play_name(void *context, struct bytes name, bool only_open, struct name_waiter *waiter)
{
    struct play *play = context;

    play->name_size = name.size;
    play->name_only_open = only_open;
    waiter->ready(waiter, &play->named);
}

static size_t play_crls(void *context, const struct search_key *key, struct search_match *crls, size_t most)
{
    struct play *play = context;
    size_t count = play->crl_count < most ? play->crl_count : most;

    (void)key;
    for (size_t i = 0; i < count; i++) {
        crls[i] = (struct search_match){blob_ref(play->crls[i]), digest_sha256(blob_bytes(play->crls[i]))};
    }
    return count;
}

static bool play_ready(void *context, char *why, size_t why_size)
{
    struct play *play = context;

    if (play->not_ready) {
        snprintf(why, why_size, "no directory was reached yet");
    }
    return !play->not_ready;
}

static bool play_describe(void *context, void (*each)(void *closure, const char *directory), void *closure)
{
    (void)context;
    each(closure, "corp");
    each(closure, "partner \"x\"");
    return true;
}

/* Takes one waiter who may go. False: there is none. */
static bool take_pending(struct play *play, struct pending *taken)
{
    for (size_t i = 0; i < play->pending_count; i++) {
        if (kinds[play->pending[i].kind].wait != WAIT_RELEASE || play->released) {
            *taken = play->pending[i];
            play->pending[i] = play->pending[--play->pending_count];
            return true;
        }
    }
    return false;
}

static void on_later(void *context)
{
    struct play *play = context;

    play->wakings++;
}

static void *run(void *context)
{
    struct play *play = context;
    struct pending taken;

    pthread_mutex_lock(&play->lock);
    while (!play->ends) {
        struct drop_waiter *drop_waiter = play->drop_waiter;
        play->drop_waiter = NULL;
        if (drop_waiter != NULL) {
            pthread_mutex_unlock(&play->lock);
            drop_waiter->done(drop_waiter, 3);
            pthread_mutex_lock(&play->lock);
        } else if (take_pending(play, &taken)) {
            pthread_mutex_unlock(&play->lock);
            http_wake_later(play->wakes_later ? on_later : NULL, play);
            taken.waiter->ready(taken.waiter,
                                taken.explain ? serve_explained(play, taken.kind) : serve(play, taken.kind));
            pthread_mutex_lock(&play->lock);
        } else {
            http_wake();
            pthread_cond_wait(&play->change, &play->lock);
        }
    }
    pthread_mutex_unlock(&play->lock);
    return NULL;
}

/* One side for each worker: the play, and the descriptor of the requests. */
struct side {
    struct play *play;
    int fd;
};

static void *side_begin(void *context, int fd)
{
    struct side *side = malloc(sizeof(*side));

    if (side == NULL) {
        abort();
    }
    *side = (struct side){context, fd};
    return side;
}

static void side_end(void *side)
{
    free(side);
}

static bool side_wants_wait(void *side_)
{
    const struct side *side = side_;

    pthread_mutex_lock(&side->play->lock);
    bool result = side->play->pending_count > 0;
    pthread_mutex_unlock(&side->play->lock);
    return result;
}

static bool side_is_owed(void *side_)
{
    struct play *play = ((struct side *)side_)->play;
    bool result = side_wants_wait(side_);

    pthread_mutex_lock(&play->lock);
    bool stalls = play->stalls_at > 0 && --play->stalls_at == 0;
    pthread_mutex_unlock(&play->lock);
    if (stalls) {
        nanosleep(&(struct timespec){.tv_sec = PLAY_STALL_MS / 1000, .tv_nsec = PLAY_STALL_MS % 1000 * 1000000}, NULL);
    }
    return result;
}

static void side_wait(void *side_, int32_t patience_ms)
{
    const struct side *side = side_;
    struct play *play = side->play;
    struct pollfd fd = {.fd = side->fd, .events = POLLIN};

    pthread_mutex_lock(&play->lock);
    play->stuck++;
    pthread_cond_broadcast(&play->change);
    while (play->is_stuck) {
        pthread_cond_wait(&play->change, &play->lock);
    }
    play->stuck--;
    pthread_mutex_unlock(&play->lock);
    poll(&fd, 1, patience_ms >= 0 ? patience_ms : 50);
}

static void side_flush(void *side)
{
    (void)side;
}

static const struct http_side side = {side_begin, side_end, side_wants_wait, side_wait, side_is_owed, side_flush};

bool play_has_side;

struct play *play_open(const struct http_config *config)
{
    static const char *const listen[] = {"127.0.0.1:0"};
    const struct http_config small = {
        .listen = listen, .listen_count = 1, .threads = 2, .max_connections = 1024, .max_waiting = 500,
        .max_recipients = 500, .max_batch_lookups = 250, .idle_timeout_s = 10, .hot_bytes = 1024 * 1024,
        .token = "secret",
    };
    struct play *play = calloc(1, sizeof(*play));
    struct error error = {""};

    pthread_mutex_init(&play->lock, NULL);
    pthread_cond_init(&play->change, NULL);
    for (size_t i = 0; i < PLAY_KINDS; i++) {
        char address[64];
        snprintf(address, sizeof(address), "%s@example.org", kinds[i].local_part);
        play->answers[i] =
            play_answer(address, kinds[i].outcome, kinds[i].reason, "", kinds[i].stale ? -100 : 3600);
    }
    const struct http_backend backend = {
        .context = play, .get = play_get, .expect = play_expect, .may_serve = play_may_serve, .start = play_start,
        .ready = play_ready, .describe = play_describe, .explain = play_explain, .purge = play_purge,
        .find = play_find, .name = play_name, .name_searches = play_name_searches, .crls = play_crls,
        .side = play_has_side ? &side : NULL,
    };
    play->http = http_open(config != NULL ? config : &small, &backend, &error);
    if (play->http == NULL) {
        fprintf(stderr, "http_open: %s\n", error.text);
        abort();
    }
    pthread_create(&play->thread, NULL, run, play);
    return play;
}

void play_close(struct play **play)
{
    struct play *p = *play;

    play_release(p);
    http_close(&p->http);
    pthread_mutex_lock(&p->lock);
    p->ends = true;
    pthread_cond_broadcast(&p->change);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    for (size_t i = 0; i < PLAY_KINDS; i++) {
        answer_free(&p->answers[i]);
    }
    pthread_cond_destroy(&p->change);
    pthread_mutex_destroy(&p->lock);
    free(p);
    *play = NULL;
}

uint16_t play_port(const struct play *play)
{
    return http_port(play->http, 0);
}

void play_replace_hit(struct play *play, struct answer *answer)
{
    pthread_mutex_lock(&play->lock);
    answer_free(&play->answers[0]);
    play->answers[0] = answer;
    pthread_mutex_unlock(&play->lock);
}

void play_stick(struct play *play, bool sticks)
{
    pthread_mutex_lock(&play->lock);
    play->is_stuck = sticks;
    pthread_cond_broadcast(&play->change);
    pthread_mutex_unlock(&play->lock);
}

void play_lose_hit(struct play *play, bool lost)
{
    pthread_mutex_lock(&play->lock);
    play->hit_is_lost = lost;
    pthread_mutex_unlock(&play->lock);
}

void play_release(struct play *play)
{
    pthread_mutex_lock(&play->lock);
    play->released = true;
    pthread_cond_broadcast(&play->change);
    pthread_mutex_unlock(&play->lock);
}

int play_connect(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 5};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool play_send(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        data += sent;
        size -= (size_t)sent;
    }
    return true;
}

bool play_read_response(int fd, bool head, struct buffer *response)
{
    char length[32];
    uint8_t c;

    while (response->size < 4 || memcmp(response->data + response->size - 4, "\r\n\r\n", 4) != 0) {
        if (recv(fd, &c, 1, 0) != 1) {
            return false;
        }
        buffer_append_char(response, (char)c);
    }
    bool has_length = play_field(response, "Content-Length", length, sizeof(length)) != NULL;
    bool has_body = !head && play_status(response) != 304;
    size_t left = has_length && has_body ? strtoul(length, NULL, 10) : 0;
    while (left-- > 0) {
        if (recv(fd, &c, 1, 0) != 1) {
            return false;
        }
        buffer_append_char(response, (char)c);
    }
    return true;
}

bool play_read_all(int fd, struct buffer *all)
{
    uint8_t chunk[4096];
    ssize_t got;

    while ((got = recv(fd, chunk, sizeof(chunk), 0)) > 0) {
        buffer_append(all, chunk, (size_t)got);
    }
    return got == 0;
}

void play_exchange(uint16_t port, const char *request, size_t size, struct buffer *response)
{
    int fd = play_connect(port);

    buffer_clear(response);
    if (fd >= 0) {
        play_send(fd, request, size);
        play_read_all(fd, response);
        close(fd);
    }
}

void play_request(uint16_t port, const char *method, const char *path, const char *fields, struct buffer *response)
{
    struct buffer request;

    buffer_init(&request, 1024 * 1024);
    buffer_append_format(&request, "%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s\r\n", method, path, fields);
    play_exchange(port, buffer_string(&request), request.size, response);
    buffer_free(&request);
}

int play_status(const struct buffer *response)
{
    int status = 0;

    return sscanf(buffer_string(response), "HTTP/1.1 %d ", &status) == 1 ? status : 0;
}

const char *play_field(const struct buffer *response, const char *name, char *out, size_t size)
{
    const char *line = buffer_string(response);
    size_t name_size = strlen(name);

    while ((line = strstr(line, "\r\n")) != NULL && strncmp(line, "\r\n\r\n", 4) != 0) {
        line += 2;
        if (strncasecmp(line, name, name_size) == 0 && line[name_size] == ':') {
            const char *value = line + name_size + 1 + strspn(line + name_size + 1, " ");
            snprintf(out, size, "%.*s", (int)strcspn(value, "\r"), value);
            return out;
        }
    }
    return NULL;
}

struct bytes play_body(const struct buffer *response)
{
    const char *end = strstr(buffer_string(response), "\r\n\r\n");
    size_t skip = end != NULL ? (size_t)(end + 4 - buffer_string(response)) : response->size;

    return bytes_of(response->data + skip, response->size - skip);
}
