#include "fetch/hosts.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_US (60 * 1000 * 1000)

struct host {
    char name[MAX_DOMAIN_BYTES + 1]; /* "": free */
    uint32_t hash;
    int64_t full_us; /* when its allowance will be whole again */
    int64_t running;
    bool answers;
};

struct hosts {
    int64_t interval_us; /* in which an allowance grows by one */
    int64_t most, most_unproven;
    int64_t unproven; /* threads with hosts that do not answer as yet */
    struct host rows[MAX_FETCH_HOSTS];
};

struct hosts *hosts_new(int64_t per_minute, int64_t threads)
{
    struct hosts *hosts = calloc(1, sizeof(*hosts));

    if (hosts != NULL) {
        hosts->interval_us = MINUTE_US / per_minute;
        hosts->most = (threads + 1) / 2;
        hosts->most_unproven = threads > 1 ? threads - 1 : 1;
    }
    return hosts;
}

void hosts_free(struct hosts **hosts)
{
    free(*hosts);
    *hosts = NULL;
}

/* FNV-1a; only spares comparing names. */
static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u;

    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    }
    return hash;
}

static struct host *find(const struct hosts *hosts, const char *name)
{
    uint32_t hash = hash_of(name);

    for (size_t i = 0; i < MAX_FETCH_HOSTS; i++) {
        if (hosts->rows[i].hash == hash && strcmp(hosts->rows[i].name, name) == 0) {
            return (struct host *)&hosts->rows[i];
        }
    }
    return NULL;
}

/* The row of the host, made if need be. There are more rows than threads, so that one is always idle. */
static struct host *get(struct hosts *hosts, const char *name)
{
    struct host *host = find(hosts, name);
    struct host *idlest = NULL;

    for (size_t i = 0; i < MAX_FETCH_HOSTS && host == NULL; i++) {
        struct host *row = &hosts->rows[i];

        if (row->running == 0 && (idlest == NULL || row->full_us < idlest->full_us)) {
            idlest = row;
        }
    }
    if (host == NULL) {
        host = idlest;
        *host = (struct host){.hash = hash_of(name)};
        memcpy(host->name, name, strlen(name) + 1);
    }
    return host;
}

bool hosts_take(struct hosts *hosts, const char *name, int64_t now_ms, int64_t *wait_s)
{
    struct host *host = get(hosts, name);
    int64_t now_us = now_ms * 1000;
    int64_t full_us = (host->full_us > now_us ? host->full_us : now_us) + hosts->interval_us;

    if (full_us - now_us > MINUTE_US) {
        *wait_s = (full_us - now_us - MINUTE_US) / (1000 * 1000) + 1;
        return false;
    }
    host->full_us = full_us;
    return true;
}

bool hosts_may_start(const struct hosts *hosts, const char *name)
{
    const struct host *host = find(hosts, name);
    bool answers = host != NULL && host->answers;

    return (host == NULL || host->running < hosts->most) && (answers || hosts->unproven < hosts->most_unproven);
}

void hosts_start(struct hosts *hosts, const char *name)
{
    struct host *host = get(hosts, name);

    host->running++;
    hosts->unproven += host->answers ? 0 : 1;
}

void hosts_end(struct hosts *hosts, const char *name, enum host_word word)
{
    struct host *host = get(hosts, name);

    /* Its other threads are counted by what it is held for now. */
    hosts->unproven -= host->answers ? 0 : host->running;
    host->running--;
    host->answers = word == HOST_HAD_NO_TIME ? host->answers : word == HOST_ANSWERED;
    hosts->unproven += host->answers ? 0 : host->running;
}
