/*
 * LDAP servers for the tests of ldap/: a real slapd of the test's own, and
 * servers that are played, which do what no decent server does.
 *
 * Everything is on free ports of the loopback interface, and ended by the
 * process or thread that was started here.
 */
#ifndef TESTS_UNIT_DIRECTORY_PLAY_H
#define TESTS_UNIT_DIRECTORY_PLAY_H

#include <ldap.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "ldap/directory.h"

/* ---- slapd: its folder and its people are made by directory_play.sh */

struct slapd {
    char folder[64];
    int port, tls_port;
    pid_t pid;
    char uri[64], tls_uri[64], named_tls_uri[64], socket_uri[128];
    char ca_file[80], other_ca_file[80];
};

/* False: there is no slapd, or it did not start. */
bool slapd_new(struct slapd *slapd);
void slapd_free(struct slapd *slapd);
bool slapd_start(struct slapd *slapd);
void slapd_kill(struct slapd *slapd);

/* How often the text stands in slapd's log of operations. */
unsigned slapd_logged(const struct slapd *slapd, const char *text);

/* ---- played servers: one thread for each connection */

#define PLAY_TALKS 512

struct played;

/* One connection of a client to a played server. */
struct talk {
    struct played *played;
    int fd;
    pthread_t thread;
    Sockbuf *sockbuf;
    BerElement *request; /* that is being answered, read up to its base */
};

/* What a server does. `search` answers everything but the RootDSE, which is answered properly unless `root` does.
 * False: hangs up. */
struct play {
    bool silent;           /* accepts, and never says a word */
    bool narrow;           /* takes in a few kilobytes only, unless it reads */
    const char *greeting;  /* said at once, whatever it is */
    size_t talks_most;     /* further connections are closed at once; 0: no limit */
    bool (*root)(struct talk *talk, ber_int_t message);
    bool (*search)(struct talk *talk, ber_int_t message);
};

struct played {
    const struct play *play;
    int listener, port;
    char uri[64];
    pthread_t thread;
    pthread_mutex_t lock;
    size_t talk_count;
    struct talk talks[PLAY_TALKS];
    atomic_uint searches, abandons, refused;
    atomic_int delay_ms;   /* before each answer to a search */
};

/* `port` 0: a free one. */
bool played_start(struct played *played, const struct play *play, int port);
void played_stop(struct played *played);
size_t played_talks(struct played *played); /* connections that it had */

bool played_entry(struct talk *talk, ber_int_t message, const char *dn, const char *attribute, struct bytes value);
/* Sends a message and frees it. */
bool played_send(struct talk *talk, BerElement *ber);
bool played_result(struct talk *talk, ber_int_t message, int code, const char *diagnostic);

/* A play's `search`: one entry with one value; no answer, ever; and the connection's end. */
bool played_one(struct talk *talk, ber_int_t message);
bool played_nothing(struct talk *talk, ber_int_t message);
bool played_hang_up(struct talk *talk, ber_int_t message);

/* A port whose backlog is full: whoever connects waits. */
struct clogged {
    int listener, port;
    char uri[64];
    int clients[64];
};
bool clogged_start(struct clogged *clogged);
void clogged_stop(struct clogged *clogged);

/* ---- small things */

int free_port(void);

/* A configuration that can be opened: base dc=example,dc=org, all domains, (mail=%m), one connection. */
struct directory_config plain_config(const char *const *uris, size_t uri_count);

/* The test fails where it cannot be. */
struct directory *opened(const struct directory_config *config);

/* Of directory_search(), whose callback on_asked() is with this for its context. */
struct asking {
    atomic_bool is_done;
    struct search_result *result;
};
void on_asked(void *context, struct search_result *result);

/* What it came to, and what its error has in it; frees it. */
void expect_result(struct search_result *result, enum asked_result want, const char *words);

/* Asks and waits. */
struct search_result *ask(struct directory *directory, const char *address, int64_t timeout_ms);

/* Processor time of this process. */
int64_t cpu_ms(void);

/* As ask(), for alice@example.org, tells how long it took, and sees to it that waiting cost no processor time. */
struct search_result *ask_timed(struct directory *directory, int64_t timeout_ms, int64_t *took_ms);

/* As ask(), but forgives a directory that is just coming up: until answered or `patience_ms` are over. */
struct search_result *ask_patiently(struct directory *directory, const char *address, int64_t patience_ms);

/* How many lines of the file hold the text. */
unsigned lines_in(const char *path, const char *text);

#endif
