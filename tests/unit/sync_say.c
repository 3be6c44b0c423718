/* What the server of a scene says: see sync_play.h. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tests/unit/sync_play.h"

BerElement *scene_open_message(ber_int_t message, ber_tag_t tag)
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

struct berval scene_state_of(enum sync_state state, int number, const char *cookie)
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
    BerElement *ber = scene_open_message(message, LDAP_RES_SEARCH_ENTRY);
    struct berval value = scene_state_of(state, step->number, step->cookie);
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
    BerElement *ber = scene_open_message(message, LDAP_RES_INTERMEDIATE);

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

    while (atomic_load(&scene.allowed) == 0 && clock_mono_ms() < until_ms) {
        if (poll(&event, 1, 5) > 0) {
            return false;
        }
    }
    atomic_fetch_sub(&scene.allowed, 1);
    return true;
}

bool scene_say(struct talk *talk, ber_int_t message, const struct step *step)
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

bool scene_read_request(struct talk *talk, char cookie[40], char attributes[200])
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
