/*
 * What tests of following a directory play with: one server that says in each
 * session what a script has, step by step, and a listener that notes what it
 * hears. There is one scene at a time.
 */
#ifndef TESTS_UNIT_SYNC_PLAY_H
#define TESTS_UNIT_SYNC_PLAY_H

#include "ldap/sync_wire.h"
#include "tests/unit/directory_play.h"

#define SESSIONS 8
#define STEPS 16
#define PATIENT_MS 15000

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

/* Of a step that is RAW. */
#define OCTETS(text_) 0, text_, NULL, sizeof(text_) - 1

extern struct scene {
    struct play play;               /* what is set in it before the beginning stays */
    struct played server;
    struct directory *directory;
    bool is_open;
    atomic_size_t begun;            /* sessions so far */
    atomic_int allowed;             /* WAITs that may be passed */
    atomic_bool deaf;               /* the listener says: not now */
    char cookies[SESSIONS][40];     /* that came with each; "-": none */
    char asked_for[SESSIONS][200];  /* attributes */
} scene;

extern const struct directory_listener scene_listener;

struct directory_config scene_config(void); /* that the scene begins with, or one that differs a little */

/* Starts the server and follows it. The last session of the script goes for all that come after it. */
#define SCENE_BEGIN(script_) scene_begin_with(script_, sizeof(script_) / sizeof((script_)[0]), scene_config())
void scene_begin_with(const struct step script[][STEPS], size_t count, struct directory_config config);
void scene_pass(void); /* one WAIT */
void scene_end(void);

/* Of the group, and after each test, whose scene may not have ended. */
int scene_start(void **state);
int scene_clean_up(void **state);

/* Takes what was heard, once it is as long as what is wanted: addresses, "@" and a domain, ALL, UNSEEN, each with a
 * blank behind it. */
void scene_expect(const char *want);

/* Takes all that was heard, once it ends with `last`: how many. */
unsigned scene_count_until(const char *last);
void scene_forget(void);

unsigned scene_logged(const char *text); /* lines with it */

/* A number among the metrics; -1: it is not there. False: it did not come to that in time. */
#define GAUGE "\ncertlookup_ldap_sync"
#define FAILURES "\ncertlookup_ldap_sync_failures_total"
#define RESETS "\ncertlookup_ldap_sync_resets_total"
int64_t scene_shown(const char *name);
int64_t scene_failures(void); /* so far; 0 before the first */
bool scene_comes_to(const char *name, int64_t least);

/* For servers that follow no script. The control's cookie, and the attributes asked for; false: a search without it. */
bool scene_read_request(struct talk *talk, char cookie[40], char attributes[200]);
bool scene_say(struct talk *talk, ber_int_t message, const struct step *step);
BerElement *scene_open_message(ber_int_t message, ber_tag_t tag);
struct berval scene_state_of(enum sync_state state, int number, const char *cookie); /* this thread's, until the next */

#endif
