#include <stdio.h>

#include "cache/redis_private.h"

#define NAME "certlookup"

/* AUTH and SELECT: without them nothing that follows has a meaning. */
static void finish_entry(struct shared *shared, struct command *command, const redisReply *reply)
{
    (void)command;
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR) {
        wire_lost(shared, FAULT_REFUSED, reply->str);
    }
}

static void finish_ping(struct shared *shared, struct command *command, const redisReply *reply)
{
    (void)command;
    if (reply == NULL) {
        return;
    }
    if (reply->type == REDIS_REPLY_STATUS || refusal_is(reply, "NOPERM")) {
        wire_up(shared);
    } else if (refusal_is(reply, "NOAUTH")) {
        wire_lost(shared, FAULT_REFUSED, reply->str);
    } else {
        wire_lost(shared, FAULT_AWAY,
                  reply->type == REDIS_REPLY_ERROR ? reply->str : "it does not answer PING as Redis does");
    }
}

static void finish_name(struct shared *shared, struct command *command, const redisReply *reply)
{
    (void)shared;
    (void)command;
    (void)reply; /* the name only helps who reads CLIENT LIST */
}

static bool greet_with(struct shared *shared,
                       void (*finish)(struct shared *shared, struct command *command, const redisReply *reply),
                       int argc, const char **argv)
{
    const struct command draft = {.finish = finish};

    return command_send(shared, &draft, argc, argv, NULL);
}

int greet_auth(const struct endpoint *endpoint, const char *words[AUTH_WORDS])
{
    bool named = *endpoint->username != '\0';

    if (!named && *endpoint->password == '\0') {
        return 0;
    }
    words[0] = "AUTH";
    words[1] = named ? endpoint->username : endpoint->password;
    words[2] = endpoint->password;
    return named ? 3 : 2;
}

bool wire_greet(struct shared *shared)
{
    const struct endpoint *endpoint = &shared->endpoint;
    const char *auth[AUTH_WORDS];
    int auth_words = greet_auth(endpoint, auth);
    char number[16];
    const char *choose[] = {"SELECT", number};
    const char *ping[] = {"PING"};
    const char *name[] = {"CLIENT", "SETNAME", NAME};

    snprintf(number, sizeof(number), "%d", endpoint->database);
    if (auth_words > 0 && !greet_with(shared, finish_entry, auth_words, auth)) {
        return false;
    }
    if (endpoint->database != 0 && !greet_with(shared, finish_entry, 2, choose)) {
        return false;
    }
    return greet_with(shared, finish_ping, 1, ping) && greet_with(shared, finish_name, 3, name);
}
